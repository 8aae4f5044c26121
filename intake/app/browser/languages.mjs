// Every screen of the app in every language: a peer's whole way, from the first screen to a message sent after coming back,
// a page loaded again, and everything removed. On each screen: no finding of axe-core; nothing wider than the screen, at 360
// pixels and at 320 with text at 200 %; the language and its direction told to the browser; no English left over in another
// script; and the form with a keyboard alone. In Chromium; from right to left in Firefox too.
//   node browser/languages.mjs            all of them
//   node browser/languages.mjs --whole    with the contrast of colours in each
//   node browser/languages.mjs ar my      these, in Chromium
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { accessible, id, press, walk } from "./form.mjs";
import { check, cleanUp, demo, launch, picture, proxy, publicDemo, root, temporaryFolder, until } from "./tools.mjs";

const source = (name) => readFile(join(root, "intake/app/src", name), "utf8");
const languages = [...(await source("strings/index.ts")).matchAll(/\{ tag: "([a-z]+)", locale: "([A-Za-z-]+)", name: "([^"]+)", dir: "(ltr|rtl)", draft: (true|false)/g)]
  .map(([, tag, locale, name, dir, draft]) => ({ tag, locale, name, dir, draft: draft === "true" }));
const routes = [...(await source("ui/routes.ts")).matchAll(/"([a-z-]+)"/g)].map((m) => m[1]);
const pictured = ["en", "ar", "my"];
/** The colours are the same in every language: but in `--whole`, contrast is looked at in these. */
const coloured = ["en", "ar"];
/** Where a language is written in another script, the Latin words that stay; and what the demo's organisation wrote. */
const latin = /\b(HEIC|iPhone|Samsung|MB|https|txt|note|Notes?|Harbour Peers|practice|invented|Street desk|Health and home desk|(North|South) shore|Harbour|Old Mill|Saltmarket|Ferry Steps|Nino|Amara|Luc|Advocate|PRACTICE|At Quincebrook|in the evening)\b/g;

const whole = process.argv.includes("--whole");
const only = process.argv.slice(2).filter((a) => !a.startsWith("--"));

/** What is written on the page for her, without the names of languages and what she typed. */
const written = (page) => page.evaluate(() => {
  const copy = document.body.cloneNode(true);
  for (const e of copy.querySelectorAll("[data-testid=language], [data-testid=words], [data-testid=root-words], [translate=false], [translate=no], script, style, noscript")) e.remove();
  const said = [];
  const texts = document.createTreeWalker(copy, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) said.push(texts.currentNode.nodeValue);
  return `${said.join(" ")} ${[...copy.querySelectorAll("[aria-label], [placeholder]")].map((e) => `${e.getAttribute("aria-label") ?? ""} ${e.getAttribute("placeholder") ?? ""}`).join(" ")}`;
});

/** What of the page is wider than the screen, or cut off. */
const tooWide = (page) => page.evaluate(() => {
  const root = document.documentElement;
  const out = root.scrollWidth > root.clientWidth ? [`page ${root.scrollWidth - root.clientWidth} px`] : [];
  for (const e of document.body.querySelectorAll("button, a, label, p, h1, h2, li, legend, select, input, textarea, summary, dd, dt")) {
    const b = e.getBoundingClientRect();
    if (b.width === 0 || getComputedStyle(e).position === "absolute" || e.closest(".sr")) continue;
    if (b.right > root.clientWidth + 1 || b.left < -1) out.push(`${e.tagName} ${e.textContent.slice(0, 40)}`);
    else if (e.matches("button, a, label, summary") && e.scrollWidth > e.clientWidth + 2 && e.clientWidth > 0 && getComputedStyle(e).overflow !== "visible") out.push(`cut ${e.textContent.slice(0, 40)}`);
  }
  return out;
});

/** Telephone numbers whose groups stand in another order than they are dialled. */
const turnedRound = (page) => page.evaluate(() => {
  const out = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    for (const m of texts.currentNode.nodeValue.matchAll(/000 000\d/g)) {
      const at = (n) => {
        const r = document.createRange();
        r.setStart(texts.currentNode, m.index + n);
        r.setEnd(texts.currentNode, m.index + n + 1);
        return r.getBoundingClientRect();
      };
      const [first, last] = [at(0), at(m[0].length - 1)];
      if (first.width > 0 && Math.abs(first.top - last.top) < 4 && first.left > last.left) out.push(m[0]);
    }
  }
  return out;
});

