import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Texts } from "../lib/session.ts";
import { look } from "./look.ts";

const usual = { name: "Notes", icon: "page", colour: "teal" };
const asked = (wanted: unknown) => look({ lang: "en", look: wanted } as Texts);

test("the organisation's choice is worn", () => {
  expect(asked({ name: "စာအုပ်", icon: "leaf", colour: "violet" })).toEqual({ name: "စာအုပ်", icon: "leaf", colour: "violet" });
  expect(look(null)).toEqual(usual);
  expect(asked({})).toEqual(usual);
});

test.each([
  "a".repeat(21), "a".repeat(200), "", "  ", "a\u202eb", "a\nb", "a\u0000", "<b>", "a\u2028b", "a\u200bb", 7, null, ["Notes"], { toString: "x" },
])("a name that is none is not: %j", (name) => {
  expect(asked({ name })).toEqual(usual);
});

test.each(["javascript:alert(1)", "constructor", "__proto__", "syringe", "", 7, null])("an unknown icon or colour is not: %j", (what) => {
  expect(asked({ icon: what, colour: what })).toEqual(usual);
});

// Contrast by WCAG 2.2, of the style sheet as it stands.
const css = readFileSync(join(import.meta.dirname, "tokens.css"), "utf8");

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

const contrast = (a: string, b: string) => {
  const [x, y] = [luminance(a), luminance(b)].sort((m, n) => n - m) as [number, number];
  return (x + 0.05) / (y + 0.05);
};

/** The tokens of a block, by the text that begins it. */
function tokens(from: string, block: string): Record<string, string> {
  const at = from.indexOf(block);
  if (at < 0) throw new Error(`no ${block}`);
  return Object.fromEntries([...from.slice(at, from.indexOf("}", at)).matchAll(/--([a-z-]+): (#[0-9a-f]{6})/g)].map((m) => [m[1]!, m[2]!]));
}

const parts = css.split(/(?=@media)/);
const light = parts[0]!;
const dark = parts.find((p) => p.startsWith("@media (prefers-color-scheme: dark)"))!;

for (const [scheme, sheet] of [["light", light], ["dark", dark]] as const) {
  for (const colour of ["teal", "green", "blue", "violet", "brown"]) {
    test(`${colour}, ${scheme}: text 7:1 on each ground, marks 3:1`, () => {
      const t = { ...tokens(sheet, ":root {"), ...(colour === "teal" ? {} : tokens(sheet, `[data-colour="${colour}"]`)) };
      const at = (a: string, b: string) => contrast(t[a]!, t[b]!);
      for (const ground of ["ground", "surface"]) {
        for (const ink of ["ink", "ink-soft", "accent"]) expect(at(ink, ground), `${ink} on ${ground}`).toBeGreaterThanOrEqual(7);
        expect(at("line", ground)).toBeGreaterThanOrEqual(3);
      }
      for (const fill of ["accent", "accent-strong"]) expect(at("on-accent", fill), `on ${fill}`).toBeGreaterThanOrEqual(7);
      expect(at("ink", "accent-soft")).toBeGreaterThanOrEqual(7);
    });
  }
}
