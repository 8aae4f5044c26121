import type { Strings } from "./en.ts";
import type { ReadingStrings } from "./reading-en.ts";

export type { ReadingStrings, Strings };

/**
 * A language the app speaks: its tag in rosters and texts, what a browser knows it by, its own name, its direction, and
 * how its words are loaded; `reading` has those for coming back. A `draft` stays off until an organisation has signed
 * texts in it, which its tools let it do once a native speaker has reviewed them.
 */
export type Language = {
  readonly tag: string;
  readonly locale: string;
  readonly name: string;
  readonly dir: "ltr" | "rtl";
  readonly draft: boolean;
  readonly load: () => Promise<Strings>;
  readonly reading: () => Promise<ReadingStrings>;
};

// To add a language: two files beside this one with the same keys as en.ts and reading-en.ts (the types hold them to
// that), one in languages/, and one line here. Each is loaded when it is wanted, so that a first visit carries one.
export const languages: readonly Language[] = [
  { tag: "en", locale: "en", name: "English", dir: "ltr", draft: false, load: () => import("../languages/en.ts").then((m) => m.strings), reading: () => import("./reading-en.ts").then((m) => m.reading) },
  { tag: "fr", locale: "fr", name: "Français", dir: "ltr", draft: false, load: () => import("../languages/fr.ts").then((m) => m.strings), reading: () => import("./reading-fr.ts").then((m) => m.reading) },
  { tag: "es", locale: "es", name: "Español", dir: "ltr", draft: true, load: () => import("../languages/es.ts").then((m) => m.strings), reading: () => import("./reading-es.ts").then((m) => m.reading) },
  { tag: "pt", locale: "pt", name: "Português", dir: "ltr", draft: true, load: () => import("../languages/pt.ts").then((m) => m.strings), reading: () => import("./reading-pt.ts").then((m) => m.reading) },
  { tag: "ru", locale: "ru", name: "Русский", dir: "ltr", draft: true, load: () => import("./ru.ts").then((m) => m.ru), reading: () => import("./reading-ru.ts").then((m) => m.reading) },
  { tag: "uk", locale: "uk", name: "Українська", dir: "ltr", draft: true, load: () => import("./uk.ts").then((m) => m.uk), reading: () => import("./reading-uk.ts").then((m) => m.reading) },
  { tag: "ar", locale: "ar", name: "العربية", dir: "rtl", draft: true, load: () => import("./ar.ts").then((m) => m.ar), reading: () => import("./reading-ar.ts").then((m) => m.reading) },
  { tag: "prs", locale: "fa-AF", name: "دری", dir: "rtl", draft: true, load: () => import("./prs.ts").then((m) => m.prs), reading: () => import("./reading-prs.ts").then((m) => m.reading) },
  { tag: "sw", locale: "sw", name: "Kiswahili", dir: "ltr", draft: true, load: () => import("./sw.ts").then((m) => m.sw), reading: () => import("./reading-sw.ts").then((m) => m.reading) },
  { tag: "my", locale: "my", name: "မြန်မာ", dir: "ltr", draft: true, load: () => import("./my.ts").then((m) => m.my), reading: () => import("./reading-my.ts").then((m) => m.reading) },
];

/** on are the languages to offer: those that need no review, and those that the organisation signed texts in. */
export function on(signed: readonly string[]): Language[] {
  return languages.filter((l) => !l.draft || signed.includes(l.tag));
}

/** language finds the app's language for a tag, `fr` for `fr-CA`, `prs` for `fa-AF`; English when there is none. */
export function language(tag: string): Language {
  return preferred([tag], languages);
}

/** preferred is the first of the browser's languages that is among those offered, else English. */
export function preferred(wanted: readonly string[], offered: readonly Language[]): Language {
  for (const tag of wanted.map((t) => t.toLowerCase())) {
    const is = (of: (l: Language) => string) => offered.find((l) => of(l) === tag) ?? offered.find((l) => of(l) === tag.split("-")[0]);
    const found = is((l) => l.tag) ?? is((l) => l.locale.toLowerCase()) ?? is((l) => l.locale.split("-")[0]!);
    if (found) return found;
  }
  return languages[0]!;
}

/**
 * locale is what Intl writes numbers and days by: with the digits 0 to 9, as in telephone numbers and in what stands on a
 * receipt, and in the calendar that the fields for a day have.
 */
export function locale(tag: string): string {
  return `${language(tag).locale}-u-ca-gregory-nu-latn`;
}

const two = (n: number) => String(n).padStart(2, "0");

/** dayIn writes a day in a language; where the browser does not know the language, as 2026-11-27. */
export function dayIn(tag: string, at: Date): string {
  const l = locale(tag);
  if (Intl.DateTimeFormat.supportedLocalesOf(l).length === 0) return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return new Intl.DateTimeFormat(l, { dateStyle: "long" }).format(at);
}

/** hourIn writes an hour of the day in a language; where the browser does not know the language, as 18:00. */
export function hourIn(tag: string, hour: number): string {
  const l = locale(tag);
  if (Intl.DateTimeFormat.supportedLocalesOf(l).length === 0) return `${two(hour)}:00`;
  return new Intl.DateTimeFormat(l, { hour: "numeric", minute: "2-digit" }).format(new Date(2000, 0, 1, hour));
}

/** A place in a text, and its wordings by number. */
const inBraces = /\{(\w+)(?:, plural, ((?:\w+ \{[^{}]*\} ?)+))?\}/g;

/**
 * fill puts values in the places of a text: `fill("{n} of {total}", { n: 3, total: 9 })`. A place may word itself by a
 * number, in ICU MessageFormat's way: `{n, plural, one {# day} other {# days}}`, without more of that. An unknown place
 * stays. `tag` is the language; the page's own unless told.
 */
export function fill(text: string, values: Readonly<Record<string, string | number>>, tag = globalThis.document?.documentElement.lang ?? "en"): string {
  return text.replace(inBraces, (place, name: string, forms?: string) => {
    const value = Object.hasOwn(values, name) ? values[name]! : undefined;
    if (value === undefined) return place;
    const written = typeof value === "number" ? new Intl.NumberFormat(locale(tag)).format(value) : value;
    if (forms === undefined) return written;
    const wordings = new Map([...forms.matchAll(/(\w+) \{([^{}]*)\}/g)].map((m) => [m[1]!, m[2]!]));
    return (wordings.get(new Intl.PluralRules(locale(tag)).select(Number(value))) ?? wordings.get("other") ?? place).replaceAll("#", () => written);
  });
}

const agreeing = /^(asked|consent)_/;

/**
 * reviewed is the app's words with the organisation's own sentences on the screens of agreeing, which somebody who speaks
 * the language has read with the rest that is agreed to. A sentence without the places of the app's own is left out.
 */
export function reviewed(t: Strings, own: { readonly [key: string]: unknown } = {}): Strings {
  const places = (s: string) => [...s.matchAll(inBraces)].map((m) => m[1]).sort().join();
  const good = Object.entries(own).filter(([key, s]) => agreeing.test(key) && Object.hasOwn(t, key) && typeof s === "string" && s.trim() !== "" && places(s) === places(String(t[key as keyof Strings])));
  return { ...t, ...Object.fromEntries(good) };
}
