import type { ComponentChildren } from "preact";
import type { Answers } from "../../lib/session.ts";
import { fill, type ReadingStrings } from "../../strings/index.ts";
import { labels, options, useApp } from "../context.ts";
import { Field, Hint, Problems, quiet, Title } from "../parts.tsx";
import type { Recognised } from "../recognise.ts";
import { route, type Route } from "../routes.ts";
import { longDay } from "./check.tsx";

// The screens for who comes back with words; reading.tsx walks through them.

type Action = { readonly id: string; readonly text: string; readonly go: () => void };

type ScreenProps = { id: Route; primary?: string; submit?: () => void; back?: (() => void) | undefined; second?: Action; hint?: string; children: ComponentChildren };

/** Screen is the frame of each: back at the top, the one thing to do at the bottom, at most one other way below it. */
export function Screen({ id, primary, submit, back, second, hint, children }: ScreenProps) {
  const { t, problems } = useApp();
  return (
    <form class="app-form" ref={quiet} noValidate data-testid={route(id)} onSubmit={(e) => { e.preventDefault(); submit?.(); }}>
      <main class="page stack" key={id}>
        {back && <p class="bar"><button type="button" class="quiet" data-testid="back" onClick={back}>{t.back}</button></p>}
        <Problems title={t.problem_title} problems={problems} />
        {children}
      </main>
      {primary && (
        <footer class="foot">
          {hint && <p class="hint small">{hint}</p>}
          <div class="foot-row"><button type="submit" class="primary" data-testid="next">{primary}</button></div>
          {second && <div class="foot-row"><button type="button" class="quiet wide" data-testid={second.id} onClick={second.go}>{second.text}</button></div>}
        </footer>
      )}
    </form>
  );
}

/** The words. One field for all of them: twelve small ones are hard to hit, and can't take a pasted line. */
export function Enter({ r, typed, set, seen }: { r: ReadingStrings; typed: string; set: (typed: string) => void; seen: Recognised }) {
  const { problems } = useApp();
  return (
    <>
      <Title>{r.enter_title}</Title>
      <Hint>{r.enter_hint}</Hint>
      <div translate={false}><Field id="typed" area latin label={r.enter_label} value={typed} set={set} /></div>
      <div role="status" class="stack">
        {seen.n > 0 && <p data-testid="typed-count">{fill(seen.kind === "digits" ? r.count_digits : r.count_words, { n: seen.n, total: seen.total })}</p>}
        {problems.length === 0 && seen.unknown.slice(0, 3).map((u, i) => <p class="note" key={i} data-testid="typed-unknown" translate={false}>{fill(u.maybe ? r.unknown_maybe : r.unknown, u)}</p>)}
      </div>
      <p>{r.enter_safe}</p>
    </>
  );
}

/** isNothing: no slot is sealed to these words. Then nobody but their holder can tell whether they are the right ones. */
export const isNothing = ({ said, unconfirmed }: Answers) => said.length === 0 && unconfirmed === 0;

/** What the desk answered, oldest first. Nothing that could not be confirmed is shown, only that it is there. */
export function Answered({ r, answers, write, take }: { r: ReadingStrings; answers: Answers; write: () => void; take: () => void }) {
  const { org, lang } = useApp();
  const { said, runOut, unconfirmed } = answers;
  const days = { days: org.policy.answers_days };
  const none = isNothing(answers);
  return (
    <>
      <Title>{none ? r.none_title : said.length === 0 ? r.none_confirmed : r.answers_title}</Title>
      {none && <p data-testid="no-answer">{r.none_hint}</p>}
      {runOut > 0 && <p class="say" data-testid="ran-out">{fill(r.ran_out, days)}</p>}
      {said.length > 0 && (
        <ol class="plain said" data-testid="answers">
          {said.map((s) => (
            <li key={s.n} data-testid="answer">
              <p class="hint"><strong>{r.from_desk}</strong>, <time dateTime={s.day}>{longDay(s.day, lang)}</time></p>
              {!s.whole && <p class="note" data-testid="unfinished">{r.unfinished}</p>}
              <p dir="auto" data-testid="answer-text">{s.text}</p>
            </li>
          ))}
        </ol>
      )}
      {unconfirmed > 0 && (
        <section class="note" data-testid="unconfirmed">
          <h2>{r.unconfirmed_title}</h2>
          <p>{fill(r.unconfirmed, { n: unconfirmed })}</p>
        </section>
      )}
      {none && (
        <section class="part stack">
          <p>{r.none_unsure}</p>
          <p class="row"><button type="button" data-testid="write" onClick={write}>{r.write}</button></p>
        </section>
      )}
      <p class="row"><button type="button" data-testid="take-back" onClick={take}>{r.take_back}</button></p>
      {runOut === 0 && <Hint>{fill(r.kept_days, days)}</Hint>}
      <Hint>{r.finish_hint}</Hint>
    </>
  );
}

/** The consents, each with a button of its own. Which ones she gave, nobody here knows. */
export function TakeBack({ r, take }: { r: ReadingStrings; take: (code: string) => void }) {
  const { org, lang } = useApp();
  return (
    <>
      <Title>{r.take_title}</Title>
      <Hint>{r.take_hint}</Hint>
      <ul class="plain">
        {options(org.codebook.lists.consent, lang).map((o) => (
          <li key={o.value} class="opener">
            <p>{o.label}</p>
            <p><button type="button" data-testid={`take-back-${o.value}`} aria-label={fill(r.take_this_what, { what: o.label })} onClick={() => take(o.value)}>{r.take_this}</button></p>
          </li>
        ))}
      </ul>
      <p class="say">{r.take_after}</p>
    </>
  );
}

/** Taking says what is about to be taken back. */
export function Taking({ r, code }: { r: ReadingStrings; code: string }) {
  const { org, lang } = useApp();
  return <p class="say" data-testid="taking">{fill(r.take_what, { what: labels(org.codebook.lists.consent, [code], lang).join("") })}</p>;
}
