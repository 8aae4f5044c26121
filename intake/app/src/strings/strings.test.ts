import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { en } from "./en.ts";
import { dayIn, fill, hourIn, language, languages, locale, on, preferred, reviewed, type Language } from "./index.ts";
import { reading } from "./reading-en.ts";

const english = { ...en, ...reading };
type Words = Record<keyof typeof english, string | readonly string[]>;
/** All words of a language, those for coming back too. */
const all = async (l: Language): Promise<Words> => ({ ...await l.load(), ...await l.reading() });

const plural = /\{(\w+), plural, ((?:\w+ \{[^{}]*\} ?)+)\}/g;
const places = (text: string) => [...text.matchAll(/\{(\w+)(?:\}|, plural)/g)].map((m) => m[1]!).sort();
const flat = (v: string | readonly string[]) => (typeof v === "string" ? [v] : v);
/** The words that blame, shared with the codebook and the organisation's texts. */
const blame = JSON.parse(readFileSync(join(import.meta.dirname, "../../../../vault/codebook/blame.json"), "utf8")) as Record<string, string[]>;
/** In a language of another script, what stays in Latin letters: names of things that are so written everywhere. */
const latin = /\b(HEIC|iPhone|Samsung|MB|https)\b/g;

for (const l of languages) {
  test(`${l.tag}: every text is there, with the same places to fill as in English`, async () => {
    const words = await all(l);
    expect(Object.keys(words)).toEqual(Object.keys(english));
    for (const key of Object.keys(english) as (keyof typeof english)[]) {
      const here = flat(words[key]);
      for (const text of here) expect(text.trim(), key).not.toBe("");
      expect(here.length, key).toBe(flat(english[key]).length);
      expect(here.map(places), key).toEqual(flat(english[key]).map(places));
    }
  });

  test(`${l.tag}: what goes by a number has a wording for each of the language's forms`, async () => {
    const forms = new Intl.PluralRules(locale(l.tag)).resolvedOptions().pluralCategories;
    // "many" of French, Spanish and Portuguese is for millions; Arabic's zero is worded as its other.
    const wanted = forms.filter((f) => (f !== "many" || ["ru", "uk", "ar"].includes(l.tag)) && f !== "zero").sort();
    let n = 0;
    for (const [key, text] of Object.entries(await all(l)).flatMap(([k, v]) => flat(v).map((t) => [k, t] as const))) {
      const found = [...text.matchAll(plural)];
      expect(found.length, `${key} has a plural of another form`).toBe(text.split(", plural,").length - 1);
      for (const m of found) {
        n++;
        const had = [...m[2]!.matchAll(/(\w+) \{/g)].map((f) => f[1]!);
        expect(had.filter((f) => f !== "many" || wanted.includes(f)).filter((f) => f !== "zero").sort(), key).toEqual(wanted);
        for (let i = 0; i < 130; i++) expect(fill(text, { [m[1]!]: i }, l.tag), key).not.toMatch(/plural|#/);
      }
    }
    expect(n).toBeGreaterThan(5);
  });

  test(`${l.tag}: no word that blames`, async () => {
    const before = l.tag === "my" ? "" : "(?<![\\p{L}\\p{M}])";
    expect(blame[l.tag]!.length).toBeGreaterThan(4);
    const words = Object.values(await all(l)).flatMap(flat).join("\n");
    for (const stem of blame[l.tag]!) expect(words).not.toMatch(new RegExp(before + stem, "iu"));
  });

  if (l.tag !== "en") {
    test(`${l.tag}: no English is left over`, async () => {
      const words = await all(l);
      const same: string[] = [];
      for (const key of Object.keys(english) as (keyof typeof english)[]) {
        for (const [i, text] of flat(words[key]).entries()) {
          const bare = text.replace(/\{\w+(?:\}|, plural,)|(?:zero|one|two|few|many|other) \{/g, "").replace(latin, "");
          if (/^(ru|uk|ar|prs|my)$/.test(l.tag)) expect(bare, key).not.toMatch(/[A-Za-z]{2}/);
          else if (text === flat(english[key])[i] && /[a-z]{3}.*[a-z]{3}/.test(bare)) same.push(`${key}: ${text}`);
        }
      }
      expect(same).toEqual([]);
    });
  }
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
  expect(language("fa-AF").tag).toBe("prs");
  expect(language("fa").tag).toBe("prs");
  expect(preferred(["xx", "fr-FR", "en"], languages).tag).toBe("fr");
  expect(preferred(["ar-EG", "fr"], languages).tag).toBe("ar");
  expect(preferred(["ar-EG", "fr"], on([])).tag).toBe("fr");
  expect(preferred([], languages).tag).toBe("en");
});

test("a draft is off until the organisation has signed texts in it", () => {
  const tags = (signed: string[]) => on(signed).map((l) => l.tag);
  expect(tags([])).toEqual(["en", "fr"]);
  expect(tags(["en", "fr", "my", "xx"])).toEqual(["en", "fr", "my"]);
  expect(languages.filter((l) => l.draft).map((l) => l.tag)).toEqual(["es", "pt", "ru", "uk", "ar", "prs", "sw", "my"]);
});

test("fill keeps a place that it has no value for, and takes values as they are", () => {
  expect(fill("{n} of {total}", { n: 3 })).toBe("3 of {total}");
  expect(fill("{name}", { name: "$& {n}" })).toBe("$& {n}");
  expect(fill("{constructor}", {})).toBe("{constructor}");
});

test("fill words a text by its number", () => {
  const days = "{n, plural, one {# день} few {# дня} many {# дней} other {# дня}}.";
  expect([1, 2, 5, 11, 21, 90].map((n) => fill(days, { n }, "ru"))).toEqual(["1 день.", "2 дня.", "5 дней.", "11 дней.", "21 день.", "90 дней."]);
  expect(fill("{n, plural, other {# ရက်}}", { n: 12 }, "my")).toBe("12 ရက်");
  expect(fill("{n, plural, one {# jour} other {# jours}}", {}, "fr")).toBe("{n, plural, one {# jour} other {# jours}}");
  expect(fill("{n, plural, one {#} other {# of #}}", { n: 2000 }, "en")).toBe("2,000 of 2,000");
});

test("a browser that does not know a language writes days and hours in digits", () => {
  const known = vi.spyOn(Intl.DateTimeFormat, "supportedLocalesOf").mockReturnValue([]);
  expect(dayIn("my", new Date(2026, 10, 7))).toBe("2026-11-07");
  expect(hourIn("my", 6)).toBe("06:00");
  known.mockRestore();
});

test("numbers and days are written with the digits 0 to 9, in the calendar of the day's field", () => {
  for (const l of languages) {
    expect(fill("{n}", { n: 42 }, l.tag)).toBe("42");
    const day = dayIn(l.tag, new Date(2026, 10, 27));
    expect(day).toMatch(/27/);
    expect(day).toMatch(/2026/);
    expect(hourIn(l.tag, 18)).toMatch(/(18|6).00/);
  }
});

test.each(languages.filter((l) => l.draft || l.tag === "en"))("$tag: the sentences on agreeing that go into the words to be reviewed are the app's", async (l) => {
  const words = await l.load();
  const agreeing = Object.fromEntries(Object.entries(words).filter(([key]) => /^(asked|consent)_/.test(key)));
  const file = join(import.meta.dirname, "../../../../vault/codebook", l.tag === "en" ? "app.json" : `drafts/${l.tag}/app.json`);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(agreeing);
});

test("an organisation's own sentences stand where somebody agrees, and nowhere else, with every value that belongs there", () => {
  const own = reviewed(en, {
    consent_title: "May we?", consent_none: "Erased {days, plural, one {# day} other {# days}} later.", consent_partners: "With some.",
    consent_back: " ", consent_hint: 7, consent_other: "More", send: "Publish it", __proto__: "x", toString: "x",
  });
  expect(own).toEqual({ ...en, consent_title: "May we?", consent_none: "Erased {days, plural, one {# day} other {# days}} later." });
  expect(reviewed(en)).toEqual(en);
});
