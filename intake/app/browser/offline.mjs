// Without a connection, or with a bad one: the page opens, what is sealed waits on the phone and asks before it goes, files
// go on part by part, and a page that is loaded again finds what was written. In Chromium and in Firefox, through a proxy
// that cuts connections.
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { accessible, id, press, walk } from "./form.mjs";
import { stored } from "./peer.mjs";
import { bin, browsers, check, cleanUp, launch, picture, proxy, publicDemo, run, temporaryFolder, until } from "./tools.mjs";

const story = "PRACTICE. At Quincebrook, in the evening.";
const never = () => false;
const always = () => true;

/** A page as a phone shows it; `installed` as an iPhone tells a page that it was opened as an app. */
async function phone(browser, url, installed) {
  const page = await browser.newPage();
  await page.setViewport({ width: 360, height: 640 });
  if (installed) await page.evaluateOnNewDocument(() => Object.defineProperty(navigator, "standalone", { value: true }));
  await page.goto(url);
  await page.waitForSelector(id("screen-first"));
  return page;
}

/** Fills the form in up to what is checked before sending. */
const fill = (page, files = []) => walk(page, {
  desk: () => page.click(id("desk-street")),
  groups: () => page.click(id("groups-police")),
  story: () => page.type(id("story"), story),
  files: async () => {
    await until("the copy sealed", 20, () => page.$eval(id("files-input"), (f) => !f.disabled));
    if (files.length === 0) return;
    await (await page.$(id("files-input"))).uploadFile(...files);
    await until("the files looked at", 30, () => page.$$eval(id("file"), (l, n) => l.length === n && l.every((f) => f.dataset.found !== "checking"), files.length));
  },
}, "check");

const deposits = (site) => site.seen.filter((r) => r.method === "POST" && r.path === "/v1/deposits" && r.status === 201).length;

/** Press what leads to what waits. */
async function look(page) {
  await page.waitForSelector(id("waiting"));
  await press(page, "look");
  await page.waitForSelector(id("waits"));
}

async function opensWithoutLine(name, browser, site, url) {
  let page = await phone(browser, url, true);
  await until(`${name}: the page is kept`, 30, () => page.evaluate(async () => !!(await navigator.serviceWorker.getRegistration())?.active && !!(await caches.match("/"))));
  await page.close();
  // A second visit fetches the parts that the first had no need of.
  page = await phone(browser, url, true);
  await until(`${name}: all parts are kept`, 30, () => page.evaluate(async () => {
    const names = [];
    for (const n of await caches.keys()) for (const r of await (await caches.open(n)).keys()) names.push(new URL(r.url).pathname);
    const db = await new Promise((ok) => { const r = indexedDB.open("notes"); r.onsuccess = () => ok(r.result); });
    const sheet = await new Promise((ok) => { const r = db.transaction("kept").objectStore("kept").get("sheet"); r.onsuccess = () => ok(r.result); });
    db.close();
    return !!sheet && ["/assets/later-", "/assets/files-", "/assets/reading-en-"].every((p) => names.some((n) => n.startsWith(p)));
  }));
  await page.close();

  site.fault = always;
  const before = deposits(site);
  page = await phone(browser, url, true);
  check(await page.$(id("kept")) !== null, `${name}: without a connection the page opens, and says so`);
  check(await page.evaluate(() => document.body.textContent.includes("000 0001")), `${name}: the organisation's numbers to call are there`);
  if (name === "chromium") await accessible(page, "the first screen without a connection");
  await fill(page);
  await page.click(id("next"));
  await page.waitForSelector(id("screen-failed"), { timeout: 60_000 });
  check(await page.$(id("waits")) !== null, `${name}: it says that the report waits on this phone`);
  await picture(page, "phone-failed");
  await page.click(id("leave-waiting"));
  await page.waitForSelector(id("words"));
  const words = await page.$$eval(`${id("words")} li`, (l) => l.map((x) => x.textContent));
  check(words.length === 12, `${name}: the words are shown before the report has gone`);
  await page.click(id("skip"));
  await page.waitForSelector(id("screen-thanks"));
  check(await page.evaluate(() => /not been sent/.test(document.body.textContent)), `${name}: and the last screen says that it has not been sent`);
  if (name === "chromium") await accessible(page, "what waits");
  const kept = await stored(page);
  check(!["Quincebrook", words.join(" "), words.slice(0, 2).join('","')].some((x) => kept.includes(x)), `${name}: nothing that was typed and no word is kept with it`);
  await page.close();

  page = await phone(browser, url, true); // still without a connection
  await page.evaluate((l) => document.querySelector(l).click(), id("leave"));
  await until("the neutral page", 10, () => page.url() === "about:blank");
  await page.close();
  page = await phone(browser, url, true);
  await look(page);
  check(true, `${name}: leaving the page leaves what waits where it is`);
  await press(page, "send-waiting");
  await page.waitForSelector(id("screen-failed"), { timeout: 60_000 });
  await page.close();

  site.fault = never;
  page = await phone(browser, url, true);
  await page.waitForSelector(id("waiting"));
  check(deposits(site) === before, `${name}: with a connection again it waits to be asked`);
  await press(page, "look");
  await page.waitForSelector(id("waits"));
  if (name === "chromium") await accessible(page, "what is on this phone");
  await picture(page, "phone-waiting");
  await press(page, "send-waiting");
  await page.waitForSelector(id("screen-thanks"), { timeout: 60_000 });
  check(deposits(site) === before + 1, `${name}: sent when asked, once`);
  await page.close();
  page = await phone(browser, url, true);
  check(await page.evaluate(async () => {
    const db = await new Promise((ok, no) => { const r = indexedDB.open("notes"); r.onsuccess = () => ok(r.result); r.onerror = () => no(r.error); });
    const keys = await new Promise((ok) => { const r = db.transaction("kept").objectStore("kept").getAllKeys(); r.onsuccess = () => ok(r.result); });
    db.close();
    return !keys.some((k) => /^(waiting|piece)/.test(k));
  }), `${name}: delivered, neither it nor its id stays on the phone`);
  await page.close();
}

