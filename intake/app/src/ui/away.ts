import type { JSX } from "preact";
import { language, type ReadingStrings } from "../strings/index.ts";

/** View is a part of the page that is fetched when it is wanted. */
export type View = (props: { r: ReadingStrings; leave: () => void; done: () => void }) => JSX.Element;

/** Part names one: the way back with words, what is on this phone, and help. */
export type Part = "Reading" | "Phone" | "Help";

/** fetchRecord is what records a voice, and its words. It rejects when they are out of reach. */
export async function fetchRecord(lang: string): Promise<{ Record: typeof import("./record.tsx").Record; r: ReadingStrings }> {
  const [{ Record }, r] = await Promise.all([later(), language(lang).reading()]);
  return { Record, r };
}

/** fetchHeard is what lets a screen be heard. It rejects when it is out of reach. */
export function fetchHeard(): Promise<Pick<typeof import("./heard.ts"), "play" | "read">> {
  return later();
}

const later = () => import("./later.ts");

/** fetchPart is a part and its words in a language. It rejects when they are out of reach. */
export async function fetchPart(part: Part, lang: string): Promise<{ View: View; r: ReadingStrings }> {
  const [views, r] = await Promise.all([later(), language(lang).reading()]);
  return { View: views[part], r };
}
