import { describe, expect, test } from "vitest";
import { hex, lp, sha256, unbase64, utf8 } from "../src/lib/bytes.ts";
import { Engine } from "../src/lib/engine.ts";
import { wordList } from "../src/lib/lists.ts";
import { fingerprint, parseRoster } from "../src/lib/roster.ts";
import { memoryStore, type Store } from "../src/lib/store.ts";
import { verify } from "../src/lib/signing.ts";
import type { Progress, Submission } from "../src/lib/types.ts";
import { openReport } from "./open.ts";
import { advocate, certificate, Organisation, revocation, today } from "./organisation.ts";

const failure = (kind: string): unknown => expect.objectContaining({ name: "Failure", kind });

function phone(org: Organisation, store: Store = memoryStore(), now = today): { engine: Engine; progress: Progress[] } {
  const progress: Progress[] = [];
  return { progress, engine: new Engine({ fetch: org.fetch, store, now: () => now, report: (p) => progress.push(p), pause: () => Promise.resolve() }) };
}

const story: Submission = { desk: "street", lang: "en", answers: { story: "PRACTICE" }, consent: ["count-me"], leftOut: [], files: [], receipt: true };
const file = (text: string, name = "a.txt") => ({ file: new File([text], name, { type: "text/plain" }), original: false });
const words = await wordList("en");

type Report = { [key: string]: unknown; report: string; thread: { id: string; key: string }; attachments?: { n: number; sha256: string; sealed_size: number; type: string }[]; flags?: string[] };

async function opened(org: Organisation, n: number, who = org.advocates[0]!): Promise<Report> {
  const deposit = [...org.server.deposits.values()][n];
  return JSON.parse(await openReport(deposit!.report, 8, who.identity)) as Report;
}

