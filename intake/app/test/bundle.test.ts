import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { wordlist as english } from "@scure/bip39/wordlists/english.js";
import { wordlist as french } from "@scure/bip39/wordlists/french.js";
import { parseSync } from "vite";
import { describe, expect, test } from "vitest";
import { pack, root } from "../scripts/bundle.ts";
import { list, namesOf, place } from "../scripts/texts.ts";
import { en } from "../src/strings/en.ts";
import { fr } from "../src/strings/fr.ts";

// What the build changes on the way into the bundle, looked at in the bundle itself.

const assets = join(root, "dist/assets");
const chunk = (name: string) => join(assets, readdirSync(assets).find((f) => f.startsWith(`${name}-`) && f.endsWith(".js"))!);
const parsed = (code: string) => parseSync("code.js", code).program;
const names = Object.keys(en) as (keyof typeof en)[];

describe("the bundle", () => {
  test.each([["en", en, english], ["fr", fr, french]] as const)("%s: carries every text in its place, and the official words", async (lang, strings, words) => {
    const built = (await import(chunk(lang))) as { strings: unknown; words: unknown };
    expect(built.strings).toEqual(names.map((n) => strings[n]));
    expect(built.words).toEqual(words);
  });

  test("the worker has nothing to seal to other kinds of recipients with, nor to open", () => {
    const worker = readFileSync(chunk("worker"), "utf8");
    expect(worker).toContain("age-encryption.org/mlkem768x25519");
    expect(worker).not.toMatch(/v1\/scrypt|v1\/X25519|p256tag|mlkem768p256/);
  });
});

describe("texts", () => {
  const placed = (code: string) => place(code, parsed(code), ["back", "next"]);

  test("the names found in the source are those of the object", () => expect(namesOf(root)).toEqual(names));

  test("become places", () => {
    expect(placed("a(t.next, app.t.back, outer.t.next.length)")).toBe("a(t[1], app.t[0], outer.t[1].length)");
    expect(placed("u(x.next, t)")).toBe("u(x.next, t)");
  });

  test.each(["t.none", "t?.next", "t[next]", "const { next } = t", "const { next } = app.t"])("%s stops the build", (code) => {
    expect(() => placed(code)).toThrow(/no text|taken apart/);
  });

  test("a language is put in English's order, and must be whole", () => {
    const listed = (code: string) => list(code, parsed(code), ["back", "next"]);
    expect(listed('export const x = { next: "n", back: ["a", "b"] };')).toBe('export const x = [["a", "b"], "n"];');
    expect(() => listed('export const x = { next: "n" };')).toThrow(/other texts/);
    expect(() => listed('export const x = { next: "n", other: "o" };')).toThrow(/without back/);
  });
});

test("words that can't be packed stop the build", () => {
  expect(pack(["abandon", "ability", "able"])).toBe("0abandon2ility2le");
  expect(() => pack(["a1"])).toThrow();
  expect(() => pack(["abcdefghijk", "abcdefghijkl"])).toThrow();
});