class Visit {
  constructor(name, browser, site, url, l) {
    Object.assign(this, { name, browser, site, url, l, seen: new Set() });
  }

  /** A new page in the language, as a phone of somebody who speaks it opens it. */
  async page() {
    const page = await this.browser.newPage();
    await page.setViewport({ width: 360, height: 640 });
    await page.evaluateOnNewDocument((tag) => Object.defineProperties(navigator, { language: { value: tag }, languages: { value: [tag] } }), this.l.locale);
    this.complaints ??= [];
    page.on("pageerror", (e) => this.complaints.push(String(e)));
    return page;
  }

  async open() {
    const page = await this.page();
    await page.goto(this.url);
    await page.waitForSelector(id("screen-first"));
    return page;
  }

  /** Looks at a screen, once in each language. */
  async look(page, screen) {
    if (this.seen.has(screen)) return;
    this.seen.add(screen);
    const where = `${this.name}, ${this.l.tag}, ${screen}`;
    const spoken = await page.evaluate(() => [document.documentElement.lang, document.documentElement.dir]);
    if (spoken[0] !== this.l.locale || spoken[1] !== this.l.dir) throw new Error(`${where}: the page says it is ${spoken}`);
    if (this.name === "chromium") await accessible(page, where, whole || coloured.includes(this.l.tag));
    const turned = await turnedRound(page);
    if (turned.length > 0) throw new Error(`${where}: a number to call reads in another order: ${turned.join("; ")}`);
    const wide = await tooWide(page);
    if (wide.length > 0) throw new Error(`${where}: too wide: ${wide.join("; ")}`);
    if (/^(ru|uk|ar|prs|my)$/.test(this.l.tag)) {
      const left = (await written(page)).replace(latin, "").match(/[A-Za-z]{3,}/g);
      if (left) throw new Error(`${where}: in English: ${left.join(" ")}`);
    }
    if (pictured.includes(this.l.tag) && this.name === "chromium") {
      await page.setViewport({ width: 360, height: Math.max(640, await page.evaluate(() => document.documentElement.scrollHeight)) });
      await picture(page, `screens/${this.l.tag}/${screen}`);
    }
    // 320 px with text at 200 %: WCAG 1.4.4 and 1.4.10.
    await page.setViewport({ width: 320, height: 640 });
    await page.evaluate(() => { document.documentElement.style.fontSize = "200%"; });
    const large = await tooWide(page);
    if (large.length > 0) {
      await picture(page, `wide-${this.l.tag}-${screen}`);
      throw new Error(`${where}: at 320 px and 200 %: ${large.join("; ")}`);
    }
    await page.evaluate(() => { document.documentElement.style.fontSize = ""; });
    await page.setViewport({ width: 360, height: 640 });
  }

  /** Holds the requests that `of` picks until `during` is through. */
  async held(of, during) {
    let release;
    const held = new Promise((r) => { release = r; });
    this.site.hold = (req) => (of(req) ? held : undefined);
    try {
      return await during();
    } finally {
      this.site.hold = () => undefined;
      release();
    }
  }

