// attack 21: what somebody finds who gets hold of the phone after a page was left, or after the
// browser was killed while the form was half filled. In Chromium and in Firefox.
import http from "node:http";
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { id, walk } from "./form.mjs";
import { snappy, traces } from "./search.mjs";
import { browsers, check, cleanUp, later, proxy, publicDemo, temporaryFolder, until } from "./tools.mjs";

// Words that no page, browser or dictionary has.
const typed = { place: "zwischenbrunnholm", story: "vermilquorst", who: "ostrakelbin", contact: "plinthovar", file: "grandelwick" };
const control = "ulmenhagestalt";

/** An ordinary page with a form that forbids the browser nothing. */
async function ordinaryPage() {
  const server = http.createServer((_, res) => {
    res.writeHead(200, { "content-type": "text/html" });
    res.end("<!doctype html><title>ordinary</title><form><input id=a name=a><textarea id=b name=b></textarea><button>send</button></form>");
  });
  await new Promise((r) => server.listen(0, "127.0.0.1", r));
  later(() => new Promise((r) => { server.closeAllConnections(); server.close(r); }));
  return `http://127.0.0.1:${server.address().port}/`;
}

/** Fills the form in up to the screen of the files, with words that can be looked for. */
async function halfFilled(page, site, org, picture) {
  await page.setViewport({ width: 360, height: 640 });
  await page.goto(site.url + "/" + new URL(org.phone).hash);
  await page.waitForSelector(id("screen-first"));
  await walk(page, {
    desk: () => page.click(id("desk-street")),
    groups: () => page.click(id("groups-police")),
    who: async () => { await page.click(id("who-police")); if (await page.$(id("who-text"))) await page.type(id("who-text"), typed.who); },
    where: () => page.type(id("place"), typed.place),
    story: () => page.type(id("story"), `PRACTICE. It was at ${typed.story}, in the evening.`),
    files: async () => {
      await until("the copy sealed", 20, () => page.$eval(id("files-input"), (f) => !f.disabled));
      await (await page.$(id("files-input"))).uploadFile(picture);
      await until("the file looked at", 20, () => page.$eval(id("file"), (f) => f.dataset.found !== "checking"));
    },
    contact: () => page.type(id("contact-name"), typed.contact),
  }, "contact");
}

/** Leaving: at once, and for good. `before` is what happens between filling in and leaving; it gives how many other pages were visited. */
async function leaves(name, browser, org, site, elsewhere, how, before = () => 0) {
  const page = await browser.newPage();
  await page.goto(elsewhere);
  const length = await page.evaluate(() => history.length);
  await halfFilled(page, site, org, await file());
  const visited = await before(page);
  const left = await how(page);
  check(left.text === "" && left.title === "" && left.values === "", `${name}: ${left.how} blanks page, fields and title before anything else happens`);
  await until("the neutral page", 10, () => page.url() === "about:blank");
  check(await page.evaluate(() => document.documentElement.textContent.trim()) === "", `${name}: the page stays blank`);
  check(await page.evaluate(() => history.length) <= length + 1 + visited, `${name}: no step of the form is in the history`);
  // Where there is nothing to go to, no navigation comes, and waiting for one ends by itself.
  await page.goBack({ timeout: 5000 }).catch(() => undefined);
  await page.goForward({ timeout: 5000 }).catch(() => undefined);
  const after = page.url() + await page.evaluate(() => document.documentElement.outerHTML);
  check(!after.includes(site.url) && !Object.values(typed).some((w) => after.includes(w)), `${name}: neither Back nor Forward brings it back`);
  // The browser's own look for a newer service worker names that file as where it comes from, which says nothing.
  const told = site.seen.filter((r) => (r.headers.referer !== undefined && r.headers.referer !== `${site.url}/sw.js`) || r.headers.cookie !== undefined).map((r) => `${r.path} ${r.headers.referer}`);
  check(told.length === 0, `${name}: no request carried a referrer or a cookie ${told}`);
  site.fault = () => false;
  await page.close();
}

const byButton = (page) => page.evaluate((leave) => {
  const fields = [...document.querySelectorAll("input:not([type=radio], [type=checkbox], [type=file]), textarea")];
  document.querySelector(leave).click();
  return { how: "the button", text: document.body.textContent, title: document.title, values: fields.map((f) => f.value).join("") };
}, id("leave"));

