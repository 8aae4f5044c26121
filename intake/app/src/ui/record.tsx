import { useEffect, useRef, useState } from "preact/hooks";
import { fill, type ReadingStrings } from "../strings/index.ts";
import { hasLeft } from "./exit.ts";
import { Hint } from "./parts.tsx";

/** The longest recording, in seconds, and how finely a voice is kept, in bits per second: 3.6 MB at most. */
const longest = 900;
const bits = 32_000;

type Now = { readonly at: "ready" | "refused" } | { readonly at: "recording"; readonly paused: boolean } | { readonly at: "recorded"; readonly file: File; readonly url: string };

/** The ends of names by kinds of sound that browsers record in. */
const ends: readonly (readonly [string, string])[] = [["mp4", "m4a"], ["ogg", "ogg"], ["webm", "webm"]];

/** clock writes seconds as minutes and seconds. */
export function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/**
 * Record takes up a voice in the page, for who would rather say it. It begins only when asked, is in memory alone, and lets go
 * of the microphone as soon as it stops, is put away, or the page is left. `keep` gets the recording as a file.
 */
export function Record({ r, keep, leave }: { r: ReadingStrings; keep: (file: File) => void; leave: () => void }) {
  const [now, show] = useState<Now>({ at: "ready" });
  const [seconds, setSeconds] = useState(0);
  const recorder = useRef<MediaRecorder | null>(null);
  const release = () => {
    const active = recorder.current;
    recorder.current = null;
    if (active && active.state !== "inactive") active.stop();
    for (const track of active?.stream.getTracks() ?? []) track.stop();
  };
  useEffect(() => release, []);
  useEffect(() => (now.at === "recorded" ? () => URL.revokeObjectURL(now.url) : undefined), [now]);
  const running = now.at === "recording" && !now.paused;
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setSeconds((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [running]);
  useEffect(() => {
    if (seconds >= longest) recorder.current?.stop();
  }, [seconds]);

  const begin = async () => {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      const taken: Blob[] = [];
      const active = new MediaRecorder(stream, { audioBitsPerSecond: bits });
      if (hasLeft()) {
        for (const track of stream.getTracks()) track.stop();
        return;
      }
      recorder.current = active;
      active.ondataavailable = (e) => taken.push(e.data);
      active.onstop = () => {
        for (const track of stream.getTracks()) track.stop();
        if (recorder.current !== active) return; // put away
        const type = active.mimeType.split(";")[0]!;
        const file = new File(taken, `voice.${ends.find(([kind]) => type.includes(kind))?.[1] ?? "bin"}`, { type });
        show(file.size > 0 ? { at: "recorded", file, url: URL.createObjectURL(file) } : { at: "refused" });
      };
      active.start();
      setSeconds(0);
      show({ at: "recording", paused: false });
    } catch {
      show({ at: "refused" });
    }
  };
  const pause = () => {
    if (now.at !== "recording") return;
    if (now.paused) recorder.current?.resume();
    else recorder.current?.pause();
    show({ at: "recording", paused: !now.paused });
  };
  const putAway = () => {
    release();
    leave();
  };

  return (
    <section class="card stack" data-testid="record" data-at={now.at}>
      <h2>{r.record_title}</h2>
      {now.at === "ready" && <p>{r.record_hint}</p>}
      {now.at === "refused" && <p class="note" role="alert">{r.record_refused}</p>}
      {now.at === "recording" && <p role="timer" class="lead">{fill(now.paused ? r.record_paused : r.record_now, { time: clock(seconds), most: clock(longest) })}</p>}
      {now.at === "recorded" && <audio controls src={now.url} aria-label={r.record_listen} />}
      <p class="row">
        {(now.at === "ready" || now.at === "refused") && <button type="button" data-testid="record-begin" onClick={() => void begin()}>{r.record_begin}</button>}
        {now.at === "recording" && <button type="button" data-testid="record-pause" onClick={pause}>{now.paused ? r.record_resume : r.record_pause}</button>}
        {now.at === "recording" && <button type="button" class="primary" data-testid="record-stop" onClick={() => recorder.current?.stop()}>{r.record_stop}</button>}
        {now.at === "recorded" && <button type="button" class="primary" data-testid="record-keep" onClick={() => { keep(now.file); leave(); }}>{r.record_keep}</button>}
        {now.at === "recorded" && <button type="button" data-testid="record-again" onClick={() => show({ at: "ready" })}>{r.record_again}</button>}
      </p>
      <p><button type="button" class="quiet" data-testid="record-leave" onClick={putAway}>{now.at === "ready" || now.at === "refused" ? r.record_close : r.record_drop}</button></p>
      <Hint>{r.record_known}</Hint>
    </section>
  );
}
