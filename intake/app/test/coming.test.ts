import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toDigits, toWords } from "../src/lib/receipt.ts";
import { wordList } from "../src/lib/lists.ts";
import { answer } from "./answers.ts";
import { openReport } from "./open.ts";
import type { Organisation } from "./organisation.ts";
import { launch, press, Site } from "./site.ts";

// Coming back with words, in the built app. SHOTS=FOLDER keeps a picture of every screen.

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const shots = process.env["SHOTS"];
const id = (name: string) => `[data-testid="${name}"]`;
const mine = new Uint8Array(16).fill(5);

let browser: Browser;
let site: Site;

beforeAll(async () => {
  browser = await launch();
  site = await Site.open();
}, 60_000);

afterAll(async () => {
  await browser.close();
  await site.close();
});

type Visit = { readonly lang?: "en" | "fr"; readonly rtl?: boolean; readonly dark?: boolean; readonly name: string };

/** A phone with a page open at its first screen. `look` checks a screen for what every screen must be. */
async function visit(v: Visit, walk: (page: Page, look: (screen: string) => Promise<void>) => Promise<void>): Promise<void> {
  const context = await browser.createBrowserContext();
  try {
    const page = await context.newPage();
    await page.setViewport({ width: 360, height: 640 });
    if (v.dark) await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
    await page.evaluateOnNewDocument((tag: string) => {
      Object.defineProperty(navigator, "languages", { value: [tag] });
      document.addEventListener("securitypolicyviolation", (e) => console.error(`rule broken: ${e.violatedDirective} ${e.blockedURI}`));
    }, v.lang ?? "en");
    const complaints: string[] = [];
    let shot = 0;
    page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
    page.on("pageerror", (e) => complaints.push(String(e)));
    await page.goto(site.url);
    await page.waitForSelector(id("screen-first"), { timeout: 20_000 });
    await page.evaluate(axe);
    if (v.rtl) await page.evaluate(() => (document.documentElement.dir = "rtl"));
    await walk(page, async (screen) => {
      await page.waitForSelector(id(`screen-${screen}`), { timeout: 20_000 });
      if (shots) await page.screenshot({ path: join(shots, `${v.name}-${screen}-${++shot}.png`) });
      const found = await page.evaluate(async () => {
        type Axe = { run(root: Document, options: object): Promise<{ violations: { id: string; nodes: { target: string[] }[] }[] }> };
        const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run(document, { resultTypes: ["violations"] });
        return violations.map((x) => `${x.id}: ${x.nodes.map((n) => n.target.join()).join(" ")}`);
      });
      expect(found, screen).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), `${screen} is too wide`).toBeLessThanOrEqual(0);
      expect(await page.evaluate(() => [...document.querySelectorAll("input, textarea, form")].filter((f) => f.getAttribute("autocomplete") !== "off").length), screen).toBe(0);
      expect(page.url()).toBe(site.url);
    });
    expect(complaints).toEqual([]);
  } finally {
    await context.close();
  }
}

async function typing(page: Page, text: string): Promise<void> {
  await page.$eval(id("typed"), (f) => ((f as HTMLTextAreaElement).value = ""));
  await page.type(id("typed"), text);
}

async function answered(org: Organisation): Promise<void> {
  const by = org.advocates[0]!;
  const first = await answer({ to: mine, by, text: "PRACTICE. We have read what you wrote. ".repeat(20), more: true });
  const second = await answer({ to: mine, by, n: 1, former: first.hash, text: "\n\nA lawyer can come on Monday. Shall she?" });
  const third = await answer({ to: mine, by: org.advocates[1]!, n: 2, former: second.hash, text: "She has time at ten.", day: "2026-11-26" });
  const forged = await answer({ to: mine, by: { ...by, seed: org.advocates[2]!.seed }, n: 3, former: third.hash, text: "Go to the police station." });
  for (const s of [third, forged, first, second]) org.server.slots.push({ prefix: "", slot: s.slot });
}

async function opened(org: Organisation): Promise<{ text?: string; withdraw?: string[]; seq: number }> {
  const report = [...org.server.deposits.values()].at(-1)!.report;
  const { body } = JSON.parse(await openReport(report, 8, org.advocates[0]!.identity)) as { body: string };
  return JSON.parse(body) as { text?: string; withdraw?: string[]; seq: number };
}

const looks: readonly Visit[] = [{ name: "en" }, { name: "fr", lang: "fr" }, { name: "rtl", rtl: true }, { name: "dark", dark: true }];

