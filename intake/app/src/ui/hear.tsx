import { useEffect, useRef, useState } from "preact/hooks";
import { language } from "../strings/index.ts";
import { useApp } from "./context.ts";
import { Icon } from "./icons.tsx";

// Tap to hear, for who would rather listen than read: the organisation's recording of the screen if its signed words name
// one, else a voice that is on the phone itself; other voices send what is read to a company. What she typed is not read out.

/** voice is a voice of this phone for a language, or its base language. */
function voice(lang: string): SpeechSynthesisVoice | undefined {
  if (!("speechSynthesis" in globalThis)) return undefined;
  const base = language(lang).locale.split("-")[0]!;
  return speechSynthesis.getVoices().find((v) => v.localService && v.lang.toLowerCase().replace("_", "-").split("-")[0] === base);
}

/** spoken is the question of the screen and its answers, as they stand, without buttons and fields. */
function spoken(): string {
  const of = document.querySelectorAll("main h1, main h2, main legend, main p, main label, main li, main dt, main dd");
  return [...of].filter((e) => !e.closest("button, .bar, .place, details:not([open])") && !e.querySelector("p, li, label, legend, textarea, input:not([type=radio], [type=checkbox])"))
    .map((e) => e.textContent.trim()).filter((line, i, all) => line !== "" && line !== all[i - 1]).join(". ");
}

/** Something that is being heard, and what ends it. */
type Heard = { readonly end: () => void };

/** read reads the screen aloud. */
function read(by: SpeechSynthesisVoice, ended: () => void): Heard {
  const words = new SpeechSynthesisUtterance(spoken());
  words.voice = by;
  words.lang = by.lang;
  words.onend = ended;
  speechSynthesis.speak(words);
  return { end: () => speechSynthesis.cancel() };
}

/** play plays a recording. It rejects for what this phone cannot play. */
async function play(bytes: Uint8Array<ArrayBuffer>, type: string, ended: () => void): Promise<Heard> {
  const address = URL.createObjectURL(new Blob([bytes], { type }));
  const sound = new Audio(address);
  const end = () => {
    sound.pause();
    URL.revokeObjectURL(address);
  };
  sound.onended = ended;
  await sound.play().catch((error: unknown) => {
    end();
    throw error;
  });
  return { end };
}

/** Hear lets the screen be heard, and stops when it is pressed again, or another screen comes. With nothing to hear there is no button. */
export function Hear({ screen }: { screen: string }) {
  const { t, org, lang, texts } = useApp();
  const [hasVoice, setVoice] = useState(false);
  const [on, setOn] = useState(false);
  const heard = useRef<Heard | null>(null);
  const turn = useRef(0);
  const shipped = texts?.audio?.[screen];
  const recording = typeof shipped?.sha256 === "string" && typeof shipped.type === "string" && /^audio\/(mpeg|mp4|ogg|webm|wav)$/.test(shipped.type) ? { hash: shipped.sha256, type: shipped.type } : null;

  useEffect(() => {
    if (!("speechSynthesis" in globalThis)) return;
    const look = () => setVoice(!!voice(lang));
    look();
    speechSynthesis.addEventListener("voiceschanged", look);
    return () => speechSynthesis.removeEventListener("voiceschanged", look);
  }, [lang]);
  const stop = () => {
    turn.current++;
    heard.current?.end();
    heard.current = null;
    setOn(false);
  };
  useEffect(() => stop, [screen]);
  if (!hasVoice && !recording) return null;

  const press = async () => {
    if (on) {
      stop();
      return;
    }
    const mine = ++turn.current;
    setOn(true);
    try {
      const started = recording && await play(await org.sound(recording.hash), recording.type, stop);
      if (mine !== turn.current) {
        started?.end(); // stopped before it came
        return;
      }
      heard.current = started;
    } catch {
      // Out of reach, or of a kind that this phone can't play.
    }
    if (heard.current || mine !== turn.current) return;
    const by = voice(lang);
    if (by) heard.current = read(by, stop);
    else stop();
  };
  return <button type="button" class="quiet" data-testid="hear" aria-label={on ? t.hear_stop : t.hear} aria-pressed={on} onClick={() => void press()}><Icon name="sound" /></button>;
}
