import type { Organisation } from "../lib/session.ts";

// How a screen is heard; fetched when somebody first wants to.

/** spoken is the question of the screen and its answers, as they stand, without buttons, fields, and what she told (data-own). */
function spoken(): string {
  const of = document.querySelectorAll("main h1, main h2, main legend, main p, main label, main li, main dt, main dd");
  return [...of].filter((e) => !e.closest("[data-own], button, .bar, .place, details:not([open])") && !e.querySelector("p, li, label, legend, textarea, input:not([type=radio], [type=checkbox])"))
    .map((e) => e.textContent.trim()).filter((line, i, all) => line !== "" && line !== all[i - 1]).join(". ");
}

/** Something that is being heard, and what ends it. */
export type Heard = { readonly end: () => void };

/** read reads the screen aloud. */
export function read(by: SpeechSynthesisVoice, ended: () => void): Heard {
  const words = new SpeechSynthesisUtterance(spoken());
  words.voice = by;
  words.lang = by.lang;
  words.onend = ended;
  speechSynthesis.speak(words);
  return { end: () => speechSynthesis.cancel() };
}

/** play plays a recording that the signed words name. It rejects for one that is out of reach or that this phone cannot play. */
export async function play(org: Organisation, { sha256, type }: { readonly sha256?: unknown; readonly type?: unknown }, ended: () => void): Promise<Heard> {
  if (typeof sha256 !== "string" || typeof type !== "string" || !/^audio\/(mpeg|mp4|ogg|webm|wav)$/.test(type)) throw new Error("no recording");
  const address = URL.createObjectURL(new Blob([await org.sound(sha256)], { type }));
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