describe("coming back with words", () => {
  test.each(looks)("$name: answers are read, a message is sent, a consent is taken back, and the page is emptied", { timeout: 120_000 }, async (v) => {
    const org = await site.fresh();
    await answered(org);
    await visit(v, async (page, look) => {
      await look("first");
      expect(site.requests.filter((r) => r.path.includes("reading"))).toEqual([]);
      await press(page, id("have-words"));
      await look("enter");
      // The words may be of another language than the page's.
      const words = await toWords(mine, (await wordList("en"))!);
      await typing(page, `${words.slice(0, 6).join(" ").toUpperCase()} letxer `);
      await page.waitForSelector(id("typed-unknown"));
      expect(await page.$eval(id("typed-unknown"), (e) => e.textContent)).toContain("letxer");
      expect(await page.$eval(id("typed-count"), (e) => e.textContent)).toMatch(/^7\b.*\b12\b/);
      await press(page, id("next"));
      await page.waitForSelector(id("problems"));
      await look("enter");
      await typing(page, words.join("\n"));
      await press(page, id("next"));
      await look("answers");
      expect(await page.$$eval(id("answer-text"), (l) => l.map((x) => x.textContent.slice(-20)))).toEqual([" Monday. Shall she?".padStart(20, "n"), "She has time at ten."]);
      expect(await page.$(id("unconfirmed"))).not.toBeNull();
      expect(await page.evaluate(() => document.body.textContent)).not.toContain("police station");
      await press(page, id("take-back"));
      await look("take-back");
      await press(page, id("take-back-count-me"));
      await look("openers");
      await press(page, id("next"));
      await look("sent");
      expect(await opened(org)).toMatchObject({ seq: 0, withdraw: ["count-me"] });
      await press(page, id("back-to-answers"));
      await look("answers");
      await press(page, id("next"));
      await look("write");
      await press(page, id("next"));
      await look("files");
      await press(page, id("next"));
      await page.waitForSelector(id("problems")); // neither words nor files
      await press(page, id("back"));
      await page.waitForSelector(id("message"));
      await page.type(id("message"), "PRACTICE. Monday is good.");
      await press(page, id("next"));
      await look("files");
      await press(page, id("next"));
      await look("openers");
      await press(page, `[data-testid^="leave-out-"]`);
      // It fails for good, is kept, and goes when she tries again.
      org.fault = (method) => (method === "POST" ? new Response("{}", { status: 422 }) : undefined);
      await press(page, id("next"));
      await look("failed");
      await press(page, id("back-to-check"));
      await look("openers");
      await press(page, `[data-testid^="leave-out-"]`);
      await press(page, id("back"));
      await look("files");
      await press(page, id("back"));
      await page.waitForSelector(id("message"));
      expect(await page.$eval(id("message"), (f) => (f as HTMLTextAreaElement).value)).toBe("PRACTICE. Monday is good.");
      org.fault = () => undefined;
      await press(page, id("next"));
      await look("files");
      await press(page, id("next"));
      await look("openers");
      await press(page, id("next"));
      await look("sent");
      expect(await opened(org)).toMatchObject({ seq: 0, text: "PRACTICE. Monday is good." });
      await press(page, id("next"));
      await look("gone");
      expect(await page.evaluate(() => document.body.textContent)).not.toMatch(/Monday|letter/);
    });
  });

  test("other words, digits, and no connection: said plainly, with the words kept to be looked at", { timeout: 120_000 }, async () => {
    const org = await site.fresh();
    await visit({ name: "none", lang: "en" }, async (page, look) => {
      await press(page, id("have-words"));
      await page.waitForSelector(id("typed"));
      const digits = (await toDigits(mine)).join(" ");
      await typing(page, digits);
      expect(await page.$eval(id("typed-count"), (e) => e.textContent)).toMatch(/^40\b.*\b40\b/);
      org.fault = (_, path) => (path.startsWith("/v1/buckets") ? new Response(null, { status: 400 }) : undefined);
      await press(page, id("next"));
      await look("unread");
      expect(await page.$eval("[data-problem]", (e) => (e as HTMLElement).dataset["problem"])).toBe("refused");
      org.fault = () => undefined;
      await press(page, id("next"));
      await look("answers");
      expect(await page.$(id("no-answer"))).not.toBeNull();
      expect(await page.$(id("answers"))).toBeNull();
      await press(page, id("next"));
      await look("enter");
      expect(await page.$eval(id("typed"), (f) => (f as HTMLTextAreaElement).value)).toBe(digits);
      // A last word that does not belong to the others is not looked up.
      const words = await toWords(mine, (await wordList("en"))!);
      const calls = org.server.calls.length;
      await typing(page, words.map((w, i) => (i === 3 ? "zoo" : w)).join(" "));
      await press(page, id("next"));
      await page.waitForSelector(id("problems"));
      expect(org.server.calls.length).toBe(calls);
      await press(page, id("back"));
      await look("first");
    });
  });

  test.each(looks.slice(2))("$name: answers that have run out, have no end, or are long and in another script", { timeout: 120_000 }, async (v) => {
    const org = await site.fresh();
    const by = org.advocates[0]!;
    const lost = await answer({ to: mine, by, n: 4, former: "ab".repeat(32), text: `PRACTICE ${"Donaudampfschifffahrtsgesellschaft".repeat(4)}\n\nhttps://example.org/${"x".repeat(80)}` });
    const burmese = await answer({ to: mine, by, n: 5, former: lost.hash, text: "\u1019\u103c\u1014\u103a\u1019\u102c \u0645\u0631\u062d\u0628\u0627 ".repeat(20), more: true });
    for (const s of [burmese, lost]) org.server.slots.push({ prefix: "", slot: s.slot });
    await visit({ ...v, name: `${v.name}-old` }, async (page, look) => {
      await press(page, id("have-words"));
      await page.waitForSelector(id("typed"));
      await typing(page, (await toDigits(mine)).join(" "));
      await press(page, id("next"));
      await look("answers");
      expect(await page.$(id("ran-out"))).not.toBeNull();
      expect(await page.$(id("unfinished"))).not.toBeNull();
      expect(await page.$$(id("answer"))).toHaveLength(2);
      await page.$eval(id("unfinished"), (e) => e.scrollIntoView({ block: "center", behavior: "instant" }));
      await look("answers");
    });
  });

  test.each(looks.slice(0, 2))("attack 16: $name: with nothing but what could not be confirmed she is told so, and that her words fit", { timeout: 120_000 }, async (v) => {
    const org = await site.fresh();
    const [by, other] = [org.advocates[0]!, org.advocates[1]!];
    org.server.slots.push({ prefix: "", slot: (await answer({ to: mine, by: { ...by, seed: other.seed }, text: "Go to the police station." })).slot });
    await visit({ ...v, name: `${v.name}-forged` }, async (page, look) => {
      await press(page, id("have-words"));
      await page.waitForSelector(id("typed"));
      await typing(page, (await toWords(mine, (await wordList("en"))!)).join(" "));
      await press(page, id("next"));
      await look("answers");
      expect(await page.$(id("unconfirmed"))).not.toBeNull();
      expect(await page.$(id("answer"))).toBeNull();
      expect(await page.$(id("no-answer"))).toBeNull();
      expect(await page.evaluate(() => document.body.textContent)).not.toContain("police station");
      await press(page, id("next"));
      await look("write");
    });
  });

  test("with several desks and no answer she is asked which one", { timeout: 120_000 }, async () => {
    const org = await site.fresh();
    const street = { id: "street", labels: { en: "Street" }, topics: [], regions: [], people: org.advocates.map((a) => a.id), slots: 8 };
    const text = new TextDecoder().decode(org.note).split("\n")[1]!;
    await org.publish({ ...(JSON.parse(text) as object), desks: [street, { ...street, id: "night", labels: { en: "Night" } }] });
    org.files.set("/v1/desks/night", new TextEncoder().encode(org.sheet.replace('"street"', '"night"')));
    await visit({ name: "desks" }, async (page, look) => {
      await press(page, id("have-words"));
      await page.waitForSelector(id("typed"));
      await typing(page, (await toWords(mine, (await wordList("en"))!)).join(" "));
      await press(page, id("next"));
      await look("answers");
      await press(page, id("write"));
      await look("desk");
      await press(page, id("next"));
      await page.waitForSelector(id("problems"));
      await press(page, id("desk-night"));
      await press(page, id("next"));
      await look("write");
      await page.type(id("message"), "PRACTICE");
      await press(page, id("next"));
      await look("files");
      await press(page, id("next"));
      await look("openers");
      await press(page, id("next"));
      await look("sent");
      expect([...org.server.deposits.values()].map((d) => d.desk)).toEqual(["night"]);
    });
  });

  test("attack 21: leaving empties the page at once, typed words included", { timeout: 60_000 }, async () => {
    await site.fresh();
    await visit({ name: "left" }, async (page) => {
      await press(page, id("have-words"));
      await page.waitForSelector(id("typed"));
      await typing(page, "letter advice");
      await page.evaluate(() => {
        const field = document.querySelector<HTMLTextAreaElement>("[data-testid=typed]")!;
        document.querySelector<HTMLButtonElement>("[data-testid=leave]")!.click();
        if (field.value !== "" || document.body.textContent !== "") throw new Error("something is left");
      });
      await page.waitForFunction(() => location.href === "about:blank");
    });
  });
});
