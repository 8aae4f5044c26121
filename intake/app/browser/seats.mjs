// An organisation whose people each sit at a workstation of their own, a program
// of its own with a browser of its own, and what they do in its pages.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Desk } from "./desk.mjs";
import { later, root, temporaryFolder, until } from "./tools.mjs";

/**
 * Starts `peerwitness demo --desks`. What it prints and what is typed into it is
 * its interface here as for a person.
 */
export async function seats() {
  const dir = join(await temporaryFolder("week"), "o");
  const child = spawn(join(root, "bin/peerwitness"), ["demo", "--desks", "--dir", dir], { stdio: ["pipe", "pipe", "pipe"] });
  const ended = new Promise((r) => child.on("exit", r));
  const end = async () => {
    child.kill("SIGINT");
    const timer = setTimeout(() => child.kill("SIGKILL"), 30_000);
    const code = await ended;
    clearTimeout(timer);
    if (code !== 0) throw new Error(`the organisation ended with ${code}: ${text}`);
  };
  later(() => (child.exitCode === null ? end() : undefined));
  let text = "";
  const waiting = [];
  child.stderr.on("data", (d) => { text += d; });
  createInterface({ input: child.stdout }).on("line", (line) => {
    text += line + "\n";
    if (/^ *(time|[a-z]+) {2}\S|^not done/.test(line)) waiting.shift()?.(line);
  });
  await until("the workstations' addresses", 60, () => {
    if (child.exitCode !== null) throw new Error(`the organisation ended by itself (${child.exitCode}):\n${text}`);
    return /^ {2}time {2}/m.test(text);
  });
  const said = (word) => new RegExp(`^ +${word} +(\\S.*)$`, "m").exec(text)[1];
  const type = async (line) => {
    const answer = new Promise((r) => waiting.push(r));
    child.stdin.write(line + "\n");
    const got = await answer;
    if (got.startsWith("not done")) throw new Error(`${line}: ${got}`);
    return got.replace(/^ *\S+ +/, "");
  };
  let now = new Date(said("time"));
  return {
    dir, end, type, phone: said("phone"), passphrase: said("passphrase"),
    files: Object.fromEntries([...text.matchAll(/^ {2}([a-z]+) +http\S+\n.*, key (\S+), folder (\S+)$/gm)].map((m) => [m[1], { key: m[2], dir: m[3], url: said(m[1]) }])),
    /** The organisation's time, and a day of it so many days on, as pages take it. */
    day: (n = 0) => new Date(now.getTime() + n * 864e5).toISOString().slice(0, 10),
    now: () => now,
    async later(span) { now = new Date(await type(`later ${span}`)); },
  };
}

/** A person at her desk. */
export class Seat extends Desk {
  static async open(browser, org, name) {
    const page = await (await browser.createBrowserContext()).newPage();
    page.setDefaultNavigationTimeout(120_000); // four desks share a machine that may be busy
    await page.setViewport({ width: 1280, height: 800 });
    await page.goto(org.files[name].url);
    const seat = new Seat(page);
    Object.assign(seat, { org, name });
    return seat;
  }

  /** At her computer, switched on again: its program's address is another one. */
  async returns(url) {
    await this.page.goto(url);
    this.inbox = new URL("/", url).href;
  }

  /** In the morning, with a code or, without a connection, without. */
  async begins(code = true) {
    await this.unlock(this.org.passphrase, code ? await this.org.type(`code ${this.name}`) : "");
    // While it opens, the page asks for itself again.
    const wrong = await until(`${this.name}'s desk to open`, 120, () => this.page.evaluate(() => (document.querySelector(".views") ? "-" : document.querySelector("#error")?.textContent)).catch(() => undefined));
    if (wrong !== "-") throw new Error(`${this.name}: ${wrong}`);
  }

  async connects() {
    await this.page.type("#signin-code", await this.org.type(`code ${this.name}`));
    await this.press("Connect");
  }

  syncs() {
    return this.press("Sync now");
  }

  /** The address of the case that shows this text in the list of that view; undefined where there is none. */
  async sees(text, view = "open") {
    await this.page.goto(`${this.inbox}?view=${view}`);
    return this.find(text);
  }

  /** Opens the case of that text, from the list that is on the page, beside another case too, or from that view of it. */
  async opens(text, view) {
    const url = (view ? undefined : await this.find(text)) ?? await this.sees(text, view);
    if (!url) throw new Error(`${this.name} sees no case with ${text}`);
    await this.page.goto(url);
    return url;
  }

  /**
   * Unfolds what stands under this line, fills its fields in by their names, and
   * presses its button. `within` is a text beside it where several have the line.
   */
  async does(line, fields = {}, within = "") {
    const handle = await this.page.evaluateHandle((s, w) => [...document.querySelectorAll("details")].find((d) => d.querySelector("summary").textContent.trim() === s && (!w || d.parentElement.closest("li, div.waiting, section")?.textContent.includes(w))), line, within);
    const box = handle.asElement();
    if (!box) throw new Error(`${this.name} is offered no “${line}” ${within} at ${this.page.url()}: ${await this.says()}`);
    await box.$("summary").then((s) => s.click());
    for (const [name, value] of Object.entries(fields)) await this.#fills(box, name, value);
    const button = await box.$("button");
    await Promise.all([this.page.waitForNavigation(), button.click()]);
  }

  async #fills(box, name, value) {
    if (Array.isArray(value)) {
      for (const v of value) await box.$(`[name="${name}"][value="${v}"]`).then(async (e) => { if (await e.evaluate((x) => !x.checked)) await e.click(); });
      return;
    }
    const field = await box.$(`[name="${name}"]`);
    const kind = await field.evaluate((e) => e.type);
    if (kind === "select-one") await field.select(value);
    // As a person's keys leave it; a driver's keys go by the browser's own order of day and month.
    else if (/date|time/.test(kind)) await field.evaluate((e, v) => { e.value = v; }, value);
    else await field.type(value);
  }

  /** The value of the option that bears this text. */
  option(selector, text) {
    return this.page.$eval(selector, (s, t) => [...s.options].find((o) => o.textContent.trim().includes(t))?.value, text);
  }

  /** Moves the case that is open. */
  async moves(to, fields = {}) {
    const line = await this.page.evaluate((v) => document.querySelector(`form[action$="/state"] [name=to][value="${v}"]`)?.closest("details").querySelector("summary").textContent.trim(), to);
    if (!line) throw new Error(`${this.name} is not offered ${to} at ${this.page.url()}: ${await this.says()}`);
    await this.does(line, fields);
  }

  async notes(text) {
    await this.page.type("#note", text);
    await this.press("Add the note");
  }

  /** What the page says of what was just done. */
  says() {
    return this.page.evaluate(() => [...document.querySelectorAll(".banner.said, #error, .banner.alarm")].map((e) => e.textContent.trim()).join(" | "));
  }

  /** The history of the case that is open, entry by entry, without how long ago it was. */
  history() {
    return this.page.$$eval(".history > li", (all) => all.filter((li) => !li.closest(".meanwhile")).map((li) => {
      const line = li.querySelector("p").cloneNode(true);
      line.querySelector(".when")?.remove();
      const more = [...li.querySelectorAll(":scope > .said-text, :scope > .hint, :scope > .printed")].map((p) => p.textContent.trim());
      return [line.textContent.replace(/\s+/g, " ").trim(), ...more].join(" / ");
    }));
  }
}
