import { useEffect, useRef, useState } from "preact/hooks";
import { language } from "../strings/index.ts";
import { fetchHeard } from "./away.ts";
import { useApp } from "./context.ts";
import type { Heard } from "./heard.ts";
import { Icon } from "./icons.tsx";

// Tap to hear, for who would rather listen than read: the organisation's recording of the screen if its signed words name
// one, else a voice that is on the phone itself; other voices send what is read to a company. What she typed is not read out.

/** voice is a voice of this phone for a language, or its base language. */
function voice(lang: string): SpeechSynthesisVoice | undefined {
  if (!("speechSynthesis" in globalThis)) return undefined;
  const base = language(lang).locale.split("-")[0]!;
  return speechSynthesis.getVoices().find((v) => v.localService && v.lang.toLowerCase().replace("_", "-").split("-")[0] === base);
}

/** Hear lets the screen be heard, and stops when it is pressed again, or another screen comes. With nothing to hear there is no button. */
export function Hear({ screen }: { screen: string }) {
  const { t, org, lang, texts } = useApp();
  const [hasVoice, setVoice] = useState(false);
  const [on, setOn] = useState(false);
  const heard = useRef<Heard | null>(null);
  const turn = useRef(0);
  const shipped = texts?.audio?.[screen];

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
  if (!hasVoice && !shipped) return null;

  const press = async () => {
    if (on) {
      stop();
      return;
    }
    const mine = ++turn.current;
    setOn(true);
    const how = await fetchHeard().catch(() => null);
    if (mine !== turn.current) return;
    if (!how) {
      stop();
      return;
    }
    try {
      const started = shipped && await how.play(org, shipped, stop);
      if (mine !== turn.current) {
        started?.end(); // stopped before it came
        return;
      }
      heard.current = started ?? null;
    } catch {
      // Out of reach, or of a kind that this phone can't play.
    }
    if (heard.current || mine !== turn.current) return;
    const by = voice(lang);
    if (by) heard.current = how.read(by, stop);
    else stop();
  };
  return <button type="button" class="quiet" data-testid="hear" aria-label={on ? t.hear_stop : t.hear} aria-pressed={on} onClick={() => void press()}><Icon name="sound" /></button>;
}