/** Shift three times, as the page gets it; what is seen is seen in the event's own turn. */
const byShift = (page) => page.evaluate(() => {
  const fields = [...document.querySelectorAll("input:not([type=radio], [type=checkbox], [type=file]), textarea")];
  for (let i = 0; i < 3; i++) for (const kind of ["keydown", "keyup"]) document.body.dispatchEvent(new KeyboardEvent(kind, { key: "Shift", bubbles: true }));
  return { how: "Shift, three times,", text: document.body.textContent, title: document.title, values: fields.map((f) => f.value).join("") };
});

/** The line breaks while she writes. */
const lineBreaks = (site) => () => {
  site.fault = () => true;
  return 0;
};

/** She went elsewhere by the address bar and somebody presses Back: the browser may have kept the page as it was, and shows it empty all the same. */
const awayAndBack = (name, elsewhere) => async (page) => {
  await page.goto(elsewhere);
  await page.goBack({ timeout: 5000 }).catch(() => undefined);
  await page.waitForSelector(id("screen-first"));
  const shown = await page.evaluate(() => document.body.textContent + [...document.querySelectorAll("input, textarea")].map((f) => f.value).join());
  check(!Object.values(typed).some((w) => shown.includes(w)), `${name}: gone elsewhere, then Back: the page begins anew, with nothing that was typed`);
  return 1;
};

/** Practice is marked on every screen, by words. */
async function practice(name, browser, org, site) {
  const page = await browser.newPage();
  await page.setViewport({ width: 360, height: 640 });
  await page.goto(`${site.url}/${new URL(org.phone).hash}&practice`);
  await page.waitForSelector(id("screen-first"));
  const unmarked = [];
  await walk(page, { desk: () => page.click(id("desk-street")) }, "check", async (screen) => {
    if (!await page.$eval(id("practice"), (e) => e.textContent.includes("Practice") && e.getBoundingClientRect().height > 0 && e.getBoundingClientRect().bottom <= innerHeight).catch(() => false)) unmarked.push(screen);
  });
  check(unmarked.length === 0, `${name}: practice is marked in view on every screen ${unmarked}`);
  await page.close();
}

let picture;
async function file() {
  if (!picture) {
    picture = join(await temporaryFolder("file"), `${typed.file}.pdf`);
    await writeFile(picture, "%PDF-1.4\n% PRACTICE\n");
  }
  return picture;
}

/** Killed with the form half filled: nothing of it is in the profile; what an ordinary form held is. */
async function killed(name, launch, org, site, ordinary) {
  const profile = await temporaryFolder(`${name}-profile`);
  const browser = await launch(profile);
  const plain = await browser.newPage();
  await plain.goto(ordinary);
  await plain.type("#a", control);
  await plain.type("#b", control);
  const page = await browser.newPage();
  await halfFilled(page, site, org, await file());
  // Until the browser has written down what it writes of open pages.
  await until(`${name} to keep what the ordinary form holds`, 60, async () => (await traces(profile, [control])).length > 0);
  await new Promise((r) => setTimeout(r, 5000));
  const ended = new Promise((r) => browser.process().on("exit", r));
  browser.process().kill("SIGKILL");
  await ended;
  const kept = await traces(profile, [control]);
  check(kept.length > 0, `${name}: the search finds what an ordinary form held, in ${kept.map((k) => k.split(":")[0]).join(", ")}`);
  const found = await traces(profile, Object.values(typed));
  check(found.length === 0, `${name}: killed half-way, nothing that was typed and no file's name is in its profile ${found.join("; ")}`);
}

try {
  check(snappy(Buffer.from([20, 0, 97, 0x4a, 1, 0])).toString() === "a".repeat(20), "snappy's blocks can be read");
  const org = await publicDemo();
  const site = await proxy(new URL(org.phone).origin);
  const ordinary = await ordinaryPage();
  for (const [name, launch] of Object.entries(browsers)) {
    const browser = await launch(await temporaryFolder(name));
    later(() => browser.close().catch(() => undefined));
    await leaves(name, browser, org, site, ordinary, byButton);
    await leaves(name, browser, org, site, ordinary, byShift);
    await leaves(name, browser, org, site, ordinary, byButton, lineBreaks(site));
    await leaves(name, browser, org, site, ordinary, byButton, awayAndBack(name, ordinary));
    await practice(name, browser, org, site);
    await browser.close();
    await killed(name, launch, org, site, ordinary);
  }
  console.log("attack 21: all of it held");
} catch (e) {
  console.error(`error: ${e.stack}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
