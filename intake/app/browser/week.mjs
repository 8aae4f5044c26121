// A week of two advocates, a lead, and a partner's advocate who is given one case, each at a workstation of her own,
// against one server: with an hour without a network, in which one of them works on and her computer goes off, and with
// conflicting actions. All that people do they do in the pages. In the end every workstation has the same, entry by entry.
// SCREENSHOTS=DIR keeps pictures.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { id, walk } from "./form.mjs";
import { comesBack } from "./peer.mjs";
import { Seat, seats } from "./seats.mjs";
import { bin, check, chromium, cleanUp, phonePage, picture, run, temporaryFolder, until } from "./tools.mjs";

const told = {
  lantern: { desk: "street", consent: ["legal-help", "count-me", "share-with-partners"], answers: { teller: "affected", groups: ["police"], acts: ["extortion", "arrest"], who: ["police"], urgency: "in-custody-now", where: { region: "north", part: "harbour", place: "Lantern Street" }, story: "PRACTICE Lanternmark. They took my friend at the Lantern Street corner and asked for money." } },
  ferry: { desk: "street", consent: ["legal-help"], answers: { groups: ["police"], acts: ["stop-search"], who: ["police"], who_text: "badge KX-44719", urgency: "not-urgent", where: { region: "south", part: "ferry", place: "the Fennelgate ferry" }, story: "PRACTICE Ferrymark. The officer with badge KX-44719 searched my bag at the ferry." } },
  again: { desk: "street", consent: ["legal-help"], answers: { groups: ["police"], acts: ["stop-search"], who: ["police"], who_text: "KX-44719", urgency: "not-urgent", where: { region: "south", part: "ferry", place: "the Fennelgate ferry" }, story: "PRACTICE Againmark. I saw how KX-44719 emptied somebody's bag at the ferry." } },
  clinic: { desk: "health", consent: ["legal-help"], answers: { groups: ["health"], acts: ["refusal-of-service"], urgency: "not-urgent", story: "PRACTICE Clinicmark. The clinic at Larkmere sent me away." } },
  bridge: { desk: "street", consent: [], answers: { groups: ["community"], acts: ["threat"], urgency: "not-urgent", story: "PRACTICE Bridgemark. Somebody said there was a raid under the bridge." } },
  friend: { desk: "street", consent: [], answers: { groups: ["police"], acts: ["extortion"], urgency: "not-urgent", story: "PRACTICE Friendmark. The officer is a friend of somebody at your desk, please take care." } },
};

/** A report from the command line. Returns the person's words. */
async function sends(org, dir, name) {
  const { desk, ...report } = told[name];
  const file = join(dir, `${name}.json`);
  await writeFile(file, JSON.stringify(report));
  const { origin, hash } = new URL(org.phone);
  const { stdout } = await run(bin("peerwitness"), ["report", "--roster", origin, "--root", new URLSearchParams(hash.slice(1)).get("root"), "--desk", desk, "--in", file, "--send", origin]);
  return stdout.match(/[a-z]+/g).slice(-12);
}

/** One from the app, on a phone. */
async function tells(browser, org) {
  const page = await phonePage(browser);
  await page.goto(org.phone);
  await page.waitForSelector(id("screen-first"));
  await walk(page, {
    desk: () => page.click(id("desk-street")),
    groups: () => page.click(id("groups-police")),
    story: () => page.type(id("story"), "PRACTICE Milldoor. They came to the door at the mill and took our papers."),
  }, "check");
  await page.click(id("next"));
  await page.waitForSelector(id("words"), { timeout: 60_000 });
  await page.close();
}

const together = (all, f) => Promise.all(all.map(f));

/** What is written is marked, so that it is found again, once, at everybody's. */
const marks = [];
const mark = (text) => {
  const m = `PRACTICE mark ${marks.length}.`;
  marks.push(m);
  return `${m} ${text}`;
};

