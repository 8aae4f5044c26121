import { describe, expect, test } from "vitest";
import { hex, lp, sha256, unbase64, utf8 } from "../src/lib/bytes.ts";
import { Engine } from "../src/lib/engine.ts";
import { wordList } from "../src/lib/lists.ts";
import { memoryStore, type Store } from "../src/lib/store.ts";
import { verify } from "../src/lib/signing.ts";
import type { Submission } from "../src/lib/types.ts";
import { openReport } from "./open.ts";
import { Organisation, revocation, today } from "./organisation.ts";

// What waits on the phone: sealed, over visits, part by part.

const words = await wordList("en");
const story: Submission = { desk: "street", lang: "en", answers: { story: "PRACTICE quincebrook" }, consent: ["count-me"], leftOut: [], files: [], receipt: true };
const film = (mib: number, seed: number) => ({ file: new File([Uint8Array.from({ length: mib << 20 }, (_, i) => (i * seed) % 253)], "quincebrook.bin"), original: false });

function visit(org: Organisation, store: Store, installed = true, tab = "one", left = ""): Promise<Engine> {
  const engine = new Engine({ fetch: org.fetch, store, now: () => today, report: () => undefined, pause: () => Promise.resolve() });
  return engine.open(null, { installed, tab, left }).then(() => engine);
}

/** All that a store holds, as bytes to search in. */
async function held(store: Store): Promise<string> {
  const all: string[] = [];
  for (const key of await store.keys("")) {
    const value = await store.get(key);
    all.push(key, JSON.stringify(value, (_, v: unknown) => (v instanceof Uint8Array ? Buffer.from(v).toString("latin1") : v)));
  }
  return all.join("\n");
}

