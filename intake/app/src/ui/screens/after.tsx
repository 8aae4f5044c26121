import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { ReceiptText } from "../../lib/session.ts";
import { useApp } from "../context.ts";
import { Field, Fold, Hint, Problems, quiet, Title, type Problem } from "../parts.tsx";
import { route, type Route } from "../routes.ts";
import { fill } from "../../strings/index.ts";

/** same compares a word or digits typed from paper with those shown: case, accents, spaces around and the script of digits do not matter. */
export function same(typed: string, shown: string): boolean {
  const bare = (s: string) => s.normalize("NFKD").replace(/\p{M}/gu, "").replace(/\p{Nd}/gu, (d) => String(d.charCodeAt(0) & 15)).toLowerCase().trim();
  return bare(typed) === bare(shown);
}

/** two picks two different places out of `n`, in order, by the browser's cryptographic source. */
export function two(n: number): [number, number] {
  const [a = 0, b = 0] = crypto.getRandomValues(new Uint32Array(2));
  const first = a % n;
  const second = (first + 1 + (b % (n - 1))) % n;
  return first < second ? [first, second] : [second, first];
}

type Stage = "words" | "retype" | "thanks";

type AfterProps = {
  receipt: ReceiptText | null;
  partly: boolean;
  waits?: boolean;
  done: () => void;
  /** Where nothing is to be emptied: `done` leads back, as this says. */
  back?: string;
  /** Wipes the receipt: she does not want to come back. */
  forget?: () => void;
  /** Begins a report for another person; given to who reports for others. */
  another?: (() => void) | undefined;
};

/**
 * After is everything once a report has arrived: the words, two of them typed again, and thanks. `done` empties the page.
 * Who reports for somebody hands the words over. `partly` says that some files stayed behind, `waits` that nothing arrived yet: it waits on this phone. The words are held by this component alone and go when it goes.
 */
export function After({ receipt, partly, waits = false, done, back, forget, another }: AfterProps) {
  const { t } = useApp();
  const [digits, setDigits] = useState(receipt?.words == null);
  const words = (digits ? receipt?.digits : receipt?.words) ?? [];
  const [stage, setStage] = useState<Stage>(words.length > 1 ? "words" : "thanks");
  const asked = useMemo(() => (words.length > 1 ? two(words.length) : ([0, 0] as const)), [words.length]);
  const [typed, setTyped] = useState<readonly [string, string]>(["", ""]);
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [good, setGood] = useState(false);

  useEffect(() => {
    scrollTo(0, 0);
    document.getElementById("title")?.focus({ preventScroll: true });
  }, [stage]);
  useEffect(() => {
    if (problems.length > 0) document.getElementById("problems")?.focus();
  }, [problems]);

  const name = (place: number) => fill(digits ? t.retype_group : t.retype_word, { n: place + 1 });
  const compare = () => {
    const wrong = asked.flatMap((place, i) => (same(typed[i]!, words[place]!) ? [] : [{ at: `retype-${i}`, text: fill(t.retype_wrong, { what: name(place) }) }]));
    setProblems(wrong);
    if (wrong.length > 0) return;
    setGood(true);
    setStage("thanks");
  };

  if (stage === "words") {
    return (
      <Shell stage={stage} submit={() => setStage("retype")} primary={t.words_done} second={t.words_skip} onSecond={() => setStage("thanks")}>
        <Title>{waits ? t.waits_words : t.words_title}</Title>
        {partly && <p class="note">{t.thanks_partly}</p>}
        {another && <p class="say" data-testid="hand-over">{t.worker_words}</p>}
        <p>{t.words_hint}</p>
        <h2 class="sr">{t.words_list}</h2>
        <ol class={digits ? "receipt digits" : "receipt"} data-testid="words" translate={false}>{words.map((w, i) => <li key={i}>{w}</li>)}</ol>
        {receipt?.words && <p><button type="button" class="quiet" data-testid="words-digits" onClick={() => setDigits(!digits)}>{digits ? t.words_as_words : t.words_as_digits}</button></p>}
        {forget && <p><button type="button" class="quiet" data-testid="words-never" onClick={() => { forget(); setStage("thanks"); }}>{t.words_never}</button></p>}
        <Hint>{t.receipt_later}</Hint>
      </Shell>
    );
  }
  if (stage === "retype") {
    return (
      <Shell stage={stage} submit={compare} primary={t.next} second={t.words_skip} onSecond={() => setStage("thanks")}>
        <Problems title={t.problem_title} problems={problems} />
        <Title>{t.retype_title}</Title>
        <Hint>{t.retype_hint}</Hint>
        {asked.map((place, i) => (
          <Field key={place} id={`retype-${i}`} latin label={name(place)} value={typed[i]!} problems={problems}
            set={(v) => setTyped((now) => (i === 0 ? [v, now[1]] : [now[0], v]))} />
        ))}
        <p><button type="button" class="quiet" data-testid="show-words" onClick={() => { setProblems([]); setStage("words"); }}>{t.retype_show}</button></p>
      </Shell>
    );
  }
  return (
    <Shell stage={stage} submit={done} primary={back ?? t.done} {...(back ? {} : { hint: t.done_hint })} {...(another ? { second: t.worker_again, onSecond: another } : {})}>
      {waits ? <Waits /> : <Thanks partly={partly} good={good} />}
    </Shell>
  );
}

