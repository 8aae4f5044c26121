// What an advocate does at her desk: the workstation's own pages, in a browser.
import { accessible } from "./form.mjs";
import { check, picture, until } from "./tools.mjs";

const byText = (selector, text) => (page) => page.evaluateHandle((s, t) => [...document.querySelectorAll(s)].find((b) => b.textContent.trim() === t && b.checkVisibility()), selector, text).then((h) => h.asElement());

/** A desk in a page of its own, unlocked. */
export class Desk {
  static async open(browser, org) {
    const page = await browser.newPage();
    await page.setViewport({ width: 1280, height: 800 });
    const answer = await page.goto(org.desk);
    const rules = answer.headers()["content-security-policy"];
    check(/default-src 'none'/.test(rules) && !/script-src/.test(rules), "the desk's pages allow no script");
    const desk = new Desk(page);
    await accessible(page, "the unlock page");
    await desk.unlock(org.passphrase, await org.code());
    await accessible(page, "the inbox");
    return desk;
  }

  constructor(page) {
    this.page = page;
    this.inbox = new URL("/", page.url()).href;
  }

  /** Unlocks a desk that is locked, at whatever page. */
  async unlock(passphrase, code) {
    if (!this.page.url().endsWith("/unlock")) await this.page.goto(this.inbox);
    await this.page.type("#passphrase", passphrase);
    await this.page.type("#code", code);
    await this.press("Unlock");
  }

  /** Submits the form of the button that bears this text. */
  async press(text) {
    await this.#through(await until(`a button "${text}"`, 5, () => byText("button", text)(this.page)));
  }

  /** Follows the link that bears this text. */
  async follow(text) {
    await this.#through(await until(`a link "${text}"`, 5, () => byText("a", text)(this.page)));
  }

  /** Opens what stands folded under this line. */
  async unfold(text) {
    const summary = await until(`"${text}" to unfold`, 5, () => byText("summary", text)(this.page));
    await summary.click();
  }

  async #through(thing) {
    await Promise.all([this.page.waitForNavigation(), thing.click()]);
  }

  /** The address of the case in the open list that shows this text. */
  find(text) {
    return this.page.evaluate((t) => [...document.querySelectorAll(".list a")].find((a) => a.closest("li, tr, article, a").textContent.includes(t))?.href, text);
  }

  shows(selector, text) {
    return this.page.$$eval(selector, (all, t) => all.some((x) => x.textContent.includes(t)), text);
  }
}

/** Reads the peer's case with its picture, takes it, moves it on, writes a note. Returns the case's address. */
export async function takes(desk, story) {
  const { page } = desk;
  await desk.press("Sync now");
  const url = await desk.find("Quincebrook");
  check(url, "the inbox shows the browser's report");
  await picture(page, "desk-inbox");
  const first = await page.evaluate(() => document.querySelector(".list .mark")?.textContent ?? "");
  check(/Danger|Held/.test(first), "what is urgent stands first");

  await page.goto(url);
  check(await desk.shows(".words", story), "the case shows the person's own words");
  await accessible(page, "the case");
  await desk.unfold("Show the picture");
  await until("the picture", 10, () => page.evaluate(() => [...document.images].some((i) => i.complete && i.naturalWidth === 640)));
  check(true, "the picture appears in the case");
  const link = await page.$eval("a[download]", (a) => a.href);
  const cookies = (await page.browserContext().cookies()).filter((c) => c.domain === "127.0.0.1").map((c) => `${c.name}=${c.value}`).join("; ");
  const file = await fetch(link, { headers: { cookie: cookies } });
  const bytes = Buffer.from(await file.arrayBuffer());
  check(bytes[0] === 0xff && bytes[1] === 0xd8 && !bytes.includes("Sparrowmark") && !bytes.includes("GPS"), "the file that arrived holds no place and no name");

  await desk.press("Take this case");
  await page.evaluate(() => [...document.querySelectorAll("summary")].find((s) => /review/i.test(s.textContent)).click());
  const form = await page.evaluateHandle(() => [...document.querySelectorAll("form")].find((f) => f.querySelector("[name=to][value=in-review]")));
  await form.$("textarea").then((t) => t.type("She agreed on the telephone"));
  await Promise.all([page.waitForNavigation(), form.$("button").then((b) => b.click())]);
  await page.type("#note", "Called the station; they deny it");
  await desk.press("Add the note");
  check(await desk.shows(".history", "She agreed on the telephone") && await desk.shows(".history", "they deny it"), "taken, moved to review with a reason, a note added: the history shows each");
  await accessible(page, "the case after acting");
  await picture(page, "desk-case");
  return page.url();
}

/** Answers the peer, after a look at what she will read. */
export async function answers(desk, text) {
  const { page } = desk;
  await desk.unfold("Answer the person");
  await page.type("#answer-text", text);
  await desk.press("Show me what they will read");
  await accessible(page, "the answer, before it goes");
  check(await desk.shows(".preview", text), "the desk shows what the peer will read");
  await desk.press("Send the answer");
  check(await desk.shows(".history", text), "the answer stands in the history");
}

/** Sees what the peer wrote since, codes the case and closes it. */
export async function codesAndCloses(desk, url, message) {
  const { page } = desk;
  await page.goto(url);
  await desk.press("Sync now");
  await page.goto(url);
  check(await desk.shows(".words", message), "the peer's message stands in the same case");
  check(await desk.shows(".later", "Partly helped"), "and how she says the help went");
  const files = await until("the file that she added", 30, async () => {
    const found = await page.$$eval("a[href$='/download']", (l) => new Set(l.map((a) => a.href)).size);
    if (found < 3) await desk.press("Sync now").then(() => page.goto(url));
    return found;
  });
  check(files === 3, "and the file that she added, beside the picture and the recording");
  await picture(page, "desk-message");
  await desk.follow("Code this case");
  await accessible(page, "the coding");
  check(await page.$eval("#acts-0-code", (s) => s.value) === "extortion", "the form begins with what the person said");
  await page.click("#main-act");
  await page.select("#services-0-code", "legal-primary");
  await page.select("#services-0-outcome", "full");
  await picture(page, "desk-coding");
  await desk.press("Save the coding");
  check(await desk.shows(".side", "Money or goods demanded") && await desk.shows(".side .facts", "Legal"), "the coding stands in the case");
  await accessible(page, "the coded case");
  await page.evaluate(() => [...document.querySelectorAll("summary")].find((s) => /close/i.test(s.textContent)).click());
  await page.select("#closed-choice", "resolved");
  const form = await page.evaluateHandle(() => document.querySelector("#closed-choice").form);
  await Promise.all([page.waitForNavigation(), form.$("button").then((b) => b.click())]);
  check(await desk.shows(".lead .meta", "Closed"), "the case is closed");
}
