import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Organisation, Outcome, Readers, Texts } from "../lib/session.ts";
import { fill, reviewed, type ReadingStrings, type Strings } from "../strings/index.ts";
import { fetchPart, type Part, type View } from "./away.ts";
import { AppContext, type App } from "./context.ts";
import { emptyDraft, forOthers, type Draft } from "./draft.ts";
import { hasLeft } from "./exit.ts";
import { Hear } from "./hear.tsx";
import { look, wear } from "./look.ts";
import { Problems, quiet, type Problem } from "./parts.tsx";
import { After } from "./screens/after.tsx";
import { First, HelpFirst, type Choose } from "./screens/first.tsx";
import { Sending } from "./screens/sending.tsx";
import { route, type Route } from "./routes.ts";
import { place, steps, type Place } from "./steps.tsx";
import { submission } from "./submission.ts";

/** Away is a part of the page that is fetched when it is wanted: not there, on its way, out of reach, or here. */
type Away = { readonly at: "" } | { readonly at: "loading" | "failed"; readonly part: Part } | { readonly at: "here"; readonly View: View; readonly r: ReadingStrings };

type Props = { org: Organisation; t: Strings; lang: string; practice: boolean; choose: Choose; done: () => void; named: (name: string) => void };

/** Form holds the draft and walks through the screens. The address never changes: where she is, is in memory too. */
export function Form({ org, t: words, lang, practice, choose, done, named }: Props) {
  const [draft, setDraft] = useState<Draft>(() => ({ ...emptyDraft(), desk: org.desks.length === 1 ? org.desks[0]!.id : "" }));
  const [screen, setScreen] = useState<Route>("first");
  // The part she came back to change from her answers; the part's end leads back there.
  const [changing, setChanging] = useState("");
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [away, setAway] = useState<Away>({ at: "" });
  const [waits, setWaits] = useState(false);
  const texts = useTexts(org, lang);
  const t = useMemo(() => (texts?.app && texts.lang === lang ? reviewed(words, texts.app) : words), [words, texts, lang]);
  useEffect(() => {
    const wanted = look(texts);
    if (hasLeft()) return;
    wear(wanted);
    named(wanted.name);
  }, [texts]);
  const reading = useReaders(org, draft.desk);

  const first = screen === "first" && away.at !== "here";
  useEffect(() => {
    if (first) org.waiting().then((list) => setWaits(list.length > 0), () => undefined);
  }, [org, first]);

  const show = (id: Route) => {
    setProblems([]);
    setScreen(id);
  };

  // A new screen begins at its top, and a screen reader reads its question.
  const drawn = useRef("first");
  const drawing = away.at === "here" ? "" : screen; // such a part sees to its own screens
  useLayoutEffect(() => {
    if (drawn.current === drawing || hasLeft()) return;
    drawn.current = drawing;
    if (drawing !== "") begin();
  }, [drawing]);
  useLayoutEffect(() => {
    if (problems.length > 0) document.getElementById("problems")?.focus();
  }, [problems]);

  const list = steps(org, draft);
  const at = list.findIndex((s) => s.id === screen);
  const step = list[at];
  const whole = () => submission(draft, lang, practice, reading.readers?.people.filter((p) => !p.canOpen).map((p) => p.id));
  const app: App = {
    org, t, lang, practice, texts, draft, problems, ...reading,
    // It may also expire while the form is filled.
    expired: org.expired || org.expires < new Date().toISOString().slice(0, 10),
    set: (patch) => setDraft((now) => ({ ...now, ...(typeof patch === "function" ? patch(now) : patch) })),
    go: (to) => {
      setChanging(list.find((s) => s.id === to)?.part ?? "");
      show(to);
    },
    keepCopy: () => org.keepCopy(whole()),
  };

  // A problem is shown from the moment she tried to go on until she has solved it.
  const current = step?.check?.(app) ?? [];
  const open = problems.filter((p) => current.some((c) => c.at === p.at && c.text === p.text));

  const turn = (to: (typeof list)[number] | undefined) => {
    const stays = changing === "" || (to !== undefined && to.part === changing);
    if (!stays) setChanging("");
    show(stays ? (to?.id ?? "first") : "check");
  };
  const forward = () => {
    setProblems(current);
    if (current.length > 0) return;
    // What was changed after it was asked about: the first that does not hold is shown again.
    const wrong = step?.id === "check" && list.find((s) => s.id !== "check" && (s.check?.(app) ?? []).length > 0);
    if (wrong) {
      setChanging(wrong.part);
      setScreen(wrong.id);
      setProblems(wrong.check!(app));
    } else if (step?.id === "check") show("sending");
    else if (changing === "desk") {
      // Other people work at another desk: she sees who, and can leave someone out.
      setChanging("openers");
      show("openers");
    } else turn(list[at + 1]);
  };
  // Back from a change is as far as forward: to her answers, and not with what does not hold.
  const backward = () => (changing === "" ? turn(list[at - 1]) : current.length > 0 ? setProblems(current) : turn(undefined));

  const go = (part: Part) => {
    setAway({ at: "loading", part });
    fetchPart(part, lang).then(
      (here) => hasLeft() || setAway({ at: "here", ...here }),
      () => setAway({ at: "failed", part }),
    );
  };

  const worker = draft.teller === forOthers;
  const another = () => {
    setOutcome(null);
    show("teller");
  };

  const draw = () => {
    if (away.at === "here") return <away.View r={away.r} leave={() => setAway({ at: "" })} done={done} />;
    if (screen === "sending") {
      // Who goes back to her answers seals anew: what was kept of the former is not to be sent as well.
      const back = (waiting: string) => {
        if (waiting) void org.drop(waiting).catch(() => undefined);
        show("check");
      };
      return <Sending start={(on) => org.send(whole(), on)} back={back} backTo={t.back_to_check} done={(got) => {
        setOutcome(got);
        // Of what was told nothing stays here. Who reports for others keeps the desk and that she does.
        setDraft({ ...emptyDraft(), desk: draft.desk, teller: draft.teller === forOthers ? forOthers : "" });
        show("thanks");
      }} />;
    }
    if (outcome) return <After receipt={outcome.receipt} partly={outcome.missing.length > 0} waits={!outcome.story} done={done}
      forget={() => setOutcome({ ...outcome, receipt: null })} another={worker ? another : undefined} />;
    return (
      <form class="app-form" ref={quiet} noValidate data-testid={route(screen)} onSubmit={(e) => {
        e.preventDefault();
        forward();
      }}>
        <main class="page stack" key={screen}>
          {step && <Way n={place(list, screen)} t={t} back={backward} help={() => go("Help")} hear={<Hear screen={screen} />} />}
          <Problems title={t.problem_title} problems={open} />
          {step ? step.view() : <First choose={choose} waits={waits} phone={() => go("Phone")} />}
          {away.at === "failed" && <p class="note" role="alert">{t.fail_offline}</p>}
          {away.at === "failed" && away.part === "Help" && <HelpFirst t={t} help={texts?.help_first} id="help-here" open />}
        </main>
        <footer class="foot">
          {step && step.chapter < 9 && step.id !== "desk" && <p class="hint small">{t.can_skip}</p>}
          <div class="foot-row">
            <button type="submit" class="primary" data-testid="next">{!step ? t.start : step.id === "check" ? t.send : t.next}</button>
          </div>
          {!step && <div class="foot-row"><button type="button" class="quiet wide" data-testid="have-words" onClick={() => go("Reading")}>{away.at === "loading" && away.part === "Reading" ? t.loading : t.have_words}</button></div>}
        </footer>
      </form>
    );
  };
  return <AppContext.Provider value={{ ...app, problems: open }}>{draw()}</AppContext.Provider>;
}

