import { useEffect, useRef, useState } from "preact/hooks";
import type { Outcome, ProblemKind, Progress } from "../../lib/session.ts";
import type { Strings } from "../../strings/index.ts";
import { fill } from "../../strings/index.ts";
import { useApp } from "../context.ts";
import { Hint, shown, Title } from "../parts.tsx";
import { route } from "../routes.ts";

type Props = {
  /** Seals and sends anew, from what she wrote. */
  start: (on: (progress: Progress) => void) => Promise<Outcome>;
  /** `waiting` names what was kept sealed on this phone on the way. */
  back: (waiting: string) => void;
  /** Where back leads. */
  backTo: string;
  done: (sent: Outcome) => void;
};

/**
 * Sending seals and sends once it is drawn, and says where it stands. When it fails it says what happened, what was
 * kept and what to do. It leaves for the thanks by itself only when everything arrived. What waits on this phone may be left to wait: `done` then gets an outcome that is not done.
 */
export function Sending({ start, back, backTo, done }: Props) {
  const { t, draft, org } = useApp();
  const [progress, setProgress] = useState<Progress>({ stage: "sealing" });
  const [sent, setSent] = useState<Outcome | null>(null);
  const stopping = useRef(false);
  const stop = () => {
    stopping.current = true;
    org.stop();
  };

  // Once something was sealed, trying again sends those same bytes: sealing anew would make a second report of it.
  const sealed = useRef(false);
  // Once it may have arrived, it may have: whatever a later try is told.
  const doubt = useRef(false);
  const run = () => {
    setSent(null);
    setProgress({ stage: "sealing" });
    stopping.current = false;
    const on = (p: Progress) => {
      setProgress(p);
      if (p.stage !== "sealing" && p.stage !== "keeping") sealed.current = true;
      // Stop was pressed while it was being sealed, when there was nothing on its way to stop.
      if (stopping.current) org.stop();
    };
    const going = sealed.current ? org.retry(on) : start(on);
    void going.then((got) => {
      doubt.current ||= !got.story && sealed.current && (got.problem === "offline" || got.problem === "stopped");
      if (got.done) done(got);
      else setSent(got);
    });
  };
  useEffect(() => {
    run();
    return () => org.stop();
  }, []);
  // Focus goes to the heading when the screen turns from progress to failure and back.
  useEffect(() => {
    document.getElementById("title")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [sent]);

  if (!sent) {
    const file = progress.stage === "file" || progress.stage === "keeping" ? progress : null;
    const say = file ? fill(file.stage === "file" ? t.sending_file : t.sending_keep, { n: file.n, total: file.total }) : progress.stage === "sealing" ? t.sending_seal : progress.stage === "story" ? t.sending_story : progress.stage === "working" ? t.sending_work : t.sending_last;
    return (
      <div class="app-form" data-testid={route("sending")}>
        <main class="page stack">
          <Title>{t.sending_title}</Title>
          <p class="lead" id="sending-now" role="status" aria-live="polite" data-testid="sending-now">{say}</p>
          {file && file.size > 0 ? <progress max={file.size} value={file.done} aria-labelledby="sending-now" /> : <progress aria-labelledby="sending-now" />}
          <p>{t.sending_stay}</p>
          <Hint>{t.sending_leave}</Hint>
        </main>
        <footer class="foot"><div class="foot-row"><button type="button" class="wide" data-testid="cancel" onClick={stop}>{t.cancel}</button></div></footer>
      </div>
    );
  }

  // Once bytes were on their way, only an answer tells whether they arrived.
  const unsure = !sent.story && doubt.current;
  const title = sent.story ? t.fail_partly_title : unsure ? t.fail_unsure_title : t.fail_title;
  const why = sent.problem === "stopped" && (sent.story || unsure)
    ? (sent.story ? t.fail_partly_stopped : t.fail_unsure_stopped)
    : unsure ? t.fail_unsure : reason(t, sent.problem);
  const missing = sent.missing.map((n) => shown(draft.files.filter((f) => f.ready)[n]?.file.name ?? fill(t.file_n, { n: n + 1 }))).join(", ");
  return (
    <div class="app-form" data-testid={route(sent.story ? "partly" : "failed")} data-problem={sent.problem}>
      <main class="page stack">
        <Title>{title}</Title>
        <p role="alert">{why}</p>
        {(sent.story || !sent.waiting) && <p class="say">{sent.story ? fill(t.fail_partly_sent, { files: missing }) : t.fail_kept}</p>}
        {sent.waiting && <p class="say" data-testid="waits">{t.fail_waits}</p>}
        <p>{sent.story ? t.fail_partly_next : next(t, sent.problem)}</p>
      </main>
      <footer class="foot">
        <div class="foot-row"><button type="button" class="primary" data-testid="again" onClick={run}>{t.again}</button></div>
        {sent.waiting && <div class="foot-row"><button type="button" class="wide" data-testid="leave-waiting" onClick={() => done(sent)}>{t.fail_wait}</button></div>}
        <div class="foot-row">
          {sent.waiting && sent.story ? null : sent.story
            ? <button type="button" class="quiet wide" data-testid="finish" onClick={() => done(sent)}>{t.fail_partly_finish}</button>
            : <button type="button" class="quiet wide" data-testid="back-to-check" onClick={() => back(sent.waiting)}>{backTo}</button>}
        </div>
      </footer>
    </div>
  );
}

function reason(t: Strings, problem: ProblemKind | ""): string {
  switch (problem) {
    case "offline": return t.fail_offline;
    case "server": return t.fail_server;
    case "refused": return t.fail_refused;
    case "large": return t.fail_large;
    case "expired": return t.expired_need;
    case "nobody": return t.openers_keep_one;
    case "stopped": return t.fail_stopped;
    case "clock": return t.shut_clock;
    case "roster": return t.shut_refused;
    case "root": return t.shut_root;
    case "seal":
    case "crypto": return t.fail_seal;
    case "heic": return t.file_heic;
    case "broken":
    case "empty": return t.file_broken;
    default: return t.fail_other;
  }
}

function next(t: Strings, problem: ProblemKind | ""): string {
  switch (problem) {
    case "large":
    case "heic":
    case "broken":
    case "empty": return t.fail_next_large;
    case "refused":
    case "expired":
    case "nobody":
    case "roster":
    case "root": return t.fail_next_refused;
    case "stopped": return t.fail_next_stopped;
    case "offline":
    case "server": return t.fail_next;
    default: return t.fail_next_here;
  }
}
