// What a peer does on a phone: sends a report with a picture, and comes back with her words.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { accessible, id, press, walk } from "./form.mjs";
import { check, phonePage, picture, root, run, temporaryFolder, until } from "./tools.mjs";

export const story = "PRACTICE. Two officers on the steps at Quincebrook took my needles and asked for money.";

/** What is in the file that she adds when she comes back. */
export const later = "PRACTICE. A list from the hedgerow office.";

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

/** All that the browser keeps for the page's origin, as one text. */
export function stored(page) {
  return page.evaluate(async () => {
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
}

/** A phone's page, and what its console complained of. */
async function phone(browser) {
  const page = await phonePage(browser);
  const complaints = [];
  page.on("pageerror", (e) => complaints.push(String(e)));
  page.on("console", (m) => { if (m.type() === "error" || m.type() === "warn") complaints.push(m.text()); });
  return { page, complaints };
}

/** She says something too: recorded in the page, paused, listened to, and added. */
async function voice(page) {
  await press(page, "record-open");
  await press(page, "record-begin");
  await page.waitForSelector(id("record-stop"));
  await new Promise((r) => setTimeout(r, 1500));
  await press(page, "record-pause");
  await until("the pause", 5, () => page.$eval("[role=timer]", (e) => e.textContent.startsWith("Paused")));
  await accessible(page, "a recording");
  await picture(page, "phone-voice");
  await press(page, "record-pause");
  await press(page, "record-stop");
  await page.waitForSelector("audio");
  await press(page, "record-keep");
  await until("the recording among the files", 10, () => page.$$eval(id("file"), (l) => l.length === 2 && l.every((f) => f.dataset.found !== "checking")));
  check(await page.$$eval(id("file"), (l) => l[1].textContent.includes("voice.")), "a voice is recorded in the page and added");
}

/** A peer fills the form in, sends, keeps her words. Returns the twelve words. */
export async function report(browser, org, site) {
  const { page, complaints } = await phone(browser);
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
    urgency: async () => {
      await page.click(id("urgency-danger-now"));
      check(await page.$eval(id("help-first"), (e) => e.open && e.textContent.includes("000 0001")), "danger now: the organisation's steps and numbers are shown right there");
      await page.click(id("also-held"));
      check(await page.$eval(id("held"), (e) => e.open && e.textContent.includes("000 0004")), "somebody is held: so are those for that");
    },
    custody: () => page.type(id("custody-place"), "the Bramblegate station"),
    need: tick("need-legal-advice"),
    story: async () => {
      await page.type(id("story"), story);
      await press(page, "help");
      await page.waitForSelector(id("screen-help"));
      check(await page.evaluate(() => ["000 0001", "000 0004", "000 0003"].every((n) => document.body.textContent.includes(n))), "help is one press away from any question");
      await accessible(page, "help");
      await picture(page, "phone-help");
      await press(page, "back");
      check(await page.$eval(id("story"), (e) => e.value) === story, "and back, nothing is lost");
    },
    files: async () => {
      await (await page.$(id("files-input"))).uploadFile(jpeg);
      await until("the picture looked at", 10, () => page.$eval(id("file"), (f) => f.dataset.found !== "checking"));
      check(await page.$eval(id("file"), (f) => f.dataset.found) === "cleaned", "the picture is taken, and what it hid is removed");
      await voice(page);
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
  // Every screen of the form's table was walked through, looked at by axe-core and found to fit.
  const table = [...(await readFile(join(root, "intake/app/src/ui/steps.tsx"), "utf8")).matchAll(/\{ id: "([a-z-]+)"/g)].map((m) => m[1]);
  check(table.length >= 20 && table.every((s) => seen.includes(s)), `each of the form's ${table.length} screens was visited ${table.filter((s) => !seen.includes(s))}`);
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
  const kept = await stored(page);
  check(![story, "Quincebrook", "Sparrowmark", words.join(" "), words.slice(0, 2).join('","')].some((x) => kept.includes(x)), "nothing that was typed and no word is kept in the browser's stores");
  check(complaints.length === 0, `no error in the console ${complaints.join("; ")}`);
  await page.close();
  return words;
}

/**
 * She comes back with her words, in a page of another day: reads what the desk answered, writes again, and leaves nothing behind.
 */
export async function comesBack(browser, org, site, words, answer, message) {
  const { page, complaints } = await phone(browser);
  await page.goto(site.url + "/" + new URL(org.phone).hash);
  await page.waitForSelector(id("screen-first"));
  const address = page.url();
  await page.click(id("have-words"));
  await page.waitForSelector(id("screen-enter"));
  await page.type(id("typed"), words.join(" "));
  await page.click(id("next"));
  await page.waitForSelector(id("screen-answers"), { timeout: 30_000 });
  check((await page.$$eval(id("answer-text"), (l) => l.map((x) => x.textContent))).join() === answer, "the peer reads the desk's answer with her words");
  check(!await page.evaluate((name) => document.body.textContent.includes(name), "Nino"), "it says the desk, and nobody's name");
  await accessible(page, "the answers");
  await picture(page, "phone-answer");
  await page.click(id("next"));
  await page.waitForSelector(id("screen-write"));
  await press(page, "helped-partial");
  await page.type(id("message"), message);
  await page.click(id("next"));
  await page.waitForSelector(id("screen-files"));
  const dir = await temporaryFolder("later");
  await writeFile(join(dir, "later.txt"), later);
  await until("the page to be ready for files", 10, () => page.$eval(id("files-input"), (f) => !f.disabled));
  await (await page.$(id("files-input"))).uploadFile(join(dir, "later.txt"));
  await until("the file looked at", 10, () => page.$$eval(id("file"), (l) => l.length === 1 && l[0].dataset.found !== "checking"));
  await page.click(id("next"));
  await page.waitForSelector(id("screen-openers"));
  await page.click(id("next"));
  await page.waitForSelector(id("screen-sent"), { timeout: 60_000 });
  await accessible(page, "the message is sent");
  check(page.url() === address, "the address never changed on the way back");
  await page.click(id("next"));
  await page.waitForSelector(id("screen-gone"));
  const kept = await stored(page);
  check(![answer, message, words.join(" "), words.slice(0, 2).join('","')].some((x) => kept.includes(x)) && !await showsWords(page, words), "answer, message and words are neither kept nor shown any more");
  check(complaints.length === 0, `no error in the console on the way back ${complaints.join("; ")}`);
  await page.close();
}