describe("in an installed app", () => {
  test("a report without a line waits, sealed, and goes on another day", async () => {
    const org = await Organisation.make();
    const store = memoryStore(true);
    const first = await visit(org, store);
    org.fault = (method) => (method === "GET" ? undefined : "drop");
    const outcome = await first.send(story, words);
    expect(outcome).toMatchObject({ done: false, story: false, problem: "offline" });
    expect(outcome.waiting).not.toBe("");
    expect(outcome.receipt?.words).toHaveLength(12);
    // Nothing of it can be read here, and the words are not with it.
    const kept = await held(store);
    expect(kept).not.toContain("quincebrook");
    // Two that follow each other: one alone, "report" or "story", may be a name of the store's own.
    const { words: hers, digits } = outcome.receipt!;
    for (const list of [hers!, digits]) for (const by of [" ", '","', ""]) expect(kept.includes(list.slice(0, 2).join(by)), list.join(" ")).toBe(false);

    org.fault = () => undefined;
    const later = await visit(org, store);
    expect(org.server.deposits.size).toBe(0); // it asks before sending
    const [item, ...others] = await later.waiting();
    expect(others).toEqual([]);
    expect(item).toMatchObject({ kind: "report", practice: false, story: false, files: 0, names: ["Advocate 1", "Advocate 2"], gone: 0 });
    expect(await later.carry(item!.id)).toMatchObject({ done: true, story: true, problem: "", receipt: null, waiting: "" });
    expect(await later.waiting()).toEqual([]);
    expect(await held(store)).not.toContain("ticket");
    const [deposit] = org.server.deposits.values();
    expect(JSON.parse(await openReport(deposit!.report, 8, org.advocates[1]!.identity))).toMatchObject({ answers: { story: "PRACTICE quincebrook" } });
  });

  test("files go part by part over visits, and none is sent twice", { timeout: 60_000 }, async () => {
    const org = await Organisation.make();
    const store = memoryStore(true);
    const first = await visit(org, store);
    let puts = 0;
    org.fault = (method) => (method === "PUT" && ++puts > 2 ? "drop" : undefined);
    expect(await first.send({ ...story, files: [film(3, 7), film(1, 11)] }, words)).toMatchObject({ done: false, story: true, problem: "offline", missing: [0, 1] });
    expect(await held(store)).not.toContain("quincebrook");
    const there = org.server.blobs.size;
    expect(there).toBe(2);

    const second = await visit(org, store);
    const [item] = await second.waiting();
    expect(item).toMatchObject({ story: true, files: 2 });
    puts = 1;
    expect(await second.carry(item!.id)).toMatchObject({ done: false, story: true });
    org.fault = () => undefined;
    const third = await visit(org, store);
    org.server.calls.length = 0;
    expect(await third.carry(item!.id)).toMatchObject({ done: true, missing: [] });
    expect(org.server.calls.filter((c) => c.startsWith("PUT"))).toHaveLength(org.server.blobs.size - there - 1);
    expect(await store.keys("piece/")).toEqual([]);
    expect(await store.keys("waiting/")).toEqual([]);
    expect(org.server.deposits.size).toBe(2);
  });

  test("an answer that was lost makes no second report", async () => {
    const org = await Organisation.make();
    const store = memoryStore(true);
    org.fault = (method) => (method === "POST" ? "lose" : undefined);
    await (await visit(org, store)).send(story, words);
    expect(org.server.deposits.size).toBe(1);
    org.fault = () => undefined;
    const later = await visit(org, store);
    expect(await later.carry((await later.waiting())[0]!.id)).toMatchObject({ done: true });
    expect(org.server.deposits.size).toBe(1);
  });

  test("storage that is full half way: it is sent from memory instead, and nothing stays", { timeout: 60_000 }, async () => {
    const org = await Organisation.make();
    const store = memoryStore(true);
    let room = 2;
    const full: Store = { ...store, put: (key, value) => (key.startsWith("piece/") && --room < 0 ? Promise.reject(new Error("QuotaExceededError")) : store.put(key, value)) };
    const engine = await visit(org, full);
    expect(await engine.send({ ...story, files: [film(4, 7)] }, words)).toMatchObject({ done: true, missing: [], waiting: "" });
    expect(await store.keys("piece/")).toEqual([]);
    expect(org.server.deposits.size).toBe(2);
  });

  test("a file that went away while it was sealed: the words wait without it", async () => {
    const org = await Organisation.make();
    const store = memoryStore(true);
    const gone = film(1, 7);
    let n = 0;
    const real = gone.file.stream.bind(gone.file);
    gone.file.stream = () => (n++ === 0 ? real() : (new ReadableStream({ pull: () => Promise.reject(new Error("NotReadable")) })));
    expect(await (await visit(org, store)).send({ ...story, files: [gone, film(1, 9)] }, words)).toMatchObject({ done: true, story: true, missing: [0], problem: "broken" });
  });

  test("attack 14: it says when somebody it was sealed to is no longer to be sealed to; it still goes, and another opens it", async () => {
    const org = await Organisation.make();
    const store = memoryStore(true);
    org.fault = (method) => (method === "GET" ? undefined : "drop");
    await (await visit(org, store)).send(story, words);
    org.fault = () => undefined;
    org.revoke(await revocation(org.advocates[1]!, org.advocates[0]!));
    const later = await visit(org, store);
    await later.readers("street");
    const [item] = await later.waiting();
    expect(item).toMatchObject({ names: ["Advocate 1"], gone: 1 });
    expect(await later.carry(item!.id)).toMatchObject({ done: true });
    const [deposit] = org.server.deposits.values();
    await expect(openReport(deposit!.report, 8, org.advocates[0]!.identity)).resolves.toContain("quincebrook");
  });

  test("dropped is gone; a damaged entry is passed over", async () => {
    const org = await Organisation.make();
    const store = memoryStore(true);
    org.fault = (method) => (method === "GET" ? undefined : "drop");
    const { waiting } = await (await visit(org, store)).send({ ...story, files: [film(1, 7)] }, words);
    await store.put("waiting/other", { report: "no bytes" });
    const later = await visit(org, store);
    expect(await later.waiting()).toHaveLength(1);
    expect(await later.carry("other")).toMatchObject({ done: false, problem: "other" });
    await later.drop(waiting);
    expect(await later.waiting()).toEqual([]);
    expect(await store.keys("piece/")).toEqual([]);
  });
});

