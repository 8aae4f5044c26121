// A real browser does what a peer does, on a phone's screen with a picture
// attached; then, in the same browser, what an advocate does in the
// workstation's own pages. SCREENSHOTS=DIR keeps pictures of the way.
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { accessible, id, walk } from "./form.mjs";
import { check, chromium, cleanUp, demo, part, proxy, root, temporaryFolder, until } from "./tools.mjs";

const run = promisify(execFile);
const shots = process.env.SCREENSHOTS;
const bin = (name) => join(root, "bin", name);

const story = "PRACTICE. Two officers on the steps at Quincebrook took my needles and asked for money.";

/** A picture of the page, small enough to keep in the tree. */
async function picture(page, name) {
  if (!shots) return;
  await page.screenshot({ path: join(root, shots, `${name}.png`), optimizeForSpeed: false });
}

/** A JPEG that carries a place in its metadata, as a phone's camera writes it. */
async function photo(page, dir) {
  const data = await page.evaluate(() => {
    const c = document.createElement("canvas");
    c.width = 640;
    c.height = 480;
    const g = c.getContext("2d");
    for (let i = 0; i < 40; i++) {
      g.fillStyle = `hsl(${i * 9} 60% 60%)`;
      g.fillRect((i % 8) * 80, Math.floor(i / 8) * 96, 80, 96);
    }
    g.fillStyle = "#222";
    g.font = "48px sans-serif";
    g.fillText("PRACTICE", 190, 250);
    return c.toDataURL("image/jpeg", 0.8);
  });
  const file = join(dir, "photo.jpg");
  await writeFile(file, Buffer.from(data.split(",")[1], "base64"));
  await run("exiftool", ["-q", "-overwrite_original", "-GPSLatitude=41.7151", "-GPSLatitudeRef=N", "-GPSLongitude=44.8271", "-GPSLongitudeRef=E", "-Artist=Sparrowmark", file]);
  return file;
}

/**
 * Whether any two of the twelve words that follow each other stand on the page. One alone says nothing: "able" and "you"
 * are among the 2,048, and in the page's own sentences.
 */
async function showsWords(page, words) {
  const letters = await page.evaluate(() => document.documentElement.textContent.toLowerCase().replace(/[^a-z]+/g, ""));
  return words.some((w, n) => n > 0 && letters.includes(words[n - 1] + w));
}

async function peer(browser, org, site) {
  const page = await browser.newPage();
  await page.setViewport({ width: 360, height: 640, deviceScaleFactor: 1, isMobile: true, hasTouch: true });
  const complaints = [];
  page.on("pageerror", (e) => complaints.push(String(e)));
  page.on("console", (m) => { if (m.type() === "error" || m.type() === "warn") complaints.push(m.text()); });
  const dir = await temporaryFolder("photo");
  await page.goto("about:blank");
  const jpeg = await photo(page, dir);

  await page.goto(site.url + "/" + new URL(org.phone).hash);
  await page.waitForSelector(id("screen-first"));
  const address = page.url();
  await picture(page, "phone-first");
  const tick = (name) => () => page.click(id(name));
  const seen = await walk(page, {
    desk: tick("desk-street"),
    teller: tick("teller-affected"),
    groups: async () => { await page.click(id("groups-police")); await picture(page, "phone-form"); },
    "acts-police": tick("acts-extortion"),
    who: tick("who-police"),
    where: () => page.type(id("place"), "the Bramblegate steps"),
    when: tick("today"),
    affected: tick("age-25-34"),
    populations: tick("populations-injects-drugs"),
    urgency: tick("urgency-danger-now"),
    need: tick("need-legal-advice"),
    story: () => page.type(id("story"), story),
    files: async () => {
      await (await page.$(id("files-input"))).uploadFile(jpeg);
      await until("the picture looked at", 10, () => page.$eval(id("file"), (f) => f.dataset.found !== "checking"));
      check(await page.$eval(id("file"), (f) => f.dataset.found) === "cleaned", "the picture is taken, and what it hid is removed");
    },
    "contact": () => page.type(id("contact-name"), "Sparrowmark"),
    consent: async () => {
      check(await page.$$eval("input[name=consent]:checked", (l) => l.length) === 0, "no consent is ticked beforehand");
      await page.click(id("consent-legal-help"));
      await page.click(id("consent-count-me"));
    },
    openers: () => picture(page, "phone-openers"),
    check: () => picture(page, "phone-check"),
  }, "check", (screen) => accessible(page, `screen ${screen}`));
  check(page.url() === address, "the address never changed while the form was filled");
  for (const s of ["desk", "story", "files", "consent", "openers", "receipt"]) check(seen.includes(s), `the form asked: ${s}`);
  await page.click(id("next"));
  await page.waitForSelector(id("words"), { timeout: 60_000 });
  const words = await page.$$eval(`${id("words")} li`, (l) => l.map((x) => x.textContent));
  check(words.length === 12 && await showsWords(page, words), "the peer gets twelve words");
  await accessible(page, "the words");
  await picture(page, "phone-receipt");
  await page.click(id("next"));
  await page.waitForSelector(id("screen-retype"));
  const asked = await page.$$eval("[data-testid^=retype-]", (l) => l.map((x) => [x.dataset.testid, Number(/\d+/.exec(document.querySelector(`label[for=${x.id}]`).textContent)[0])]));
  for (const [field, n] of asked) await page.type(id(field), words[n - 1]);
  await page.click(id("next"));
  await page.waitForSelector(id("screen-thanks"));
  await accessible(page, "the thanks");
  await page.click(id("next"));
  await page.waitForSelector(id("screen-gone"));
  check(!await showsWords(page, words), "the emptied page holds none of her words");
  check(await page.$$eval("input, textarea", (l) => l.length) === 0, "and no field");
  const kept = await page.evaluate(async () => {
    const all = [JSON.stringify({ ...localStorage }), JSON.stringify({ ...sessionStorage }), document.cookie];
    for (const { name } of await indexedDB.databases()) {
      const db = await new Promise((ok, no) => { const r = indexedDB.open(name); r.onsuccess = () => ok(r.result); r.onerror = () => no(r.error); });
      for (const s of db.objectStoreNames) {
        all.push(JSON.stringify(await new Promise((ok, no) => { const r = db.transaction(s).objectStore(s).getAll(); r.onsuccess = () => ok(r.result); r.onerror = () => no(r.error); })));
      }
      db.close();
    }
    return all.join("\n");
  });
  check(![story, "Quincebrook", "Sparrowmark", words.join(" "), words.slice(0, 2).join('","')].some((x) => kept.includes(x)), "nothing that was typed and no word is kept in the browser's stores");
  check(complaints.length === 0, `no error in the console ${complaints.join("; ")}`);
  return page;
}

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