  async report(dir) {
    const page = await this.page();
    await this.held((req) => req.url.endsWith("/roster"), async () => {
      await page.goto(this.url);
      await page.waitForSelector(id("screen-opening"));
      await this.look(page, "opening");
    });
    await page.waitForSelector(id("screen-first"));
    await until("the organisation's words", 10, () => page.evaluate(() => document.body.textContent.includes("000 0001")));
    if (!this.l.draft || this.name !== "chromium") check(true, `${this.name}, ${this.l.tag}: the first screen`);
    const tick = (what) => () => press(page, what);
    await walk(page, {
      desk: tick("desk-street"),
      teller: async () => { await press(page, "teller-witness"); await press(page, "asked-yes"); },
      groups: async () => { for (const g of ["police", "property", "health", "emergency", "family-housing", "community", "work-public", "justice-custody"]) await press(page, `groups-${g}`); },
      when: tick("today"),
      affected: tick("age-15-17"),
      urgency: async () => {
        await press(page, "urgency-in-custody-now");
        await press(page, "help");
        await page.waitForSelector(id("screen-help"));
        await this.look(page, "help");
        await press(page, "back");
        await page.waitForSelector(id("screen-urgency"));
      },
      story: () => page.type(id("story"), "PRACTICE. At Quincebrook, in the evening."),
      files: async () => {
        await until("the copy sealed", 20, () => page.$eval(id("files-input"), (f) => !f.disabled));
        await (await page.$(id("files-input"))).uploadFile(join(dir, "note.txt"));
        await until("the file looked at", 10, () => page.$$eval(id("file"), (l) => l.length === 1 && l[0].dataset.found !== "checking"));
      },
    }, "check", (screen) => this.look(page, screen));

    this.site.fault = (req) => req.method === "POST" || req.method === "PUT";
    await page.click(id("next"));
    await page.waitForSelector(id("screen-failed"), { timeout: 60_000 });
    await this.look(page, "failed");
    this.site.fault = (req) => req.method === "PUT";
    await this.held((req) => req.method === "POST", async () => {
      await page.click(id("again"));
      await page.waitForSelector(id("screen-sending"));
      await this.look(page, "sending");
    });
    await page.waitForSelector(id("screen-partly"), { timeout: 60_000 });
    await this.look(page, "partly");
    this.site.fault = () => false;
    await page.click(id("again"));
    await page.waitForSelector(id("words"), { timeout: 60_000 });
    await this.look(page, "words");
    const words = await page.$$eval(`${id("words")} li`, (l) => l.map((x) => x.textContent));
    const listed = ["en", "fr", "es", "pt"].includes(this.l.tag);
    check(listed ? words.length === 12 : words.length === 8 && words.every((w) => /^\d{5}$/.test(w)), `${this.name}, ${this.l.tag}: a receipt of ${listed ? "12 words of the language's list" : "eight groups of digits: there is no list"}`);
    await page.click(id("next"));
    await page.waitForSelector(id("screen-retype"));
    await this.look(page, "retype");
    const asked = await page.$$eval("[data-testid^=retype-]", (l) => l.map((x) => [x.dataset.testid, Number(/\d+/.exec(document.querySelector(`label[for=${x.id}]`).textContent)[0])]));
    for (const [field, n] of asked) await page.type(id(field), words[n - 1]);
    await page.click(id("next"));
    await page.waitForSelector(id("screen-thanks"));
    await this.look(page, "thanks");
    await page.click(id("next"));
    await page.waitForSelector(id("screen-gone"));
    await this.look(page, "gone");
    await page.close();
    return words;
  }

  /** Digits as somebody may have written them down in her own script. */
  typed(words) {
    const zero = { ar: 0x660, prs: 0x6f0, my: 0x1040 }[this.l.tag];
    return words.join(" ").replace(/\d/g, (d) => (zero ? String.fromCharCode(zero + Number(d)) : d));
  }