function Waits() {
  const { t } = useApp();
  return (
    <>
      <Title>{t.waits_title}</Title>
      <p class="note"><strong>{t.waits_not_sent}</strong></p>
      <p>{t.waits_next}</p>
    </>
  );
}

function Thanks({ partly, good }: { partly: boolean; good: boolean }) {
  const { t, texts } = useApp();
  const { after, rights = [] } = texts ?? {};
  return (
    <>
      {good && <p role="status" class="say">{t.retype_good}</p>}
      <Title>{after?.title || t.thanks_title}</Title>
      {partly && <p class="note">{t.thanks_partly}</p>}
      {after && after.next.length > 0 && <section class="part"><h2>{t.thanks_next}</h2><List items={after.next} /></section>}
      <Support />
      {after && after.can.length > 0 && <Fold id="can" title={t.thanks_can} open><List items={after.can} /></Fold>}
      {after && after.cannot.length > 0 && <Fold id="cannot" title={t.thanks_cannot} open><List items={after.cannot} /></Fold>}
      {rights.length > 0 && <Fold id="rights" title={t.thanks_rights}><List items={rights} /></Fold>}
    </>
  );
}

/** Support is where somebody can be found now. */
export function Support() {
  const { t, texts } = useApp();
  const support = texts?.support ?? [];
  return support.length === 0 ? null : (
    <section class="card part" data-testid="support">
      <h2>{t.thanks_support}</h2>
      <ul class="plain">{support.map((s) => <li key={s.label}><strong>{s.label}</strong><br /><bdi><Numbers text={s.contact} /></bdi></li>)}</ul>
    </section>
  );
}

/** Numbers keeps a telephone number in a line together and in its order: in a line from right to left its groups would change places. */
function Numbers({ text }: { text: string }) {
  return <>{text.split(/(\+?[0-9][0-9 ().\u00a0-]{3,}[0-9])/).map((part, i) => (i % 2 === 1 ? <bdi dir="ltr" key={i}>{part}</bdi> : part))}</>;
}

export function List({ items }: { items: readonly string[] }) {
  return <ul class="list">{items.map((i) => <li key={i}>{i}</li>)}</ul>;
}

type ShellProps = { stage: Route; submit: () => void; primary: string; second?: string; onSecond?: () => void; hint?: string; children: ComponentChildren };

function Shell({ stage, submit, primary, second, onSecond, hint, children }: ShellProps) {
  return (
    <form class="app-form" ref={quiet} noValidate data-testid={route(stage)} onSubmit={(e) => { e.preventDefault(); submit(); }}>
      <main class="page stack">{children}</main>
      <footer class="foot">
        {hint && <p class="hint small">{hint}</p>}
        <div class="foot-row"><button type="submit" class="primary" data-testid="next">{primary}</button></div>
        {second && <div class="foot-row"><button type="button" class="quiet" data-testid="skip" onClick={onSecond}>{second}</button></div>}
      </footer>
    </form>
  );
}
