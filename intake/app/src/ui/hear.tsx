import { useEffect, useState } from "preact/hooks";
import type { Strings } from "../strings/index.ts";
import { Icon } from "./icons.tsx";

// Tap to hear, for who would rather listen than read. Only with a voice that is on the phone itself: other voices send what is
// read to a company. What she typed is not read out.

/** voice is a voice of this phone for a language, or its base language. */
function voice(lang: string): SpeechSynthesisVoice | undefined {
  const base = lang.split("-")[0]!;
  return speechSynthesis.getVoices().find((v) => v.localService && v.lang.toLowerCase().replace("_", "-").split("-")[0] === base);
}

/** spoken is the question of the screen and its answers, as they stand, without buttons and fields. */
function spoken(): string {
  const of = document.querySelectorAll("main h1, main h2, main legend, main p, main label, main li, main dt, main dd");
  return [...of].filter((e) => !e.closest("button, .bar, .place, details:not([open])") && !e.querySelector("p, li, label, legend, textarea, input:not([type=radio], [type=checkbox])"))
    .map((e) => e.textContent.trim()).filter((line, i, all) => line !== "" && line !== all[i - 1]).join(". ");
}

/** Hear reads the screen aloud, and stops when it is pressed again, or another screen comes. Without such a voice there is no button. */
export function Hear({ t, lang, screen }: { t: Strings; lang: string; screen: string }) {
  const [can, setCan] = useState(false);
  const [on, setOn] = useState(false);
  useEffect(() => {
    if (!("speechSynthesis" in globalThis)) return;
    const look = () => setCan(!!voice(lang));
    look();
    speechSynthesis.addEventListener("voiceschanged", look);
    return () => speechSynthesis.removeEventListener("voiceschanged", look);
  }, [lang]);
  useEffect(() => () => {
    setOn(false);
    if ("speechSynthesis" in globalThis) speechSynthesis.cancel();
  }, [screen]);
  if (!can) return null;
  const press = () => {
    speechSynthesis.cancel();
    const by = voice(lang);
    setOn(!on && !!by);
    if (on || !by) return;
    const words = new SpeechSynthesisUtterance(spoken());
    words.voice = by;
    words.lang = by.lang;
    words.onend = () => setOn(false);
    speechSynthesis.speak(words);
  };
  return <button type="button" class="quiet" data-testid="hear" aria-label={on ? t.hear_stop : t.hear} aria-pressed={on} onClick={press}><Icon name="sound" /></button>;
}
