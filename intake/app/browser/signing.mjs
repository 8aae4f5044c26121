// Two keepers close a half-year, sign its figures and publish them, each in her
// own workstation's pages, and the public page shows them. The organisation, its
// server and its clock are the caller's (cmd/peerwitness/signing_test.go): the way
// there comes as one line of JSON on the standard input. On "later" the caller lets
// two weeks pass and says how both keepers get in by then.
// SCREENSHOTS=DIR keeps pictures.
import { createInterface } from "node:readline";
import { Desk } from "./desk.mjs";
import { accessible } from "./form.mjs";
import { check, chromium, cleanUp, picture } from "./tools.mjs";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const heard = async () => JSON.parse((await lines.next()).value);
const ask = (what) => { console.log(what); return heard(); };

try {
  const { first, period, figures } = await heard();
  const browser = await chromium();
  const nino = await Desk.open(browser, { ...first, code: () => first.code });
  const toFigures = async (desk) => { await desk.page.goto(desk.inbox); await desk.follow("Figures"); };
  await toFigures(nino);
  await accessible(nino.page, "the figures page, before");
  const name = (verb) => `${verb}: ${period}`;
  const offers = (desk, text) => desk.page.$$eval("button", (all, t) => all.some((b) => b.textContent.trim() === t), text);
  await nino.press(name("Close it"));
  check(await nino.shows(".periods", "It can go out from"), "the half-year is closed, and its figures have a day before which they don't go out");
  await nino.press(name("Sign it"));
  check(await nino.shows(".periods", "Signed by") && await nino.shows(".periods", "1 signature is lacking"), "the first keeper has signed; one is lacking");
  check(!await offers(nino, name("Publish it")), "nothing can be published yet");
  await accessible(nino.page, "the figures page, signed by one");

  await nino.press("Lock");
  const then = await ask("later");
  await nino.unlock(then.first.passphrase, then.first.code);
  await toFigures(nino);
  check(!await nino.shows(".periods", "It can go out from") && !await offers(nino, name("Publish it")), "two weeks later it still lacks a signature");

  // On a computer of her own: its browser knows nothing of the first one's.
  const amara = await Desk.open(await browser.createBrowserContext(), { ...then.second, code: () => then.second.code });
  await amara.press("Sync now");
  await toFigures(amara);
  const before = await amara.page.$eval(".periods a", (a) => a.href);
  const preview = await amara.page.browserContext().newPage();
  await preview.goto(before);
  const previewed = await preview.evaluate(() => document.documentElement.outerHTML);
  await preview.close();
  await amara.press(name("Sign it"));
  await picture(amara.page, "desk-figures");
  await amara.press(name("Publish it"));
  check(await amara.shows(".periods", "Published"), "signed by two, it is published");
  await accessible(amara.page, "the figures page, published");

  // The public pages are sandboxed: no script of theirs would run, nor one of axe-core's in them. A copy is looked at.
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 800 });
  const html = () => page.evaluate(() => document.documentElement.outerHTML);
  const accessibleCopy = async (what) => {
    const copy = await browser.newPage();
    await copy.setContent(await html());
    await accessible(copy, what);
    await copy.close();
  };
  await page.goto(figures);
  await accessibleCopy("the public list of figures");
  await picture(page, "figures-list");
  await page.goto(await page.$eval("main a[href*='/figures/']", (a) => a.href));
  await accessibleCopy("the public release");
  check(await html() === previewed, "the public sees what the second keeper was shown before she signed");
  await picture(page, "figures-release");
  const seen = await page.$$eval("table", (all) => all.map((t) => [...t.tBodies[0].rows].map((r) => [...r.cells].map((c) => c.textContent.trim()))));
  console.log(`seen ${JSON.stringify({ url: page.url(), tables: seen })}`);
  console.log("signing test: all of it held");
} catch (e) {
  console.error(`error: ${e.stack}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
  process.stdin.destroy();
}
