import { expect, test } from "vitest";
import { en } from "./en.ts";
import { fill, language, languages, preferred, type Language } from "./index.ts";
import { reading } from "./reading-en.ts";

const english = { ...en, ...reading };
/** All words of a language, those for coming back too. */
const all = async (l: Language): Promise<Record<keyof typeof english, string | readonly string[]>> => ({ ...await l.load(), ...await l.reading() });

const places = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();
const flat = (v: string | readonly string[]) => (typeof v === "string" ? [v] : v);

for (const l of languages) {
  test(`${l.tag}: every text is there, with the same places to fill as in English`, async () => {
    const words = await all(l);
    expect(Object.keys(words).sort()).toEqual(Object.keys(english).sort());
    for (const key of Object.keys(english) as (keyof typeof english)[]) {
      for (const text of flat(words[key])) expect(text.trim(), key).not.toBe("");
      expect(flat(words[key]).flatMap(places), key).toEqual(flat(english[key]).flatMap(places));
    }
  });

  test(`${l.tag}: no word that blames`, async () => {
    const words = Object.values(await all(l)).flatMap(flat).join("\n");
    expect(words).not.toMatch(/\b(addict|junkie|abuser|prostitut|toxicoman|drogué|clean)/i);
  });
}

test("French puts a no-break space before high punctuation", async () => {
  for (const text of Object.values(await all(language("fr"))).flatMap(flat)) expect(text).not.toMatch(/[ ][?!;:»]|«[ ]/);
});

test("no text is said twice under one name, here and for coming back", () => {
  expect(Object.keys(reading).filter((k) => k in en)).toEqual([]);
});

test("a language is found by its tag or its base, else English", () => {
  expect(language("fr-CA").tag).toBe("fr");
  expect(language("xx").tag).toBe("en");
  expect(preferred(["xx", "fr-FR", "en"]).tag).toBe("fr");
  expect(preferred([]).tag).toBe("en");
});

test("fill keeps a place that it has no value for, and takes values as they are", () => {
  expect(fill("{n} of {total}", { n: 3 })).toBe("3 of {total}");
  expect(fill("{name}", { name: "$& {n}" })).toBe("$& {n}");
  expect(fill("{constructor}", {})).toBe("{constructor}");
});