/** What the partner sees of it all, but the case that is shared with her: nothing. */
async function seesOnly(mei, words) {
  const seen = [];
  for (const view of ["open", "closed"]) {
    await mei.sees("", view);
    const text = await mei.page.$eval("body", (b) => b.textContent);
    seen.push(...["Lanternmark", "Ferrymark", "Againmark", "Bridgemark", "Friendmark", "Milldoor", "Clinicmark"].filter((word) => text.includes(word)));
  }
  check(seen.join() === words.join(), `the partner is shown ${words.join() || "nothing"} (${seen})`);
}

async function week() {
  const org = await seats();
  const browser = await chromium();
  const dir = await temporaryFolder("told");
  const everybody = await together(["nino", "amara", "luc", "mei"], (name) => Seat.open(browser, org, name));
  const [nino, amara, luc, mei] = everybody;
  const day = async () => {
    await together(everybody, (x) => x.press("Lock"));
    await org.later("24h");
    await together(everybody, (x) => x.begins());
  };

  // Monday. What came in is looked at and taken; two reach for the same case at once.
  await together(everybody, (x) => x.begins());
  const [words] = await Promise.all([sends(org, dir, "lantern"), ...["ferry", "clinic", "bridge", "friend"].map((n) => sends(org, dir, n)), tells(browser, org)]);
  await together(everybody, (x) => x.syncs()); // the list is on the page
  check(await nino.find("Clinicmark") && await nino.find("Milldoor") && await luc.find("Ferrymark") && !await luc.find("Clinicmark"), "Monday: what came in is at those desks that it was sent to");
  await together([amara, luc], (x) => x.opens("Milldoor"));
  await together([amara, luc], (x) => x.press("Take this case"));
  const took = await together([amara, luc], (x) => x.says());
  check(took.filter((t) => t.includes("The case is yours")).length === 1 && took.filter((t) => /took|taken|has/.test(t)).length >= 1, `two reach for one case: one has it, the other is told who (${took.join("; ")})`);
  await picture(took[0].includes("The case is yours") ? luc.page : amara.page, "week/taken");
  await Promise.all([
    (async () => {
      await amara.opens("Lanternmark");
      await amara.press("Take this case");
      await amara.does("Write down that somebody is held, or was released", { since: `${org.day()}T06:30`, hours: "72", place: "Harbour station" });
      await amara.does("Write down what a peer worker risks", { of: ["arrest"], done: ["legal-support"], text: mark("She stood beside them.") });
      await amara.does("Add a task or a deadline", { kind: "hearing", what: "Before the duty judge", day: org.day(2), hour: "09:30" });
      await amara.moves("action", { reason: mark("Held: a lawyer goes at once.") });
    })(),
    (async () => {
      await luc.opens("Ferrymark");
      await luc.press("Take this case");
      await luc.moves("in-review", { reason: mark("Clear enough to look into.") });
      await luc.opens("Bridgemark");
      await luc.press("Take this case");
      await luc.moves("in-review");
    })(),
    (async () => {
      await nino.opens("Friendmark");
      await nino.press("Take this case");
      await nino.does("Restrict the case", { people: [await nino.page.$eval("[name=people]:checked", (e) => e.value), await colleague(nino, "Advocate Amara")], reason: mark("It may be about a friend of Luc's.") });
      await nino.notes(mark("For the two of us alone."));
      await nino.opens("Clinicmark");
      await nino.press("Take this case");
    })(),
    seesOnly(mei, []),
  ]);

  // Tuesday. The same thing is told twice; an answer goes, and the peer writes back; Luc does not see the restricted case go on.
  await day();
  await sends(org, dir, "again");
  await Promise.all([
    (async () => {
      await amara.opens("Lanternmark");
      await amara.does("Answer the person", { text: "PRACTICE. A lawyer is with your friend. Shall we call you?" });
      await amara.press("Send the answer");
      await amara.opens("Lanternmark");
      await amara.does("Share the case with a partner", { to: await colleague(amara, "Partner Mei", "select[name=to]"), reason: mark("They stand before the judge.") });
      check((await amara.says()).includes("The case is shared"), "one case is shared with the partner");
      await comesBack(browser, org, { url: new URL(org.phone).origin }, words, "PRACTICE. A lawyer is with your friend. Shall we call you?", "PRACTICE. Yes, after six.");
    })(),
    (async () => {
      await luc.syncs();
      await luc.opens("Againmark");
      await luc.press("Take this case");
      await luc.press("The same thing told twice: merge this case into that one");
      check(await luc.shows("main", "this case is merged into it"), "Tuesday: what was told twice is merged");
      await luc.moves("closed", { close: "duplicate" });
    })(),
    (async () => {
      await nino.opens("Friendmark");
      await nino.notes(mark("Spoke with the other two."));
    })(),
  ]);
  check(!(await (luc.opens("Friendmark").then(() => luc.page.content()))).includes("For the two of us alone"), "who is left out of a restricted case reads nothing of what came since");
  await picture(luc.page, "week/left-out");

  // Wednesday. Verified; a mistake is taken back; what one person can't confirm needs a second one.
  await day();
  await Promise.all([
    (async () => {
      await amara.syncs();
      await amara.opens("Lanternmark");
      check(await amara.shows(".words", "Yes, after six"), "Wednesday: what the peer wrote back is in the case");
      await amara.moves("in-review");
      await amara.moves("verified", { verification: "documented", reason: mark("The station's own register.") });
    })(),
    (async () => {
      await luc.opens("Ferrymark");
      await luc.moves("action", { reason: mark("The wrong case.") });
      await luc.does("Take this back", { reason: mark("It was meant for another one.") }, "The wrong case.");
      check(await luc.shows(".lead .meta", "In review"), "a mistake is taken back");
      await luc.opens("Bridgemark");
      await luc.does("Propose as not verified", { reason: mark("Nobody there knows of it.") });
    })(),
    (async () => {
      await mei.syncs();
      await seesOnly(mei, ["Lanternmark"]);
      await mei.opens("Lanternmark");
      check(await mei.shows("article", "took my friend"), "the partner reads the case that is shared with her");
      await picture(mei.page, "week/partner");
      await mei.notes(mark("Mei: I am at the court at nine."));
      await mei.does("Add a task or a deadline", { kind: "hearing", what: "Second hearing", day: org.day(9) });
    })(),
  ]);
  await nino.syncs();
  await nino.opens("Bridgemark", "second");
  await picture(nino.page, "week/second");
  await nino.does("Agree to mark it as not verified");
  check(await nino.shows(".lead .meta", "Not verified"), "the second person agreed that it could not be confirmed");

  // Thursday. An hour without a network: Amara and Luc work on, Luc's computer goes off and comes back, Nino is connected.
  await day();
  await together(everybody, (x) => x.syncs());
  await org.type("cut amara");
  await org.type("cut luc");
  await luc.opens("Lanternmark");
  await luc.notes(mark("Luc, offline: their sister called."));
  check((await luc.says()).includes("waits on this computer"), "Thursday: without a connection it waits on her computer");
  await luc.moves("action", { reason: mark("Luc, offline: the lawyer needs papers.") });
  await luc.opens("Ferrymark");
  await luc.moves("verified", { verification: "corroborated", reason: mark("Luc, offline: two accounts agree.") });
  await luc.does("Add a task or a deadline", { kind: "deadline", what: "Complaint to the inspectorate", day: org.day(10) });
  await luc.page.goto(new URL("/waiting", luc.inbox).href);
  await picture(luc.page, "week/waiting");
  await org.type("kill luc");
  await Promise.all([
    (async () => {
      await amara.opens("Lanternmark");
      await amara.moves("monitoring", { reason: mark("Amara, offline: released this morning.") });
      await amara.does("Write down that somebody is held, or was released", { released: `${org.day()}T07:00` });
    })(),
    (async () => {
      await mei.opens("Lanternmark");
      await mei.notes(mark("Mei: they were brought before the judge."));
    })(),
    (async () => { // Nino acts on what Luc acts on: verified already, by her
      await nino.opens("Ferrymark");
      await nino.moves("verified", { verification: "single-account", reason: mark("Nino: I met her.") });
    })(),
  ]);
  await luc.returns(await org.type("start luc"));
  await luc.begins(false);
  check(await luc.shows(".glance", "4 things you did wait on this computer"), "her computer went off and came back: all four things still wait");
  await luc.opens("Lanternmark");
  await luc.notes(mark("Luc, offline again: papers are copied."));
  await org.later("1h");
  await org.type("mend amara");
  await amara.syncs();
  await amara.opens("Lanternmark");
  check(await amara.shows(".lead .meta", "Monitoring"), "the hour is over: what Amara did has gone");
  await org.type("mend luc");
  await luc.page.goto(luc.inbox);
  await luc.connects();
  await luc.syncs();
  await luc.opens("Lanternmark");
  check(await luc.shows(".lead .meta", "Action") && await luc.shows(".history", "Amara, offline") && await luc.shows(".history", "Luc, offline again"), "what Luc did was put after what Amara did, and both stand");
  await luc.page.goto(new URL("/waiting", luc.inbox).href);
  await picture(luc.page, "week/stopped");
  const stopped = await luc.page.$$eval(".waits > li", (all) => all.map((li) => li.textContent.replace(/\s+/g, " ").trim()));
  check(stopped.length === 2 && /could not be done/.test(stopped[0]) && stopped[0].includes("two accounts agree"), `what can't be done any more is shown, and what comes after it waits (${stopped.join(" | ")})`);
  forgotten.add(marks.find((m) => stopped[0].includes(m)));
  await luc.press("Take it back");
  await luc.syncs();
  await luc.opens("Ferrymark");
  check(await luc.shows(".tasks", "Complaint to the inspectorate"), "she takes it back, and what came after it goes");

  // Friday. Luc hands a case over; Amara goes on leave, and Luc covers.
  await day();
  await Promise.all([
    (async () => {
      await luc.opens("Ferrymark");
      await luc.does("Hand the case over", { to: await colleague(luc, "Lead Nino", "select[name=to]"), reason: mark("She knows the inspector."), open: "The complaint." });
    })(),
    (async () => {
      await amara.page.goto(new URL("/away", amara.inbox).href);
      await amara.page.$eval("#from", (e, v) => { e.value = v; }, org.day(1));
      await amara.page.$eval("#until", (e, v) => { e.value = v; }, org.day(9));
      await amara.page.select("#by", await amara.option("#by", "Advocate Luc"));
      await amara.press("Arrange it");
      check(await amara.shows(".notice", "arranged"), "Friday: Amara's leave is covered");
      await picture(amara.page, "week/away");
    })(),
  ]);

  // Saturday. Amara is away: Luc, who covers, codes her case, links the person, and gives it on; two act on one page's state.
  await day();
  await Promise.all([
    (async () => {
      await luc.syncs();
      check(await luc.sees("Lanternmark", "mine"), "Saturday: what she covers is in Luc's own list");
      await luc.opens("Lanternmark");
      await luc.follow("Code this case");
      await luc.page.click("#main-act");
      await luc.page.select("#services-0-code", "legal-primary");
      await luc.page.select("#services-0-outcome", "full");
      await luc.press("Save the coding");
      await luc.follow("Link people across cases");
      await luc.page.type("#new", "Blue jacket, pier");
      await luc.page.click("[name=role][value=affected]");
      await luc.press("Link someone new");
    })(),
    (async () => {
      await nino.syncs();
      await nino.opens("Ferrymark");
      await nino.follow("Code this case");
      await nino.page.click("#main-act");
      await nino.press("Save the coding");
    })(),
  ]);
  // Both look at the case before either acts; neither loses a word.
  await together([nino, luc], (x) => x.opens("Lanternmark"));
  await luc.notes(mark("Luc: the receipt is filed."));
  await nino.notes(mark("Nino: the ministry was told."));
  check(await nino.shows(".meanwhile", "the receipt is filed"), "who acts on an older page is shown what came in between");
  await picture(nino.page, "week/meanwhile");

  // Sunday. The share is ended, and what can be is closed.
  await day();
  await nino.opens("Lanternmark");
  await nino.does("End the share with Partner Mei", { reason: mark("Her part is done.") });
  await together(everybody, (x) => x.syncs());
  await Promise.all([
    (async () => {
      await luc.opens("Lanternmark");
      await luc.press("Done");
      await luc.moves("closed", { close: "resolved", reason: mark("All three are free.") });
      await picture(luc.page, "week/closed");
    })(),
    (async () => {
      await nino.opens("Bridgemark");
      await nino.moves("closed", { close: "out-of-scope" });
      await nino.opens("Ferrymark");
      await nino.moves("closed", { close: "partly-resolved", reason: mark("The inspectorate has it.") });
      await nino.opens("Clinicmark");
      await nino.moves("closed", { close: "lost-contact", reason: mark("They do not answer any more.") });
    })(),
  ]);
  await org.later("1h");
  for (let i = 0; i < 2; i++) await together(everybody, (x) => x.syncs()); // what one sends at the first, the others see at the second
  return { org, everybody };
}

