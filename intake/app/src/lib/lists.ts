// A language's list comes with its other words.
const lists: { readonly [lang: string]: () => Promise<string[]> } = {
  en: () => import("../languages/en.ts").then((m) => m.words),
  fr: () => import("../languages/fr.ts").then((m) => m.words),
  es: () => import("../languages/es.ts").then((m) => m.words),
  pt: () => import("../languages/pt.ts").then((m) => m.words),
};

/** wordList loads the official BIP39 list of a language (`fr` for `fr-CA`); null when there is none. */
export async function wordList(lang: string): Promise<readonly string[] | null> {
  const tag = lang.toLowerCase();
  const load = lists[tag] ?? lists[tag.split("-")[0] ?? ""];
  return load ? await load() : null;
}
