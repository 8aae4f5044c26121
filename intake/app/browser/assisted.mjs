// A peer worker reports for others, several in a row: each one's words are handed over or wiped, nothing of one report is in
// the page of the next, and nothing in the reports tells that they came from one person.
import { accessible, id, press, walk } from "./form.mjs";
import { stored } from "./peer.mjs";
import { browsers, check, cleanUp, launch, phonePage, picture, proxy, publicDemo } from "./tools.mjs";

const first = { story: "PRACTICE. Thornwick, at the gate.", place: "Thornwick" };
const second = { story: "PRACTICE. Elderquay, in the yard.", place: "Elderquay" };

async function reports(page, told, steps = {}) {
  await walk(page, {
    desk: () => page.click(id("desk-street")),
    groups: () => page.click(id("groups-police")),
    where: () => page.type(id("place"), told.place),
    story: () => page.type(id("story"), told.story),
    ...steps,
  }, "check");
  await page.click(id("next"));
  await page.waitForSelector(id("words"), { timeout: 60_000 });
}

const shown = (page) => page.$$eval(`${id("words")} li`, (l) => l.map((x) => x.textContent));

async function assisted(name, org, site) {
  const browser = await launch(name);
  const page = await phonePage(browser);
  await page.goto(site.url + "/" + new URL(org.phone).hash);
  await page.waitForSelector(id("screen-first"));
  await reports(page, first, {
    teller: async () => {
      await press(page, "teller-peer-worker-for-someone");
      check(await page.evaluate(() => document.body.textContent.includes("Read to them")), "the worker is given a sentence to read, and the answer is recorded");
      await press(page, "asked-yes");
      await accessible(page, "the agreement");
    },
  });
  check(await page.$(id("hand-over")) !== null, `${name}: the words are to be handed over`);
  const words = await shown(page);
  await press(page, "words-digits");
  const digits = await shown(page);
  check(words.length === 12 && digits.length === 8 && digits.every((g) => /^\d{5}$/.test(g)), `${name}: as words, or as eight groups of five digits`);
  await accessible(page, "the digits");
  await picture(page, "phone-digits");
  await page.click(id("next"));
  await page.waitForSelector(id("screen-retype"));
  const asked = await page.$$eval("[data-testid^=retype-]", (l) => l.map((x) => [x.dataset.testid, Number(/\d+/.exec(document.querySelector(`label[for=${x.id}]`).textContent)[0])]));
  for (const [field, n] of asked) await page.type(id(field), digits[n - 1]);
  await page.click(id("next"));
  await page.waitForSelector(id("screen-thanks"));
  await page.click(id("skip"));
  await page.waitForSelector(id("screen-teller"));
  const left = await page.evaluate(() => document.documentElement.outerHTML + [...document.querySelectorAll("input, textarea")].map((f) => f.value).join());
  check(![first.place, ...words.slice(0, 2).map((w) => `>${w}<`), digits[0]].some((x) => left.includes(x)), `${name}: for the next person the page is as new: nothing told before is in it`);
  check(await page.$eval(id("teller-peer-worker-for-someone"), (e) => e.checked) && await page.$$eval("input[name=asked]:checked", (l) => l.length) === 0, `${name}: but for who tells; agreement is asked anew`);
  const before = site.seen.length;
  await reports(page, second, { teller: () => press(page, "asked-could-not"), check: async () => {
    check(!(await page.$eval(id("summary"), (e) => e.textContent)).includes(first.place), "nor in what is checked before sending");
  } });
  await press(page, "words-never");
  await page.waitForSelector(id("screen-thanks"));
  check(!(await page.evaluate(() => document.body.textContent)).match(/\b\d{5}\b/), `${name}: words that nobody wants are wiped at once`);
  check(!/\d+ (reports|people)/.test(await page.evaluate(() => document.body.textContent)), `${name}: nothing counts what a worker has sent`);
  await page.click(id("next"));
  await page.waitForSelector(id("screen-gone"));
  const kept = await stored(page);
  check(![first.place, second.place, words.slice(0, 2).join(" "), words.slice(0, 2).join('","'), digits.slice(0, 2).join(" "), digits.slice(0, 2).join('","'), digits.join("")].some((x) => kept.includes(x)), `${name}: neither of them can be read on this phone afterwards`);
  const sent = site.seen.slice(before).filter((r) => r.method === "POST");
  check(sent.length === 1 && Object.keys(sent[0].headers).every((h) => !/cookie|referer|authorization/.test(h)), `${name}: nothing on the way ties one report to the other`);
  await browser.close();
}

try {
  const org = await publicDemo();
  await Promise.all(Object.keys(browsers).map(async (name) => assisted(name, org, await proxy(new URL(org.phone).origin))));
  console.log("assisted reporting: all of it held");
} catch (e) {
  console.error(`error: ${e.stack}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