const forgotten = new Set();

/** The id of the colleague of that name in the form that is on the page. */
function colleague(seat, name, field = "[name=people]") {
  return seat.page.$$eval(field, (all, n) => {
    for (const e of all) {
      const found = e.options ? [...e.options].find((o) => o.textContent.trim() === n) : e.closest("label").textContent.trim() === n ? e : undefined;
      if (found) return found.value;
    }
    return undefined;
  }, name);
}

/** Every case's history as each desk's pages have it. */
async function pagesAgree(everybody) {
  const has = new Map();
  await together(everybody, async (seat) => {
    for (const view of ["open", "closed"]) {
      await seat.page.goto(`${seat.inbox}?view=${view}`);
      for (const url of await seat.page.$$eval(".list li > a", (all) => all.map((a) => a.href))) {
        await seat.page.goto(url);
        const key = new URL(url).pathname.split("/").pop();
        const meta = await seat.page.$eval(".lead .meta", (e) => e.textContent.replace(/\s+/g, " ").trim());
        if (!has.has(key)) has.set(key, []);
        has.get(key).push({ name: seat.name, meta, history: await seat.history() });
      }
    }
  });
  return has;
}

/** The journals of each workstation's folder, by the tool. */
async function journals(org) {
  const pass = join(org.dir, "passphrase");
  await writeFile(pass, org.passphrase + "\n", { mode: 0o600 });
  const all = await together(Object.entries(org.files), async ([name, f]) => {
    const { stdout } = await run(bin("peerwitness"), ["journal", "--json", "--key", f.key, "--dir", f.dir, "--passphrase-file", pass], { maxBuffer: 32 << 20 });
    return [name, JSON.parse(stdout)];
  });
  return Object.fromEntries(all);
}