async function partByPart(name, browser, site, url, film) {
  let page = await phone(browser, url, true);
  await fill(page, [film]);
  let puts = 0;
  // Of what is put up to there some reach the server whole; the next is cut in the middle, or its answer is lost.
  const cut = (after, how = "half") => (puts = 0, (req) => req.method === "PUT" && ++puts > after && how);
  site.fault = cut(2);
  await page.click(id("next"));
  await page.waitForSelector(id("screen-partly"), { timeout: 120_000 });
  await page.click(id("leave-waiting"));
  await page.waitForSelector(id("words"));
  await page.close();
  for (const [after, how, done] of [[2, "answered", false], [99, "", true]]) {
    site.fault = cut(after, how);
    page = await phone(browser, url, true);
    await look(page);
    await press(page, "send-waiting");
    await page.waitForSelector(id(done ? "screen-thanks" : "screen-partly"), { timeout: 120_000 });
    await page.close();
  }
  const stored = site.seen.filter((r) => r.method === "PUT" && r.status === 201);
  check(new Set(stored.map((r) => r.path)).size === stored.length && stored.length === 6, `${name}: a file of six pieces arrives over three visits, each piece once, though one was cut half-way and one was taken unheard`);
  site.fault = never;
}

async function loadedAgain(name, browser, site, url, film) {
  const page = await phone(browser, url, false);
  const before = deposits(site);
  await walk(page, {
    desk: () => page.click(id("desk-street")),
    story: () => page.type(id("story"), story),
    files: () => until("the copy sealed", 20, () => page.$eval(id("files-input"), (f) => !f.disabled)),
  }, "files");
  // Another page of the same browser is opened and closed meanwhile.
  const second = await phone(browser, url, false);
  check(await second.$(id("waiting")) !== null, `${name}: a second page leaves the first one's copy where it is`);
  await second.close();
  await page.reload();
  await page.waitForSelector(id("screen-first"));
  await look(page);
  check(await page.$eval(id("waits"), (e) => e.dataset.kind) === "copy", `${name}: loaded again while a file was chosen, the page has what was written, locked`);
  await press(page, "send-waiting");
  await page.waitForSelector(id("screen-copy-sent"), { timeout: 60_000 });
  check(deposits(site) === before + 1, `${name}: it is sent as it is`);
  await page.click(id("next"));
  await page.waitForSelector(id("screen-files"));
  await until("the page to be ready for files", 10, () => page.$eval(id("files-input"), (f) => !f.disabled));
  await (await page.$(id("files-input"))).uploadFile(film);
  await until("the file looked at", 30, () => page.$$eval(id("file"), (l) => l.length === 1 && l[0].dataset.found !== "checking"));
  await page.click(id("next"));
  await page.waitForSelector(id("screen-openers"));
  await until("who can open it", 10, () => page.$(id("openers")));
  await page.click(id("next"));
  await page.waitForSelector(id("screen-sent"), { timeout: 120_000 });
  check(deposits(site) === before + 3, `${name}: photos follow in the same thread`);
  await page.close();

  const left = await phone(browser, url, false);
  await walk(left, {
    desk: () => left.click(id("desk-street")),
    story: () => left.type(id("story"), story),
    files: () => until("the copy sealed", 20, () => left.$eval(id("files-input"), (f) => !f.disabled)),
  }, "files");
  await left.evaluate((l) => document.querySelector(l).click(), id("leave"));
  await until("the neutral page", 10, () => left.url() === "about:blank");
  await left.goto(url);
  await left.waitForSelector(id("screen-first"));
  await new Promise((r) => setTimeout(r, 500));
  check(await left.$(id("waiting")) === null, `${name}: left, the page finds nothing of it again`);
  await left.close();

  // An installed app keeps what a page that ended has sealed, but not that of one which was left, even where leaving was
  // quicker than deleting: the worker, which does that, is stopped first.
  for (const quits of [false, true]) {
    const app = await phone(browser, url, true);
    await walk(app, {
      desk: () => app.click(id("desk-street")),
      files: () => until("the copy sealed", 20, () => app.$eval(id("files-input"), (f) => !f.disabled)),
    }, "files");
    if (quits) {
      await app.evaluate((l) => {
        Worker.prototype.postMessage = () => undefined;
        document.querySelector(l).click();
      }, id("leave"));
      await until("the neutral page", 10, () => app.url() === "about:blank");
    }
    await app.close();
    const next = await phone(browser, url, true);
    await until("what waits looked at", 10, () => next.evaluate(() => document.readyState === "complete"));
    await new Promise((r) => setTimeout(r, 500));
    check((await next.$(id("waiting")) !== null) === !quits, `${name}: the app ${quits ? "has nothing of a page that was left, quicker than it could delete" : "keeps the copy of a page that ended"}`);
    if (!quits) {
      await press(next, "look");
      await press(next, "drop");
      await press(next, "drop-yes");
      await until("it deleted", 10, async () => await next.$(id("waits")) === null);
    }
    await next.close();
  }
}