describe("opening", () => {
  test("gives what the roster and its codebook say", async () => {
    const { engine } = phone(await Organisation.make());
    const data = await engine.open(null);
    expect(data).toMatchObject({ name: "Practice", version: 1, expired: false, kept: "", desks: [{ id: "street" }], languages: ["en"], codebook: { version: 1 } });
    expect(await engine.readers("street")).toEqual({
      desk: "street",
      people: [1, 2].map((n) => ({ id: `p-000000000000000${n}`, name: `Advocate ${n}`, canOpen: true, current: true, revoked: false })),
    });
    expect(await engine.texts("fr-CA")).toMatchObject({ not_a_call: "PRACTICE" });
  });

  test("a link's root is compared, and remembered ones are not given up", async () => {
    const org = await Organisation.make();
    const root = await fingerprint(await parseRoster(org.note));
    const store = memoryStore();
    await expect(phone(org, store).engine.open("A".repeat(43))).rejects.toEqual(failure("root"));
    await expect(phone(org, store).engine.open(root)).resolves.toMatchObject({ kept: "" });
    await expect(phone(org, store).engine.open("A".repeat(43))).rejects.toEqual(failure("root"));
  });

  test("attack 13: whatever older or worse a server shows, the phone keeps the newest list it has held, across visits", async () => {
    const org = await Organisation.make();
    const store = memoryStore();
    const first = org.note;
    await phone(org, store).engine.open(null);
    const second = await org.publish({ version: 2, former: hex(await sha256(first)) });
    expect(await phone(org, store).engine.open(null)).toMatchObject({ version: 2, kept: "" });
    org.note = first;
    expect(await phone(org, store).engine.open(null)).toMatchObject({ version: 2, kept: "refused" });
    await org.publish({ version: 3 }, ["root-a"]);
    expect(await phone(org, store).engine.open(null)).toMatchObject({ version: 2, kept: "refused" });
    org.note = second;
    expect(await phone(org, store).engine.open(null)).toMatchObject({ version: 2, kept: "" });
    // A phone that holds none has nothing to fall back on.
    await org.publish({ version: 4 }, ["root-a"]);
    await expect(phone(org).engine.open(null)).rejects.toEqual(failure("roster"));
  });

  test("a clock that is a year behind is named, not taken for a bad list", async () => {
    const org = await Organisation.make();
    const store = memoryStore();
    await expect(phone(org, store, new Date("2025-11-23T12:00:00Z")).engine.open(null)).rejects.toEqual(failure("clock"));
    // It was not kept either: with the clock put right it opens as on a first visit.
    expect(await phone(org, store).engine.open(null)).toMatchObject({ kept: "" });
    await expect(phone(org, store, new Date("2025-11-23T12:00:00Z")).engine.open(null)).rejects.toEqual(failure("clock"));
    await expect(phone(org, memoryStore(), new Date("2027-11-23T12:00:00Z")).engine.open(null)).rejects.toEqual(failure("expired"));
  });

  test("without a connection the kept list serves; without either there is a reason", async () => {
    const org = await Organisation.make();
    const store = memoryStore();
    await phone(org, store).engine.open(null);
    org.fault = (_, path) => (path === "/v1/roster" ? "drop" : undefined);
    expect(await phone(org, store).engine.open(null)).toMatchObject({ kept: "offline" });
    await expect(phone(org).engine.open(null)).rejects.toEqual(failure("offline"));
    org.fault = () => new Response(null, { status: 503 });
    await expect(phone(org).engine.open(null)).rejects.toEqual(failure("server"));
  });

  test("the words in her language bring the codes in it; else the whole codebook is taken", async () => {
    const org = await Organisation.make();
    const before = org.note;
    const words = utf8('{"lang":"fr","codebook":{"version":1,"languages":["fr"],"groups":[],"lists":{"need":[{"code":"a","label":{"fr":"un"}}]}}}');
    const plain = utf8('{"lang":"en","not_a_call":"PRACTICE"}');
    const [fr, en] = [hex(await sha256(words)), hex(await sha256(plain))];
    org.files.set(`/v1/texts/${fr}/fr`, words).set(`/v1/texts/${en}/en`, plain);
    await org.publish({ version: 2, former: hex(await sha256(before)), texts: { en, fr } });
    const store = memoryStore(true);
    const { engine } = phone(org, store);
    org.server.calls.length = 0;
    expect((await engine.open(null, undefined, "fr")).codebook.languages).toEqual(["fr"]);
    expect(org.server.calls.some((c) => c.includes("codebook"))).toBe(false);
    expect((await engine.texts("en"))?.codebook?.languages).toEqual(["en"]);
    expect(org.server.calls.some((c) => c.includes("codebook"))).toBe(true);
    // All of it is there without a connection.
    org.fault = () => "drop";
    expect((await phone(org, store).engine.open(null, undefined, "fr")).codebook.languages).toEqual(["fr"]);
    expect((await phone(org, store).engine.open(null)).codebook.languages).toEqual(["en"]);
  });

  test("a codebook with another hash is not used", async () => {
    const org = await Organisation.make();
    for (const path of org.files.keys()) org.files.set(path, utf8("{}"));
    await expect(phone(org).engine.open(null)).rejects.toEqual(failure("server"));
  });

  test("storage that fails does not keep anybody from reporting", async () => {
    const org = await Organisation.make();
    const no = () => Promise.reject(new Error("full"));
    const broken: Store = { lasts: true, get: no, put: no, remove: no, keys: no };
    for (const installed of [false, true]) {
      const { engine } = phone(org, broken);
      await engine.open(null, { installed, tab: "t" });
      expect(await engine.send({ ...story, files: [file("a")] }, words)).toMatchObject({ done: true, waiting: "" });
    }
  });
});

