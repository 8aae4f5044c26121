import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fleschKincaid } from "flesch-kincaid";
import { syllable } from "syllable";
import { expect, test } from "vitest";
import { en } from "./en.ts";
import { reading } from "./reading-en.ts";

// Every English sentence that a peer sees can be read after seven years of school, by Flesch and Kincaid's grade. The
// formula is made for running text: of a title or a label of a few words it says nothing, so those are not judged by it.

const highest = 7;
const fewest = 8; // words
/** Two sentences whose wording is fixed word for word (vault/codebook holds them to it): they warn, and must not be softened. */
const fixed = ["Never attach sexual images of anyone under 18;", "Your browser history and network may show that you visited."];

const folder = join(import.meta.dirname, "../../../../vault/codebook");
const json = (name: string) => JSON.parse(readFileSync(join(folder, name), "utf8")) as unknown;

/** Every text of a tree; of the codebook only the English, and only what a phone shows. */
function* texts(value: unknown, where: string): Generator<readonly [string, string]> {
  if (typeof value === "string") yield [where, value];
  else if (Array.isArray(value)) for (const [i, v] of value.entries()) yield* texts(v, `${where}.${i}`);
  else if (typeof value === "object" && value !== null) {
    if ("en" in value) yield* texts(value.en, where);
    else for (const [k, v] of Object.entries(value)) if (!["state", "close", "verification", "complaint", "complaint_why", "act_kind", "act_state", "version", "languages", "code", "icon", "lang"].includes(k)) yield* texts(v, `${where}.${k}`);
  }
}

const all = [...texts(en, "en"), ...texts(reading, "reading"), ...texts(json("texts/en.json"), "texts"), ...texts(json("codebook.json"), "codebook")];

test("there is much to read", () => {
  expect(all.length).toBeGreaterThan(500);
});

test("no sentence is harder than grade seven", () => {
  const hard: string[] = [];
  for (const [where, text] of all) {
    for (const sentence of text.replace(/\{\w+, plural, .*?other \{([^{}]*)\} ?\}/g, "$1").replace(/\{\w+\}|#/g, "it").split(/(?<=[.!?:;])\s+/)) {
      const words = sentence.match(/[\p{L}\p{N}’'-]+/gu) ?? [];
      if (words.length < fewest || fixed.includes(sentence)) continue;
      const grade = fleschKincaid({ sentence: 1, word: words.length, syllable: words.reduce((n, w) => n + Math.max(1, syllable(w)), 0) });
      if (grade > highest) hard.push(`${grade.toFixed(1)} ${where}: ${sentence}`);
    }
  }
  expect(hard.sort().reverse()).toEqual([]);
});
