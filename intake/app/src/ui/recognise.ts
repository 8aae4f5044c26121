import { wordList } from "../lib/lists.ts";
import { digitCount, fold, parts, readReceipt, wordCount } from "../lib/typed.ts";
import { languages } from "../strings/index.ts";

// What she typed from her paper, looked at while she types. Nothing of it leaves the page but, once whole, the 16 bytes
// that it stands for, to the worker.

export type List = readonly string[];

/**
 * wordLists loads the lists of all languages, the wanted one first: which one her words are from must not show in what
 * is fetched. `whole` is false when one could not be had.
 */
export async function wordLists(wanted: string): Promise<{ readonly lists: readonly List[]; readonly whole: boolean }> {
  const tags = [wanted, ...languages.map((l) => l.tag).filter((tag) => tag !== wanted)];
  const got = await Promise.all(tags.map((tag) => wordList(tag).catch(() => undefined)));
  return { lists: got.filter((l): l is List => !!l), whole: !got.includes(undefined) };
}

/** Unknown is a word that is in no list, and the one of a list that she may have meant: their first four letters tell all words apart. */
export type Unknown = { readonly word: string; readonly maybe: string };

export type Recognised = { readonly kind: "words" | "digits"; readonly n: number; readonly total: number; readonly unknown: readonly Unknown[] };

const folded = new WeakMap<List, ReadonlyMap<string, string>>();

function known(list: List): ReadonlyMap<string, string> {
  let map = folded.get(list);
  if (!map) folded.set(list, (map = new Map(list.map((w) => [fold(w), w]))));
  return map;
}

/** recognise counts, and finds words that are not in the list that most of them are in; the one she is still typing only when `whole`. */
export function recognise(typed: string, lists: readonly List[], whole: boolean): Recognised {
  const all = parts(typed);
  const digits = all.join("");
  if (/^[0-9]+$/.test(digits)) return { kind: "digits", n: digits.length, total: digitCount, unknown: [] };
  const done = whole || parts(`${typed}a`).length > all.length ? all : all.slice(0, -1);
  let unknown: Unknown[] | null = null;
  for (const list of lists) {
    const map = known(list);
    const missing = done.filter((w) => !map.has(fold(w)));
    if (unknown && missing.length >= unknown.length) continue;
    unknown = missing.map((word) => {
      const start = fold(word).slice(0, 4);
      return { word, maybe: (start.length === 4 && list.find((w) => fold(w).startsWith(start))) || "" };
    });
  }
  return { kind: "words", n: all.length, total: wordCount, unknown: unknown ?? [] };
}

/** entropyOf is what the words or digits stand for, by any of the lists; null when they are not a receipt. */
export async function entropyOf(typed: string, lists: readonly List[]): Promise<Uint8Array<ArrayBuffer> | null> {
  for (const list of [null, ...lists]) {
    const entropy = await readReceipt(typed, list);
    if (entropy) return entropy;
  }
  return null;
}