describe("the copy made before a file is chosen", () => {
  const draft = { ...story, consent: [] };

  test("survives the page's being loaded again, can be sent as it is, and is not sealed twice", async () => {
    const org = await Organisation.make();
    const store = memoryStore(true);
    const first = await visit(org, store, false);
    await first.keepCopy({ ...draft, answers: { story: "PRACTICE earlier" } });
    await first.keepCopy(draft);
    expect(await held(store)).not.toContain("quincebrook");
    const again = await visit(org, store, false);
    const list = await again.waiting();
    expect(list).toMatchObject([{ kind: "copy", names: ["Advocate 1", "Advocate 2"] }]);
    expect(await again.carry(list[0]!.id)).toMatchObject({ done: true, story: true, receipt: null });
    const [deposit] = org.server.deposits.values();
    expect(JSON.parse(await openReport(deposit!.report, 8, org.advocates[0]!.identity))).toMatchObject({ flags: ["unfinished"], consent: [], answers: { story: "PRACTICE quincebrook" } });
    expect(await store.keys("waiting/")).toEqual([]);
    // Photos follow: what they go under is signed by the same thread, and describes them, since the copy announced none.
    const report = JSON.parse(await openReport(deposit!.report, 8, org.advocates[0]!.identity)) as { thread: { id: string; key: string } };
    expect(await again.add({ desk: "street", leftOut: [], text: "", withdraw: [], files: [film(1, 7)] })).toMatchObject({ done: true, missing: [] });
    const messages = await Promise.all([...org.server.deposits.values()].slice(1).map(async (d) => JSON.parse(await openReport(d.report, 8, org.advocates[0]!.identity)) as { thread: string; body: string; sig: string }));
    expect(messages).toHaveLength(2);
    for (const m of messages) {
      expect(m.thread).toBe(report.thread.id);
      expect(await verify(unbase64(report.thread.key)!, unbase64(m.sig)!, lp("peerwitness/follow-up/v1", "street", m.thread, m.body))).toBe(true);
    }
    const body = JSON.parse(messages[1]!.body) as { of?: string; seq: number; attachments: { n: number; blobs: string[]; new: { sha256: string; sealed_size: number } }[] };
    expect(body).toMatchObject({ seq: 0, attachments: [{ n: 0, new: { n: 0, size: 1 << 20, sha256: hex(await sha256(new Uint8Array(await film(1, 7).file.arrayBuffer()))) } }] });
    expect(body.of).toBeUndefined();
    expect(body.attachments[0]!.blobs.reduce((n, b) => n + org.server.blobs.get(b)!.length, 0)).toBe(body.attachments[0]!.new.sealed_size);
  });

  test("goes when the report itself is sealed, and in a browser when another page is opened", async () => {
    const org = await Organisation.make();
    const store = memoryStore(true);
    const first = await visit(org, store, false);
    await first.keepCopy(draft);
    expect(await first.send(story, words)).toMatchObject({ done: true });
    expect(await store.keys("waiting/")).toEqual([]);
    await first.keepCopy(draft);
    expect(await (await visit(org, store, false, "another")).waiting()).toEqual([]);
    await first.keepCopy(draft);
    expect(await (await visit(org, store, true, "another")).waiting()).toHaveLength(1);
    // In an installed app only that of a page which was left goes.
    await (await visit(org, store, true, "two")).keepCopy(draft);
    expect(await (await visit(org, store, true, "another")).waiting()).toHaveLength(2);
    expect((await (await visit(org, store, true, "another", "two")).waiting()).map((w) => w.id)).toEqual(["copy-one"]);
  });

  test("a message to the thread of a practice report waits marked as practice", async () => {
    const org = await Organisation.make();
    const app = await visit(org, memoryStore(true));
    await app.keepCopy({ ...draft, practice: true });
    expect(await app.carry("copy-one")).toMatchObject({ done: true });
    org.fault = (method) => (method === "GET" ? undefined : "drop");
    for (const practice of [true, false]) await app.add({ desk: "street", leftOut: [], text: "PRACTICE", withdraw: [], practice });
    expect((await app.waiting()).map((w) => w.practice).sort()).toEqual([false, true]);
  });

  test("stays when the report itself could not be sealed", async () => {
    const org = await Organisation.make();
    const first = await visit(org, memoryStore(true), false);
    await first.keepCopy(draft);
    expect(await first.send({ ...story, leftOut: org.advocates.map((a) => a.id) }, words)).toMatchObject({ problem: "nobody" });
    expect(await first.waiting()).toHaveLength(1);
  });

  test("where nothing lasts it is refused", async () => {
    const org = await Organisation.make();
    await expect((await visit(org, memoryStore(), false)).keepCopy(draft)).rejects.toThrow("nothing lasts");
  });
});

describe("without a connection, after one visit", () => {
  test("codebook and words are there, and who can open reports; a damaged copy is fetched again", async () => {
    const org = await Organisation.make();
    const store = memoryStore(true);
    const first = await visit(org, store);
    await first.texts("en");
    await first.readers("street");
    org.fault = () => "drop";
    const calls = org.server.calls.length;
    const later = await visit(org, store);
    expect(await later.texts("en")).toMatchObject({ not_a_call: "PRACTICE" });
    expect(await later.readers("street")).toMatchObject({ people: [{ canOpen: true }, { canOpen: true }] });
    expect(org.server.calls.slice(calls).filter((c) => c.includes("roster"))).toHaveLength(1); // it does not wait for a line
    org.fault = () => undefined;
    const key = (await store.keys("document/"))[0]!;
    await store.put(key, utf8("{}"));
    await visit(org, store);
    const mended = (await store.get(key)) as Uint8Array<ArrayBuffer>;
    expect(`document/${hex(await sha256(mended))}`).toBe(key);
  });

  test("what a newer list no longer names is forgotten", async () => {
    const org = await Organisation.make();
    const store = memoryStore(true);
    const before = org.note;
    await (await visit(org, store)).texts("en");
    const book = utf8('{"version":2,"languages":["en"],"groups":[],"lists":{}}');
    const name = hex(await sha256(book));
    org.files.set(`/v1/codebook/${name}`, book);
    await org.publish({ version: 2, former: hex(await sha256(before)), codebook: name });
    await visit(org, store);
    const kept = await store.keys("document/");
    expect(kept).toContain(`document/${name}`);
    expect(kept).toHaveLength(2);
  });
});