describe("who can open", () => {
  test("attack 01: a certificate for a classic recipient is not sealed to; with no other the report is not sealed", async () => {
    const org = await Organisation.make(1);
    org.certify(await certificate(org.advocates[0]!, "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"));
    const { engine } = phone(org);
    await engine.open(null);
    expect((await engine.readers("street")).people).toMatchObject([{ canOpen: false }]);
    expect(await engine.send(story, words)).toMatchObject({ story: false, problem: "nobody", receipt: null });
    expect(org.server.deposits.size).toBe(0);
    await org.publish({ recovery: "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p" });
    await expect(phone(org).engine.open(null)).rejects.toEqual(failure("roster"));
  });

  test("attack 02: with everybody left out nothing is sealed, and the answers can be sent again", async () => {
    const org = await Organisation.make();
    const { engine } = phone(org);
    await engine.open(null);
    expect(await engine.send({ ...story, leftOut: org.advocates.map((a) => a.id) }, words)).toMatchObject({ done: false, story: false, problem: "nobody" });
    expect(org.server.deposits.size).toBe(0);
    expect(await engine.send({ ...story, leftOut: [org.advocates[0]!.id] }, words)).toMatchObject({ done: true });
    await expect(opened(org, 0)).rejects.toThrow("not-for-us");
    expect(await opened(org, 0, org.advocates[1])).toMatchObject({ kind: "report", without: [org.advocates[0]!.id] });
  });

  test("revoked people are not sealed to, and a server can't take a revocation or a newer certificate back", async () => {
    const org = await Organisation.make(3);
    const [lead, gone, renewed] = [org.advocates[0]!, org.advocates[1]!, org.advocates[2]!];
    const fresh = await advocate(9);
    const store = memoryStore();
    const before = org.sheet;
    org.certify(await certificate(lead), await certificate(gone), await certificate(renewed), await certificate(renewed, fresh.recipient, "2026-11-20", "2027-01-04"));
    org.revoke(await revocation(gone, lead));
    const { engine } = phone(org, store);
    await engine.open(null);
    expect((await engine.readers("street")).people).toMatchObject([{ canOpen: true }, { canOpen: false, revoked: true }, { canOpen: true }]);
    org.sheet = before;
    const later = phone(org, store).engine;
    await later.open(null);
    expect((await later.readers("street")).people[1]).toMatchObject({ canOpen: false, revoked: true });
    await later.send(story, words);
    await expect(opened(org, 0, gone)).rejects.toThrow("not-for-us");
    await expect(opened(org, 0, renewed)).rejects.toThrow("not-for-us");
    expect(await opened(org, 0, fresh)).toMatchObject({ kind: "report" });
  });

  test("a revocation by somebody who is not a lead, or forged, takes nobody out", async () => {
    const org = await Organisation.make();
    org.revoke(await revocation(org.advocates[0]!, org.advocates[1]!), (await revocation(org.advocates[1]!, org.advocates[0]!)).replace(org.advocates[1]!.id, "p-00000000000000ff"));
    const { engine } = phone(org);
    await engine.open(null);
    expect((await engine.readers("street")).people.every((p) => p.canOpen)).toBe(true);
  });

  test("an expired list takes the peer's yes, and the report says so", async () => {
    const org = await Organisation.make();
    const store = memoryStore();
    await phone(org, store).engine.open(null);
    const { engine } = phone(org, store, new Date("2027-03-01T12:00:00Z"));
    expect(await engine.open(null)).toMatchObject({ expired: true, expires: "2026-12-31" });
    expect(await engine.send(story, words)).toMatchObject({ story: false, problem: "expired" });
    expect(await engine.send({ ...story, acceptExpired: true }, words)).toMatchObject({ done: true });
    expect((await opened(org, 0)).flags).toEqual(["expired-roster"]);
  });
});