/** A case as the one has it who has most of it, and the names of those who have a part of it and don't hold its key by that. */
function whole(all, id) {
  const have = Object.keys(all).map((name) => [name, all[name].cases.find((x) => x.case === id)]).filter(([, x]) => x);
  const [name, full] = have.reduce((best, x) => (x[1].entries.length > best[1].entries.length ? x : best));
  return { name, full, have, leftOut: have.map(([n]) => n).filter((n) => full.journal && !(full.granted ?? []).includes(all[n].person)) };
}

/** Entry by entry: those who may read a case have the same of it; who was left out has its beginning; who has no part in it has none. */
function sameEverywhere(all) {
  for (const [name, x] of Object.entries(all)) {
    if (x.waiting || x.quarantine || x.alarms) throw new Error(`${name}: ${x.waiting} things wait, ${x.quarantine} were not taken in, ${x.alarms} warnings`);
  }
  const ids = new Set(Object.values(all).flatMap((x) => x.cases.map((c) => c.case)));
  let entries = 0;
  for (const id of ids) {
    const { name: first, full, have, leftOut } = whole(all, id);
    for (const [name, x] of have) {
      const until = leftOut.includes(name) ? x.entries.length : full.entries.length;
      for (let i = 0; i < Math.max(until, x.entries.length); i++) {
        const [a, b] = [JSON.stringify(full.entries[i]), JSON.stringify(x.entries[i])];
        if (a !== b) throw new Error(`case ${id}, entry ${i}: ${first} has ${a}, ${name} has ${b}`);
      }
      if (leftOut.includes(name)) {
        if (until >= full.entries.length) throw new Error(`case ${id}: ${name} was left out and has all of it`);
      } else if (JSON.stringify(x) !== JSON.stringify(full)) {
        throw new Error(`case ${id}: ${first} has ${JSON.stringify({ ...full, entries: 0 })}, ${name} has ${JSON.stringify({ ...x, entries: 0 })}`);
      }
    }
    if (full.problems) throw new Error(`case ${id}: ${full.problems} problems`);
    if (new Set(full.entries.map((e) => e.entry)).size !== full.entries.length) throw new Error(`case ${id} has an entry twice`);
    entries += full.entries.length;
  }
  return { cases: ids.size, entries };
}

