import type { Browser } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openReport } from "./open.ts";
import { wordList } from "../src/lib/lists.ts";
import { languages } from "../src/strings/index.ts";
import { launch, press, Site } from "./site.ts";

// The built app in Debian's Chromium, under the rules that the server sends.

/** design.md §6. The desk has as many people as its eight slots take. */
const limit = 90_000;

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

describe("the first visit", () => {
  test.each(languages)("in $tag: a report is sent within 8 requests and 90 kB, and the page breaks none of its rules", { timeout: 120_000 }, async ({ tag: lang, locale }) => {
    const organisation = await site.fresh({}, lang);
    const context = await browser.createBrowserContext();
    try {
      const page = await context.newPage();
      await page.setViewport({ width: 360, height: 640 });
      await page.evaluateOnNewDocument((tag: string) => {
        Object.defineProperty(navigator, "languages", { value: [tag] });
        document.addEventListener("securitypolicyviolation", (e) => console.error(`rule broken: ${e.violatedDirective} ${e.blockedURI}`));
      }, locale);
      const complaints: string[] = [];
      page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
      page.on("pageerror", (e) => complaints.push(String(e)));
      await page.goto(site.url);
      await page.waitForSelector("[data-testid=screen-first]", { timeout: 20_000 });
      for (let i = 0; i < 60 && !(await page.$("[data-testid=words], [data-testid=sending-now]")); i++) {
        await page.click("[data-testid=next]");
        await new Promise((done) => setTimeout(done, 50));
      }
      await page.waitForSelector("[data-testid=words]", { timeout: 30_000 });
      expect((await page.$$("[data-testid=words] li")).length).toBe((await wordList(lang)) ? 12 : 8);
      expect(await page.evaluate(() => document.documentElement.lang)).toBe(locale);
      expect(await page.evaluate(() => getComputedStyle(document.querySelector("[data-testid=next]")!).minHeight)).not.toBe("auto");
      expect(complaints).toEqual([]);
      const [deposit] = organisation.server.deposits.values();
      expect(JSON.parse(await openReport(deposit!.report, 8, organisation.advocates[0]!.identity))).toMatchObject({ kind: "report", lang });
      // The last one comes when the page has settled: waited for, it is counted here, and not with the next visit.
      await vi.waitFor(() => expect(site.requests.some((r) => r.path === "/sw.js")).toBe(true), 10_000);
      const bytes = site.requests.reduce((n, r) => n + r.bytes, 0);
      process.stdout.write(`first visit, ${lang}: ${site.requests.length} requests of 8, ${bytes} bytes of ${limit}\n${site.requests.map((r) => `  ${r.bytes} ${r.path.slice(0, 60)}`).join("\n")}\n`);
      expect(site.requests.length).toBeLessThanOrEqual(8);
      expect(bytes).toBeLessThanOrEqual(limit);
    } finally {
      await context.close();
    }
  });
});

