import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { kindOf, type Answers, type ProblemKind } from "../lib/session.ts";
import { fill, type ReadingStrings } from "../strings/index.ts";
import { storyLimit } from "./config.ts";
import { AppContext, options, useApp, type App } from "./context.ts";
import { emptyDraft, type Draft } from "./draft.ts";
import { hasLeft } from "./exit.ts";
import { begin, useReaders } from "./form.tsx";
import { Field, Hint, One, Title, tooLong, type Problem } from "./parts.tsx";
import { entropyOf, recognise, wordLists, type List } from "./recognise.ts";
import { Expired } from "./screens/check.tsx";
import { Answered, Enter, isNothing, Screen, TakeBack, Taking } from "./screens/coming.tsx";
import { Openers } from "./screens/deciding.tsx";
import { Files } from "./screens/files.tsx";
import { Sending } from "./screens/sending.tsx";
import { Desk } from "./screens/what.tsx";
import { checkDesk, checkExpired, checkFiles, checkOpeners } from "./steps.tsx";

type At = "enter" | "looking" | "unread" | "answers" | "desk" | "write" | "files" | "take" | "openers" | "sending" | "sent";

/** `adding`: a report has just arrived whose thread the worker knows; files are added to it, for its desk. */
type Props = { r: ReadingStrings; leave: () => void; done: () => void; adding?: string };

/**
 * Reading is the way of who comes back: words, answers, and from there a message to the desk or a consent taken back.
 * What she types is in this component alone and goes when it goes; the worker holds what her words lead to until the page is
 * emptied or other words are read.
 */