/** begin shows a new screen from its top, and has a screen reader read its heading. */
export function begin(): void {
  scrollTo(0, 0);
  document.getElementById("title")?.focus({ preventScroll: true });
}

function Way({ n, t, back, help, hear }: { n: Place; t: Strings; back: () => void; help: () => void; hear: ComponentChildren }) {
  return (
    <div class="place">
      <p class="bar">
        <button type="button" class="quiet" data-testid="back" onClick={back}>{t.back}</button>
        <span data-testid="progress">{fill(t.progress, n)}</span>
        {hear}
        <button type="button" class="quiet" data-testid="help" onClick={help}>{t.help}</button>
      </p>
      <span class="steps" aria-hidden="true"><i style={{ inlineSize: `${n.percent}%` }} /></span>
    </div>
  );
}

/** useTexts fetches the organisation's words in a language; without them the app's own stand in. */
function useTexts(org: Organisation, lang: string): Texts | null {
  const [texts, setTexts] = useState<Texts | null>(null);
  useEffect(() => {
    let current = true;
    org.texts(lang).then((got) => current && setTexts(got), () => undefined); // out of reach: the former ones stay, and with them the numbers to call
    return () => {
      current = false;
    };
  }, [org, lang]);
  return texts;
}

/** useReaders fetches the desk's sheet as soon as the desk is known, so that nobody waits for it at the end. */
export function useReaders(org: Organisation, desk: string): Pick<App, "readers" | "readersFailed" | "fetchReaders"> {
  const [readers, setReaders] = useState<Readers | null>(null);
  const [readersFailed, setFailed] = useState(false);
  const [tries, setTries] = useState(0);
  const have = readers?.desk === desk;
  useEffect(() => {
    if (desk === "" || have) return;
    let current = true;
    setFailed(false);
    org.desk(desk).then(
      (got) => current && setReaders(got),
      () => current && setFailed(true),
    );
    return () => {
      current = false;
    };
  }, [org, desk, have, tries]);
  return { readers: have ? readers : null, readersFailed, fetchReaders: () => setTries((n) => n + 1) };
}