  async comesBack(words) {
    const page = await this.open();
    await press(page, "have-words");
    await page.waitForSelector(id("screen-enter"));
    await page.type(id("typed"), this.typed(words));
    await this.look(page, "enter");
    const replies = (req) => req.url.startsWith("/v1/buckets");
    this.site.fault = replies;
    await page.click(id("next"));
    await page.waitForSelector(id("screen-unread"), { timeout: 30_000 });
    await this.look(page, "unread");
    this.site.fault = () => false;
    await this.held(replies, async () => {
      await page.click(id("next"));
      await page.waitForSelector(id("screen-looking"));
      await this.look(page, "looking");
    });
    await page.waitForSelector(id("screen-answers"), { timeout: 30_000 });
    await this.look(page, "answers");
    await press(page, "write");
    await page.waitForSelector(id("screen-desk"));
    await press(page, "desk-street");
    await page.click(id("next"));
    await page.waitForSelector(id("screen-write"));
    await page.type(id("message"), "PRACTICE. At Quincebrook, in the evening.");
    await this.look(page, "write");
    await page.click(id("next"));
    await page.waitForSelector(id("screen-files"));
    await page.click(id("next"));
    await page.waitForSelector(id("screen-openers"));
    await until("who can open it", 10, () => page.$(id("openers")));
    await page.click(id("next"));
    await page.waitForSelector(id("screen-sent"), { timeout: 60_000 });
    await this.look(page, "sent");
    await press(page, "back-to-answers");
    await page.waitForSelector(id("screen-answers"));
    await press(page, "take-back");
    await page.waitForSelector(id("screen-take-back"));
    await this.look(page, "take-back");
    await page.close();
  }

  async loadedAgain() {
    const page = await this.open();
    await walk(page, {
      desk: () => press(page, "desk-street"),
      files: () => until("the copy sealed", 20, () => page.$eval(id("files-input"), (f) => !f.disabled)),
    }, "files");
    await page.reload();
    await page.waitForSelector(id("waiting"));
    await press(page, "look");
    await page.waitForSelector(id("waits"));
    await until("the words to compare", 10, () => page.$(id("trust")));
    await this.look(page, "phone");
    await press(page, "send-waiting");
    await page.waitForSelector(id("screen-copy-sent"), { timeout: 60_000 });
    await this.look(page, "copy-sent");
    await page.close();
    const last = await this.open();
    await press(last, "phone");
    await press(last, "forget");
    await press(last, "forget-yes");
    await last.waitForSelector(id("screen-forgot"));
    await this.look(last, "forgot");
    await last.close();
  }

  /** Without the list of who can open reports nobody gets in; only a language that needs no signature is spoken then. */
  async shut() {
    if (this.l.draft) return;
    const page = await this.page();
    this.site.fault = (req) => req.url.endsWith("/roster");
    await page.goto(this.url);
    await page.waitForSelector(id("screen-shut"), { timeout: 30_000 });
    await this.look(page, "shut");
    this.site.fault = () => false;
    await page.close();
  }

  async all(dir) {
    const began = performance.now();
    await this.shut();
    const words = await this.report(dir);
    await this.comesBack(words);
    await this.loadedAgain();
    const missing = routes.filter((r) => !this.seen.has(r) && !(r === "shut" && this.l.draft));
    check(missing.length === 0 && this.complaints.length === 0,
      `${this.name}, ${this.l.name}: ${this.seen.size} screens visited, none of ${routes.length} left out ${[...missing, ...this.complaints].join("; ")} (${Math.round((performance.now() - began) / 1000)} s)`);
  }
}

/**
 * The form with a keyboard alone: on every screen Tab reaches each thing that can be pressed or filled in (of radio buttons one
 * of a group), shows where it is, and Enter goes on.
 */