describe("sending", () => {
  test("a report says what the protocol wants, to everybody of the desk and recovery", async () => {
    const org = await Organisation.make();
    const { engine, progress } = phone(org);
    const { hash } = await engine.open(null);
    await engine.prepare("street");
    const outcome = await engine.send({ ...story, contact: { reach: "knock" }, practice: true }, words);
    expect(outcome).toMatchObject({ done: true, story: true, missing: [], problem: "" });
    expect(outcome.receipt?.words).toHaveLength(12);
    expect(outcome.receipt?.digits).toHaveLength(8);
    const report = await opened(org, 0, org.advocates[1]);
    expect(report).toMatchObject({ v: 1, kind: "report", desk: "street", lang: "en", made: "2026-11-23", build: "development", practice: true, answers: story.answers, contact: { reach: "knock" }, consent: ["count-me"], roster: hash });
    expect(await opened(org, 0, { ...org.advocates[0]!, identity: org.recovery.identity })).toEqual(report);
    expect(progress.map((p) => p.stage)).toEqual(["sealing", "story"]);
    // Without a file there is one request.
    expect(org.server.calls.filter((c) => c.startsWith("POST"))).toEqual(["POST /v1/deposits"]);
  });

  test("without a wanted receipt none is shown, and threads differ", async () => {
    const org = await Organisation.make();
    const { engine } = phone(org);
    await engine.open(null);
    for (let i = 0; i < 2; i++) expect((await engine.send({ ...story, receipt: false }, words)).receipt).toBeNull();
    expect((await opened(org, 0)).thread.id).not.toBe((await opened(org, 1)).thread.id);
  });

  test("the story goes first and alone, then the files, then the message that names them", async () => {
    const org = await Organisation.make();
    const { engine, progress } = phone(org);
    await engine.open(null);
    const files = [file("first"), file("x".repeat(1_500_000)), file("first")];
    expect(await engine.send({ ...story, files }, words)).toMatchObject({ done: true, missing: [] });
    expect(org.server.calls.filter((c) => !c.startsWith("GET"))).toEqual(["POST /v1/deposits", "PUT /v1/blobs/HASH", "PUT /v1/blobs/HASH", "PUT /v1/blobs/HASH", "PUT /v1/blobs/HASH", "POST /v1/deposits"]);
    expect(progress.map((p) => p.stage)).toEqual(["sealing", "story", "file", "file", "file", "file", "file", "file", "file", "follow-up"]);
    const report = await opened(org, 0);
    const followUp = await opened(org, 1) as unknown as { kind: string; thread: string; body: string; sig: string };
    expect(followUp).toMatchObject({ kind: "follow-up", thread: report.thread.id });
    const statement = lp("peerwitness/follow-up/v1", "street", followUp.thread, followUp.body);
    expect(await verify(unbase64(report.thread.key)!, unbase64(followUp.sig)!, statement)).toBe(true);
    const body = JSON.parse(followUp.body) as { of: string; attachments: { n: number; blobs: string[] }[] };
    expect(body.of).toBe(report.report);
    expect(body.attachments.map((a) => a.blobs.length)).toEqual([1, 2, 1]);
    for (const [i, a] of body.attachments.entries()) {
      const size = a.blobs.reduce((n, b) => n + org.server.blobs.get(b)!.length, 0);
      expect(size).toBe(report.attachments![i]!.sealed_size);
      expect(report.attachments![i]).toMatchObject({ n: i, type: "text/plain", sha256: hex(await sha256(new Uint8Array(await files[i]!.file.arrayBuffer()))) });
    }
  });

  test("nothing of a delivered report is left to send again", async () => {
    const org = await Organisation.make();
    const { engine } = phone(org);
    await engine.open(null);
    await engine.send({ ...story, files: [file("a")] }, words);
    await expect(engine.retry()).rejects.toEqual(failure("other"));
  });
});