/** The pages say the same as well: all of a case's history to those who may read it, its beginning to who was left out. Returns what they say. */
function samePages(all, pages) {
  const texts = [];
  for (const [id, shown] of pages) {
    const { name, leftOut } = whole(all, id);
    const full = shown.find((x) => x.name === name);
    for (const x of shown) {
      const part = leftOut.includes(x.name) ? full.history.slice(full.history.length - x.history.length) : full.history; // the newest stands first
      if (part.join("\n") !== x.history.join("\n") || !leftOut.includes(x.name) && x.meta !== full.meta) throw new Error(`case ${id}: ${name} is shown\n${full.meta}\n${full.history.join("\n")}\n\n${x.name}\n${x.meta}\n${x.history.join("\n")}`);
    }
    texts.push(...full.history);
  }
  return texts.join("\n");
}

try {
  const began = performance.now();
  const { org, everybody } = await week();
  const pages = await pagesAgree(everybody);
  await together(everybody, (x) => x.press("Lock"));
  await org.end();
  const all = await journals(org);
  const text = samePages(all, pages);
  for (const m of marks) {
    const n = text.split(m).length - 1;
    if (n !== (forgotten.has(m) ? 0 : 1)) throw new Error(`“${m}” stands ${n} times`);
  }
  check(true, `each of ${marks.length} things that people wrote stands once, and those that were taken back before they went nowhere`);
  const same = sameEverywhere(all);
  check(same.entries > 40, `the same everywhere: ${same.cases} cases, ${same.entries} entries, checked one by one at ${Object.keys(all).length} workstations`);
  const kinds = new Set(Object.values(all).flatMap((w) => w.cases).flatMap((c) => c.entries.filter((e) => !e.void).map((e) => e.kind)));
  const lacking = ["claim", "join", "note", "state", "answer", "task", "custody", "risk", "relation", "coding", "person", "assign", "cover", "propose", "agree", "restrict", "undo", "share", "unshare"].filter((k) => !kinds.has(k));
  check(lacking.length === 0, `the week had every kind of step that it was made of ${lacking}`);
  const holds = (n) => all[n].cases.map((c) => c.desk);
  check([...holds("luc"), ...holds("amara")].every((d) => d === "street") && all.mei.cases.length === 1 && whole(all, all.mei.cases[0].case).leftOut.includes("mei") && all.nino.cases.length === same.cases, "who has no part in a case has nothing of it, and the partner what she had until her share ended");
  console.log(`the week: all of it held, in ${((performance.now() - began) / 1000).toFixed(1)} s`);
} catch (e) {
  console.error(`error: ${e.stack}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