async function forgets(name, browser, org, url) {
  const page = await phone(browser, url, true);
  await press(page, "phone");
  await page.waitForSelector(id("screen-phone"));
  const { stdout } = await run(bin("peerwitness"), ["roster", "show", join(org.dir, "roster.txt")]);
  const shown = (await page.$$eval(`${id("root-words")} li`, (l) => l.map((x) => x.textContent))).join(" ");
  check(shown.split(" ").length === 8 && stdout.includes(shown), `${name}: the root keys are shown as eight words, to compare with paper`);
  await press(page, "forget");
  await press(page, "forget-yes");
  await page.waitForSelector(id("screen-forgot"));
  check(await page.evaluate(async () => (await caches.keys()).length === 0 && (await navigator.serviceWorker.getRegistrations()).length === 0)
    && !/document|roster|sheet/.test(await page.evaluate(async () => {
      const db = await new Promise((ok) => { const r = indexedDB.open("notes"); r.onsuccess = () => ok(r.result); });
      const keys = await new Promise((ok) => { const r = db.transaction("kept").objectStore("kept").getAllKeys(); r.onsuccess = () => ok(r.result); });
      db.close();
      return keys.join();
    })), `${name}: all that was kept is removed when asked`);
  await page.close();
}

try {
  const org = await publicDemo();
  const film = join(await temporaryFolder("film"), "film.bin");
  await writeFile(film, Buffer.alloc(5_500_000, "PRACTICE "));
  // Both at once: much of it is waiting.
  await Promise.all(Object.keys(browsers).map(async (name) => {
    const site = await proxy(new URL(org.phone).origin);
    const url = site.url + "/" + new URL(org.phone).hash;
    const browser = await launch(name);
    await opensWithoutLine(name, browser, site, url);
    await partByPart(name, browser, site, url, film);
    await loadedAgain(name, browser, site, url, film);
    await forgets(name, browser, org, url);
    await browser.close();
  }));
  console.log("without a connection: all of it held");
} catch (e) {
  console.error(`error: ${e.stack}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