async function byKeyboard(browser, url) {
  const page = await browser.newPage();
  await page.setViewport({ width: 360, height: 640 });
  await page.goto(url);
  await page.waitForSelector(id("screen-first"));
  const screens = [];
  for (let screen = "screen-first"; screen !== "screen-check"; ) {
    const wanted = await page.evaluate(() => {
      let n = 0;
      const groups = new Set();
      for (const e of document.querySelectorAll("button, a[href], input, select, textarea, summary")) {
        if (e.disabled || e.getBoundingClientRect().width === 0 || !e.checkVisibility()) continue;
        if (e.type === "radio" && groups.has(e.name)) continue;
        if (e.type === "radio") groups.add(e.name);
        e.dataset.wanted = String(n++);
      }
      return n;
    });
    const reached = new Set();
    for (let i = 0; i < 3 * wanted + 10 && reached.size < wanted; i++) {
      await page.keyboard.press("Tab");
      const at = await page.evaluate(() => {
        const e = document.activeElement;
        const of = e.type === "radio" ? document.querySelector(`input[type=radio][name="${e.name}"][data-wanted]`) : e;
        const style = getComputedStyle(e);
        const shown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 || !!e.closest("label")?.matches(":focus-within");
        return { n: of?.dataset?.wanted, shown: shown || e === document.body };
      });
      if (!at.shown) throw new Error(`${screen}: the keyboard is somewhere that does not show`);
      if (at.n !== undefined) reached.add(at.n);
    }
    if (reached.size < wanted) throw new Error(`${screen}: ${wanted - reached.size} of ${wanted} are out of reach of the keyboard`);
    screens.push(screen);
    if (screen === "screen-desk") {
      await page.focus(id("desk-street"));
      await page.keyboard.press("Space");
    }
    await page.focus(id("next"));
    await page.keyboard.press("Enter");
    const was = screen;
    screen = await until(`the screen after ${was}`, 10, () => page.$eval("form[data-testid^=screen-]", (f, last) => (f.dataset.testid === last ? "" : f.dataset.testid), was));
    const heading = await page.evaluate(() => document.activeElement?.id);
    if (heading !== "title") throw new Error(`${screen}: a screen reader is at ${heading}, not at the question`);
  }
  check(screens.length >= 20, `by keyboard alone: each of ${screens.length} screens, everything within reach, and a new one begins at its question`);
  await page.close();
}

/** A draft that the organisation has not signed is neither offered nor spoken. */
async function off(browser, url) {
  const page = await browser.newPage();
  await page.evaluateOnNewDocument(() => Object.defineProperties(navigator, { language: { value: "ru" }, languages: { value: ["ru", "fr"] } }));
  await page.goto(url);
  await page.waitForSelector(id("screen-first"));
  await until("another language", 10, () => page.evaluate(() => document.documentElement.lang === "fr"));
  const offered = await page.$$eval(`${id("language")} option`, (l) => l.map((o) => o.value));
  check(offered.join() === "en,fr", "a language that the organisation has not signed is neither offered nor spoken");
  await page.close();
}

try {
  const [plain, org] = await Promise.all([publicDemo(), demo("--reports", "100", "--drafts")]);
  const dir = await temporaryFolder("note");
  await writeFile(join(dir, "note.txt"), "PRACTICE");
  const wanted = languages.filter((l) => only.length === 0 || only.includes(l.tag));
  check(languages.length === 10 && wanted.length > 0, "the app has ten languages");
  // Much of a way is waiting (a line that is cut is tried again), so several are walked at once, each browser taking the next.
  const left = [...wanted];
  const lane = async (browser, name, list, also = () => undefined) => {
    await also(browser);
    for (let l = list.shift(); l; l = list.shift()) {
      // A proxy of its own: what one language's way cuts does not reach another's.
      const site = await proxy(new URL(org.phone).origin);
      await new Visit(name, browser, site, site.url + "/" + new URL(org.phone).hash, l).all(dir);
    }
    await browser.close();
  };
  const lanes = [0, 1, 2, 3, 4].map(async (n) => lane(await launch("chromium"), "chromium", left, async (browser) => {
    if (n === 0) await off(browser, plain.phone);
    if (n === 1) await byKeyboard(browser, plain.phone);
  }));
  if (only.length === 0) lanes.push(lane(await launch("firefox"), "firefox", languages.filter((l) => l.tag === "ar")));
  await Promise.all(lanes);
  console.log("languages: all of it held");
} catch (e) {
  console.error(`error: ${e.stack}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
