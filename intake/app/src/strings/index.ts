import type { Strings } from "./en.ts";
import type { ReadingStrings } from "./reading-en.ts";

export type { ReadingStrings, Strings };

/** A language the app speaks: its own name, its direction, and how its words are loaded; `reading` has those for coming back. */
export type Language = { readonly tag: string; readonly name: string; readonly dir: "ltr" | "rtl"; readonly load: () => Promise<Strings>; readonly reading: () => Promise<ReadingStrings> };

// To add a language: two files beside this one with the same keys as en.ts and reading-en.ts (the types hold them to
// that), and one line here. Each is loaded when it is wanted, so that a first visit carries one.
export const languages: readonly Language[] = [
  { tag: "en", name: "English", dir: "ltr", load: () => import("../languages/en.ts").then((m) => m.strings), reading: () => import("./reading-en.ts").then((m) => m.reading) },
  { tag: "fr", name: "Français", dir: "ltr", load: () => import("../languages/fr.ts").then((m) => m.strings), reading: () => import("./reading-fr.ts").then((m) => m.reading) },
];

/** language finds the app's language for a tag, `fr` for `fr-CA`; English when there is none. */
export function language(tag: string): Language {
  const wanted = tag.toLowerCase();
  return known(wanted) ?? known(wanted.split("-")[0]!) ?? languages[0]!;
}

function known(tag: string): Language | undefined {
  return languages.find((l) => l.tag === tag);
}

/** preferred is the first of the browser's languages that the app speaks, else English. */
export function preferred(wanted: readonly string[]): Language {
  for (const tag of wanted) {
    const base = tag.toLowerCase().split("-")[0]!;
    const found = known(tag.toLowerCase()) ?? known(base);
    if (found) return found;
  }
  return languages[0]!;
}

/** fill puts values in the places of a text: `fill("{n} of {total}", { n: 3, total: 9 })`. An unknown place stays. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (place, name: string) => (Object.hasOwn(values, name) ? String(values[name]) : place));
}