async function advocate(browser, org, site, toolStory) {
  const page = await browser.newPage();
  await page.setViewport({ width: 1280, height: 800 });
  const answer = await page.goto(org.desk);
  check(/default-src 'none'/.test(answer.headers()["content-security-policy"]) && !/script-src/.test(answer.headers()["content-security-policy"]), "the desk's pages allow no script");
  const submit = (button) => Promise.all([page.waitForNavigation(), button.click()]);
  const press = async (text) => {
    const button = await until(`a button "${text}"`, 5, () => page.evaluateHandle((t) => [...document.querySelectorAll("button")].find((b) => b.textContent.trim() === t && b.checkVisibility()), text).then((h) => h.asElement()));
    await submit(button);
  };
  await accessible(page, "the unlock page");
  await page.type("#passphrase", org.passphrase);
  await page.type("#code", await org.code());
  await press("Unlock");
  await accessible(page, "the inbox");
  await press("Sync now");
  const find = async (text) => page.evaluate((t) => [...document.querySelectorAll(".list a")].find((a) => a.closest("li, tr, article, a").textContent.includes(t))?.href, text);
  const url = await find("Quincebrook");
  check(url, "the inbox shows the browser's report");
  await picture(page, "desk-inbox");
  const first = await page.evaluate(() => document.querySelector(".list .mark")?.textContent ?? "");
  check(/Danger|Held/.test(first), "what is urgent stands first");

  await page.goto(url);
  const words = () => page.$eval(".words", (w) => w.textContent);
  check((await words()).trim() === story, "the case shows the person's own words");
  await accessible(page, "the case");
  await page.evaluate(() => [...document.querySelectorAll("summary")].find((s) => s.textContent === "Show the picture").click());
  await until("the picture", 10, () => page.evaluate(() => [...document.images].some((i) => i.complete && i.naturalWidth === 640)));
  check(true, "the picture appears in the case");
  const link = await page.$eval("a[download]", (a) => a.href);
  const cookies = (await page.browserContext().cookies()).filter((c) => c.domain === "127.0.0.1").map((c) => `${c.name}=${c.value}`).join("; ");
  const file = await fetch(link, { headers: { cookie: cookies } });
  const bytes = Buffer.from(await file.arrayBuffer());
  check(bytes[0] === 0xff && bytes[1] === 0xd8 && !bytes.includes("Sparrowmark") && !bytes.includes("GPS"), "the file that arrived holds no place and no name");

  await press("Take this case");
  await page.evaluate(() => [...document.querySelectorAll("summary")].find((s) => /review/i.test(s.textContent)).click());
  const reason = await page.evaluateHandle(() => [...document.querySelectorAll("form")].find((f) => f.querySelector("[name=to][value=in-review]"))?.querySelector("textarea"));
  await reason.asElement().type("She agreed on the telephone");
  await submit(await reason.asElement().evaluateHandle((t) => t.form.querySelector("button")).then((h) => h.asElement()));
  await page.type("#note", "Called the station; they deny it");
  await press("Add the note");
  const history = await page.$eval(".history", (h) => h.textContent);
  check(history.includes("She agreed on the telephone") && history.includes("they deny it"), "taken, moved to review with a reason, a note added: the history shows each");
  await accessible(page, "the case after acting");
  await picture(page, "desk-case");

  await page.goto(new URL("/", url).href);
  const toolCase = await find("Larkmere") ?? await (async () => {
    await page.evaluate(() => [...document.querySelectorAll(".views a")].find((a) => /all/i.test(a.textContent))?.click());
    await page.waitForNavigation();
    return find("Larkmere");
  })();
  check(toolCase, "the report from the command line is in the same workstation");
  await page.goto(toolCase);
  check((await words()).trim() === toolStory, "and opens there");
  await press("Lock");
  await page.goto(url);
  check(!(await page.content()).includes("Quincebrook"), "locked, nothing can be read");
  await page.close();
}

try {
  const org = await demo();
  const site = await proxy(new URL(org.phone).origin);
  const browser = await chromium();
  await peer(browser, org, site);
  const dir = await plainAge(org, site);
  const toolStory = await byTool(site, dir);
  await advocate(browser, org, site, toolStory);
  console.log("browser test: all of it held");
} catch (e) {
  console.error(`error: ${e.stack}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