export function Reading({ r, leave, done, adding = "" }: Props) {
  const outer = useApp();
  const { t, org, lang } = outer;
  const [at, setAt] = useState<At>(adding === "" ? "enter" : "files");
  const [typed, setTyped] = useState("");
  const [lists, setLists] = useState<readonly List[]>([]);
  const [answers, setAnswers] = useState<Answers | null>(null);
  const [problem, setProblem] = useState<ProblemKind>("other");
  const [problems, setProblems] = useState<readonly Problem[]>([]);
  // Only the desk, whom to leave out and the yes to an old list are of use here; the message is the story.
  const [draft, setDraft] = useState<Draft>(() => ({ ...emptyDraft(), desk: adding }));
  const [taken, setTaken] = useState("");
  const [waits, setWaits] = useState(false);
  const [helped, setHelped] = useState("");
  const reading = useReaders(org, draft.desk);
  const turn = useRef(0);

  useLayoutEffect(() => {
    if (!hasLeft()) begin();
  }, [at]);
  useLayoutEffect(() => {
    if (problems.length > 0) document.getElementById("problems")?.focus();
  }, [problems]);
  useEffect(() => void wordLists(lang).then((got) => setLists(got.lists)), [lang]);

  const set: App["set"] = (patch) => {
    setDraft((now) => ({ ...now, ...(typeof patch === "function" ? patch(now) : patch) }));
    setProblems([]); // she is at it
  };
  const show = (to: At) => {
    setProblems([]);
    setAt(to);
  };

  const look = async () => {
    const got = await wordLists(lang);
    setLists(got.lists);
    const { kind, n, total, unknown: [unknown] } = recognise(typed, got.lists, true);
    const entropy = await entropyOf(typed, got.lists);
    if (!entropy) {
      const text = n === total && !unknown ? r.mismatch
        : unknown ? fill(unknown.maybe ? r.unknown_maybe : r.unknown, unknown)
        : fill(kind === "digits" ? r.need_digits : r.need_words, { n, total });
      // With a list missing nobody can say what is wrong with the words.
      setProblems([{ at: "typed", text: got.whole || kind === "digits" ? text : r.lists_missing }]);
      return;
    }
    const mine = ++turn.current;
    show("looking");
    try {
      const found = await org.read(entropy);
      if (mine !== turn.current) return;
      setAnswers(found);
      // To somebody who may have mistyped, her words are of use once more.
      if (!isNothing(found)) setTyped("");
      const last = found.said.at(-1)?.desk;
      const desk = org.desks.find((d) => d.id === last) ?? (org.desks.length === 1 ? org.desks[0] : undefined);
      setDraft({ ...emptyDraft(), desk: desk?.id ?? "" });
      show("answers");
    } catch (error) {
      if (mine !== turn.current) return;
      setProblem(kindOf(error));
      show("unread");
    } finally {
      entropy.fill(0);
    }
  };
  const backToWords = () => {
    turn.current++;
    show("enter");
  };

  // What is written here is in memory alone: the page of a camera that ends this one takes it along, and the hint says so.
  const app: App = { ...outer, ...reading, draft, set, problems, keepCopy: () => Promise.reject(new Error("not here")) };
  const forward = (missing: readonly Problem[], to: At) => {
    setProblems(missing);
    if (missing.length === 0) show(to);
  };
  /** To writing or taking back, by way of the desk when no answer tells which one it is. */
  const [way, setWay] = useState<"write" | "take">("write");
  const begins = (to: "write" | "take") => {
    setWay(to);
    show(draft.desk === "" ? "desk" : to);
  };
  const wrote = way === "write";

  const draw = () => {
    switch (at) {
      case "enter":
        return (
          <Screen id="enter" primary={r.read} submit={() => void look()} back={leave}>
            <Enter r={r} typed={typed} set={(v) => { setTyped(v); setProblems([]); }} seen={recognise(typed, lists, false)} />
          </Screen>
        );
      case "looking":
        return (
          <Screen id="looking" back={backToWords}>
            <Title>{r.looking_title}</Title>
            <p role="status" id="looking-now">{r.looking}</p>
            <progress aria-labelledby="looking-now" />
          </Screen>
        );
      case "unread":
        return (
          <Screen id="unread" primary={t.again} submit={() => void look()} second={{ id: "check-words", text: r.back_to_words, go: backToWords }}>
            <Title>{r.unread_title}</Title>
            <p role="alert" data-problem={problem}>{problem === "offline" ? t.fail_offline : problem === "server" || problem === "refused" ? r.unread_server : t.fail_other}</p>
            <p class="say">{r.unread_kept}</p>
            <p>{r.unread_next}</p>
          </Screen>
        );
      case "answers":
        return answers && (
          <Screen id="answers" primary={isNothing(answers) ? r.check_words : r.write} submit={isNothing(answers) ? backToWords : () => begins("write")} second={{ id: "done", text: t.done, go: done }}>
            <Answered r={r} answers={answers} write={() => begins("write")} take={() => begins("take")} />
          </Screen>
        );
      case "desk":
        return (
          <Screen id="desk" primary={t.next} submit={() => forward(checkDesk(app), way)} back={() => show("answers")}>
            <Desk />
            <Hint>{r.desk_same}</Hint>
          </Screen>
        );
      case "write":
        return (
          <Screen id="write" primary={t.next} back={() => show("answers")}
            submit={() => forward(tooLong(draft.story, "message", r.write_label, t.too_long, storyLimit), "files")}>
            <Title>{r.write_title}</Title>
            <Hint>{r.write_hint}</Hint>
            <p class="say">{outer.texts?.before_story || t.before_story}</p>
            {answers && answers.said.length > 0 && <One name="helped" legend={r.helped} hint={r.helped_hint} options={options(org.codebook.lists.outcome, lang)} value={helped} set={setHelped} />}
            <Field id="message" story label={r.write_label} value={draft.story} set={(story) => set({ story })} />
          </Screen>
        );
      case "files":
        return (
          <Screen id="files" primary={t.next} back={adding === "" ? () => show("write") : undefined}
            submit={() => forward(draft.story.trim() === "" && helped === "" && !draft.files.some((f) => f.ready) ? [{ at: "files", text: r.write_need }] : checkFiles(app), "openers")}>
            <Files />
          </Screen>
        );
      case "take":
        return (
          <Screen id="take-back" back={() => show("answers")}>
            <TakeBack r={r} take={(code) => { setTaken(code); show("openers"); }} />
          </Screen>
        );
      case "openers":
        return (
          <Screen id="openers" primary={t.send} submit={() => forward([...checkOpeners(app), ...checkExpired(app)], "sending")} back={() => show(wrote ? "files" : "take")}>
            <Openers />
            <Hint>{r.openers_again}</Hint>
            {!wrote && <Taking r={r} code={taken} />}
            <Expired />
          </Screen>
        );
      case "sending":
        return (
          <Sending back={(waiting) => { if (waiting) void org.drop(waiting).catch(() => undefined); show("openers"); }} backTo={t.back} done={({ story }) => { set({ story: "", files: [] }); setHelped(""); setWaits(!story); show("sent"); }} start={(on) => org.add({
            desk: draft.desk, leftOut: draft.leftOut, acceptExpired: draft.expiredYes, text: wrote ? draft.story : "", withdraw: wrote ? [] : [taken], practice: outer.practice,
            ...(wrote && helped ? { helped } : {}),
            files: wrote ? draft.files.filter((f) => f.ready).map((f) => ({ file: f.file, original: f.original })) : [],
          }, on)} />
        );
      case "sent":
        return (
          <Screen id="sent" primary={t.done} submit={done} hint={r.finish_hint} {...(adding === "" ? { second: { id: "back-to-answers", text: r.back_to_answers, go: () => show("answers") } } : {})}>
            <Title>{waits ? t.waits_title : r.sent_title}</Title>
            {waits ? <><p class="note"><strong>{t.waits_not_sent}</strong></p><p>{t.waits_next}</p></> : <p>{!wrote ? r.take_after : adding === "" ? r.sent_write : r.sent_files}</p>}
            {adding === "" && <p>{r.sent_keep}</p>}
          </Screen>
        );
    }
  };
  return <AppContext.Provider value={app}>{draw()}</AppContext.Provider>;
}