describe("when the network fails", () => {
  // At each request in turn: it never leaves, or it is carried out and the answer is lost; for good until "retry".
  const requests = 5; // two blobs of one file among them
  const kinds = ["drop", "lose"] as const;
  test.each(kinds.flatMap((kind) => Array.from({ length: requests - 1 }, (_, at) => ({ kind, at }))))("$kind at request $at: it goes on from there and arrives once", async ({ kind, at }) => {
    const org = await Organisation.make();
    const { engine } = phone(org);
    await engine.open(null);
    await engine.readers("street");
    let n = -1;
    let broken = true;
    org.fault = (method) => {
      if (method === "GET") return undefined;
      if (broken) n++;
      return broken && n >= at ? kind : undefined;
    };
    const outcome = await engine.send({ ...story, files: [file("x".repeat(1_500_000))] }, words);
    expect(outcome).toMatchObject({ done: false, story: at > 0, problem: "offline", missing: [0] });
    // The words are shown as soon as the story is stored, and not before.
    expect(outcome.receipt === null).toBe(at === 0);
    broken = false;
    const sent = org.server.deposits.size;
    const after = await engine.retry();
    expect(after).toMatchObject({ done: true, story: true, missing: [], problem: "" });
    if (outcome.receipt) expect(after.receipt).toEqual(outcome.receipt);
    expect(org.server.deposits.size).toBe(2);
    expect(sent).toBeLessThanOrEqual(2);
    expect(org.server.blobs.size).toBe(2);
    expect(await opened(org, 0)).toMatchObject({ kind: "report" });
    expect(await opened(org, 1)).toMatchObject({ kind: "follow-up" });
  });

  test("only what is missing is sent again", async () => {
    const org = await Organisation.make();
    const { engine } = phone(org);
    await engine.open(null);
    let puts = 0;
    org.fault = (method) => (method === "PUT" && ++puts > 1 ? "drop" : undefined);
    await engine.send({ ...story, files: [file("x".repeat(2_500_000))] }, words);
    org.fault = () => undefined;
    org.server.calls.length = 0;
    expect(await engine.retry()).toMatchObject({ done: true });
    expect(org.server.calls).toEqual(["PUT /v1/blobs/HASH", "PUT /v1/blobs/HASH", "POST /v1/deposits"]);
  });

  test.each([[503, "server", 4], [429, "server", 4], [500, "offline", 4], [502, "offline", 4], [504, "offline", 4], [413, "large", 1], [422, "refused", 1], [404, "refused", 1]] as const)("status %d is %s after %d tries", async (status, problem, tries) => {
    const org = await Organisation.make();
    const { engine } = phone(org);
    await engine.open(null);
    org.fault = (method) => (method === "POST" ? new Response("{}", { status }) : undefined);
    expect(await engine.send(story, words)).toMatchObject({ story: false, problem });
    expect(org.server.calls.filter((c) => c.startsWith("POST"))).toHaveLength(tries);
  });

  test("a network's own page that answers yes to everything is no acknowledgement", async () => {
    const org = await Organisation.make();
    const { engine } = phone(org);
    await engine.open(null);
    for (const body of ["<html>Welcome</html>", "{}", "null", '{"id":"00","ticket":"x"}', "x".repeat(200_000)]) {
      org.fault = (method) => (method === "POST" ? new Response(body, { status: 200 }) : undefined);
      expect(await engine.send(story, words)).toMatchObject({ story: false, problem: "offline", receipt: null }); // so that she is told that nobody knows
    }
  });

  test("stopping ends it where it is; retrying goes on", async () => {
    const org = await Organisation.make();
    const { engine } = phone(org);
    await engine.open(null);
    org.fault = (method) => {
      if (method === "PUT") void engine.stop();
      return undefined;
    };
    expect(await engine.send({ ...story, files: [file("a")] }, words)).toMatchObject({ story: true, done: false, problem: "stopped", missing: [0] });
    org.fault = () => undefined;
    expect(await engine.retry()).toMatchObject({ done: true, missing: [] });
  });

  test("a file that can no longer be read is said to be missing, the others go", async () => {
    const org = await Organisation.make();
    const { engine } = phone(org);
    await engine.open(null);
    const gone = file("gone");
    let reads = 0;
    const stream = gone.file.stream.bind(gone.file);
    Object.assign(gone.file, { stream: () => (++reads > 1 ? new ReadableStream({ pull: () => Promise.reject(new Error("gone")) }) : stream()) });
    expect(await engine.send({ ...story, files: [gone, file("here")] }, words)).toMatchObject({ done: true, story: true, missing: [0], problem: "broken" });
    const { body } = await opened(org, 1) as unknown as { body: string };
    expect((JSON.parse(body) as { attachments: { n: number }[] }).attachments.map((a) => a.n)).toEqual([1]);
  });
});

describe("too much", () => {
  test("17 files, a text over 256 KiB, or more than a ticket lets follow: nothing is sent", async () => {
    const org = await Organisation.make();
    const { engine } = phone(org);
    await engine.open(null);
    const huge = Object.defineProperty(file("x").file, "size", { value: 70 << 20 });
    const many: Submission[] = [
      { ...story, files: Array.from({ length: 17 }, () => file("a")) },
      { ...story, answers: { story: "é".repeat(131_073) } },
      { ...story, files: [{ file: huge, original: true }, { file: huge, original: true }] },
    ];
    for (const s of many) expect(await engine.send(s, words)).toMatchObject({ story: false, problem: "large", missing: s.files.map((_, n) => n) });
    expect(org.server.deposits.size).toBe(0);
  });
});