describe("tap to hear", () => {
  const visit = async (voices: readonly { lang: string; localService: boolean }[], audio?: { readonly [screen: string]: Uint8Array<ArrayBuffer> }) => {
    await site.fresh(audio);
    const context = await browser.createBrowserContext();
    const page = await context.newPage();
    // A machine without a screen has no voices: these stand in for a phone's, and what is spoken is kept.
    await page.evaluateOnNewDocument((list: typeof voices) => {
      const said: string[] = [];
      Object.assign(globalThis, { said });
      speechSynthesis.getVoices = () => list as unknown as SpeechSynthesisVoice[];
      speechSynthesis.speak = (u) => void said.push(u.text);
      const cancel = speechSynthesis.cancel.bind(speechSynthesis);
      speechSynthesis.cancel = () => {
        console.info(`silenced with ${document.body.childElementCount} parts`);
        cancel();
      };
      Object.defineProperty(SpeechSynthesisUtterance.prototype, "voice", { set: () => undefined });
    }, voices);
    await page.goto(site.url);
    await press(page, "[data-testid=next]");
    await page.waitForSelector("[data-testid=screen-teller]");
    return { page, close: () => context.close() };
  };

  test("with a voice of the phone itself the question and its answers are read, and nothing that was typed", async () => {
    const { page, close } = await visit([{ lang: "fr-FR", localService: true }, { lang: "en-GB", localService: true }]);
    for (let i = 0; i < 30 && !(await page.$("[data-testid=screen-story]")); i++) await press(page, "[data-testid=next]");
    await page.type("[data-testid=story]", "PRACTICE quincebrook");
    await press(page, "[data-testid=hear]");
    const said = await vi.waitUntil(() => page.evaluate(() => (globalThis as unknown as { said: string[] }).said[0]));
    expect(said).toContain("Tell it in your own words");
    expect(said).not.toContain("quincebrook");
    expect(await page.$eval("[data-testid=hear]", (b) => b.getAttribute("aria-pressed"))).toBe("true");
    // Where her answers are shown to her once more, what she chose and wrote is not read out either.
    for (let was = "screen-story"; was !== "screen-check";) {
      await press(page, "[data-testid=next]");
      was = await vi.waitUntil(() => page.$eval("form[data-testid^=screen-]", (f, last) => (f.dataset["testid"] === last ? "" : f.dataset["testid"]!), was), 10_000);
    }
    expect(await page.$eval("[data-testid=summary]", (e) => e.textContent)).toContain("quincebrook");
    await press(page, "[data-testid=hear]");
    const last = await vi.waitUntil(() => page.evaluate(() => (globalThis as unknown as { said: string[] }).said[1]), 10_000);
    expect(last).toContain("Check");
    expect(last).not.toMatch(/quincebrook|PRACTICE/);
    // Leaving silences the page with the same press that empties it.
    const told: string[] = [];
    page.on("console", (m) => void told.push(m.text()));
    await page.evaluate(() => void setTimeout(() => document.querySelector<HTMLButtonElement>("[data-testid=leave]")!.click()));
    await vi.waitUntil(() => told.includes("silenced with 0 parts"), 10_000);
    await close();
  });

  test("the organisation's own recording of a screen goes before any voice; out of reach, the voice reads", async () => {
    // A second of silence, as a WAV file.
    const wav = new Uint8Array(44 + 8000).fill(128);
    const head = new DataView(wav.buffer);
    for (const [at, word] of [[0, "RIFF"], [8, "WAVE"], [12, "fmt "], [36, "data"]] as const) for (let i = 0; i < 4; i++) head.setUint8(at + i, word.charCodeAt(i));
    for (const [at, n] of [[4, 36 + 8000], [16, 16], [24, 8000], [28, 8000], [40, 8000]] as const) head.setUint32(at, n, true);
    for (const [at, n] of [[20, 1], [22, 1], [32, 1], [34, 8]] as const) head.setUint16(at, n, true);
    const { page, close } = await visit([{ lang: "en-GB", localService: true }], { teller: wav });
    const said = () => page.evaluate(() => (globalThis as unknown as { said: string[] }).said.length);
    const pressed = () => page.$eval("[data-testid=hear]", (b) => b.getAttribute("aria-pressed"));
    await press(page, "[data-testid=hear]");
    await vi.waitFor(() => expect(site.requests.filter((r) => r.path.startsWith("/v1/audio/"))).toHaveLength(1), 10_000);
    await vi.waitFor(async () => expect(await pressed()).toBe("false"), 10_000); // it has ended
    expect(await said()).toBe(0);
    await press(page, "[data-testid=hear]");
    await press(page, "[data-testid=next]");
    await page.waitForSelector("[data-testid=screen-groups]");
    expect(await pressed()).toBe("false"); // another screen: it is quiet
    await press(page, "[data-testid=hear]");
    await vi.waitFor(async () => expect(await said()).toBe(1), 10_000); // no recording of this one
    await close();
  });

  test("a recording with another hash than the signed one is not played", async () => {
    const { page, close } = await visit([], { teller: new Uint8Array([1, 2, 3]) });
    const [path] = [...site.organisation.files.keys()].filter((p) => p.startsWith("/v1/audio/"));
    site.organisation.files.set(path!, new Uint8Array([4, 5, 6]));
    await press(page, "[data-testid=hear]");
    await vi.waitFor(async () => expect(await page.$eval("[data-testid=hear]", (b) => b.getAttribute("aria-pressed"))).toBe("false"), 10_000);
    expect(await page.$("audio")).toBeNull();
    await close();
  });

  test.each([[[]], [[{ lang: "en-GB", localService: false }]], [[{ lang: "fr-FR", localService: true }]]])("without one, or with one that sends what it reads to a company, there is no button: %j", async (voices) => {
    const { page, close } = await visit(voices);
    expect(await page.$("[data-testid=hear]")).toBeNull();
    await close();
  });
});
