// A real browser does what a peer does, on a phone's screen with a picture
// attached; then, in the same browser, what an advocate does in the
// workstation's own pages: reads, takes, answers; the peer comes back with her
// words and writes again; the advocate codes the case and closes it. The peer's ways are walked in Firefox too.
// SCREENSHOTS=DIR keeps pictures of the way.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { answers, codesAndCloses, Desk, takes } from "./desk.mjs";
import { comesBack, report, story } from "./peer.mjs";
import { bin, check, chromium, cleanUp, demo, launch, part, picture, proxy, root, run, temporaryFolder } from "./tools.mjs";

const message = "PRACTICE. Monday is good. I will be at the Bramblegate steps.";
const answer = "PRACTICE. A lawyer can come on Monday. Shall she?";

/** The report as the browser sent it opens with plain age and the advocate's intake identity. */
async function plainAge(org, site) {
  const sent = site.seen.filter((r) => r.method === "POST" && r.path === "/v1/deposits");
  check(sent.length === 2 && sent.every((r) => r.status === 201), "two deposits arrived: the story first, then the picture's list");
  const blob = site.seen.findIndex((r) => r.method === "PUT");
  check(blob > site.seen.indexOf(sent[0]), "the story went first, alone; blobs after it");
  const dir = await temporaryFolder("age");
  const report = part(sent[0], "report");
  for (const text of ["Quincebrook", "Bramblegate", "extortion", "Sparrowmark"]) {
    check(!site.seen.some((r) => r.body.includes(text) || r.path.includes(text)), `"${text}" never left the phone in the open`);
  }
  await writeFile(join(dir, "report.age"), report);
  await writeFile(join(dir, "passphrase"), org.passphrase + "\n", { mode: 0o600 });
  await run(bin("peerwitness"), ["identity", "--key", join(org.dir, "advocate-nino.key"), "--passphrase-file", join(dir, "passphrase"), "--out", join(dir, "identity.txt")]);
  await run("go", ["build", "-o", join(dir, "age"), "filippo.io/age/cmd/age"], { cwd: root });
  const { stdout } = await run(join(dir, "age"), ["-d", "-i", join(dir, "identity.txt"), join(dir, "report.age")], { encoding: "buffer", maxBuffer: 8 << 20 });
  const length = stdout.readUInt32BE(0);
  const json = JSON.parse(stdout.subarray(4, 4 + length).toString());
  check(json.answers.story === story && stdout.length === 32768, "age -d opens what the browser sealed; it was padded to 32 KiB");
  const opened = await run(bin("peerwitness"), ["open", "--key", join(org.dir, "advocate-nino.key"), "--passphrase-file", join(dir, "passphrase"), "--in", join(dir, "report.age")]);
  check(JSON.parse(opened.stdout).answers.story === story, "peerwitness open opens it too");
  return dir;
}

/** A report from the command line, sealed as the app seals. */
async function byTool(site, dir) {
  const text = "PRACTICE. A clinic in Larkmere sent me away.";
  await writeFile(join(dir, "report.json"), JSON.stringify({ practice: true, answers: { groups: ["health"], acts: ["refusal-of-service"], urgency: "not-urgent", story: text }, consent: ["legal-help"] }));
  const { stdout } = await run(bin("peerwitness"), ["report", "--roster", site.url, "--desk", "street", "--in", join(dir, "report.json"), "--send", site.url]);
  check(/(\b[a-z]+\b[\s\d.]*){12}/.test(stdout), "peerwitness report prints twelve words");
  return text;
}

/** A browser that runs no script: the page says how, plain age seals, the form takes it. A text in its place is refused. */
async function byHand(browser, site, dir) {
  const text = "PRACTICE. By hand, from Fennelgate.";
  const page = await browser.newPage();
  // Firefox's driver can't switch scripts off; there the page is gone to, which has none.
  const off = (await browser.version()).toLowerCase().includes("chrome");
  if (off) await page.setJavaScriptEnabled(false);
  await page.setViewport({ width: 360, height: 640 });
  await page.goto(off ? site.url : `${site.url}/by-hand?lang=en`);
  if (off) await Promise.all([page.waitForNavigation(), page.click("noscript a")]);
  await picture(page, "phone-by-hand");
  const list = await (await fetch(site.url + "/by-hand/street/recipients.txt")).text();
  check((list.match(/^age1pq1/gm) ?? []).length >= 2, "without a script: a list of whom to seal to");
  await writeFile(join(dir, "recipients.txt"), list);
  await writeFile(join(dir, "report.txt"), text);
  await run(join(dir, "age"), ["-R", join(dir, "recipients.txt"), "-o", join(dir, "by-hand.age"), join(dir, "report.txt")]);
  await (await page.$("#file-street")).uploadFile(join(dir, "report.txt"));
  await Promise.all([page.waitForNavigation(), page.click("form:has(#file-street) button")]);
  check((await page.content()).includes("nothing of it is kept"), "a text that nobody sealed is refused");
  await page.goto(site.url + "/by-hand?lang=en");
  await (await page.$("#file-street")).uploadFile(join(dir, "by-hand.age"));
  await Promise.all([page.waitForNavigation(), page.click("form:has(#file-street) button")]);
  check((await page.content()).includes("It has arrived"), "what plain age has sealed arrives");
  await page.close();
  return text;
}

/** The report from the command line is in the same workstation; locked, nothing can be read. */
async function alsoThere(desk, toolStory) {
  const { page } = desk;
  await page.goto(desk.inbox);
  if (!await desk.find("Larkmere")) {
    await Promise.all([page.waitForNavigation(), page.evaluate(() => [...document.querySelectorAll(".views a")].find((a) => /all/i.test(a.textContent))?.click())]);
  }
  const url = await desk.find("Larkmere");
  check(url, "the report from the command line is in the same workstation");
  await page.goto(url);
  check(await desk.shows(".words", toolStory), "and opens there");
  await page.goto(desk.inbox);
  if (!await desk.find("Fennelgate")) {
    await Promise.all([page.waitForNavigation(), page.evaluate(() => [...document.querySelectorAll(".views a")].find((a) => /not taken/i.test(a.textContent))?.click())]);
  }
  check(await desk.find("Fennelgate"), "so is the one that was sealed by hand");
  await desk.press("Lock");
  await page.goto(url);
  check(!(await page.content()).includes("Larkmere"), "locked, nothing can be read");
}

try {
  const org = await demo("--reports", "100");
  const site = await proxy(new URL(org.phone).origin);
  const browser = await chromium();
  const words = await report(browser, org, site);
  const dir = await plainAge(org, site);
  const toolStory = await byTool(site, dir);
  await byHand(browser, site, dir);
  const desk = await Desk.open(browser, org);
  const url = await takes(desk, story);
  await answers(desk, answer);
  await comesBack(browser, org, site, words, answer, message);
  await codesAndCloses(desk, url, message);
  await alsoThere(desk, toolStory);
  // The same peer's ways in the other browser.
  const firefox = await launch("firefox");
  await report(firefox, org, site);
  await byHand(firefox, site, dir);
  await comesBack(firefox, org, site, words, answer, message);
  console.log("browser test: all of it held");
} catch (e) {
  console.error(`error: ${e.stack}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
