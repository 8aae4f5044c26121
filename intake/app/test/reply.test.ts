import { describe, expect, test } from "vitest";
import { unbase64, unhex, lp, type Bytes } from "../src/lib/bytes.ts";
import { Engine } from "../src/lib/engine.ts";
import { uniqueKeys, whole } from "../src/lib/keys.ts";
import { wordList } from "../src/lib/lists.ts";
import { prefixOf } from "../src/lib/reading.ts";
import { replyIdentity, thread, threadId } from "../src/lib/receipt.ts";
import { readReplies } from "../src/lib/reply.ts";
import { verify } from "../src/lib/signing.ts";
import { memoryStore } from "../src/lib/store.ts";
import { readReceipt } from "../src/lib/typed.ts";
import type { Addition, Progress } from "../src/lib/types.ts";
import { answer } from "./answers.ts";
import { openReport } from "./open.ts";
import { advocate, certificate, Organisation, revocation, today } from "./organisation.ts";
import { bytesOf, jsonOf } from "./vectors.ts";

const failure = (kind: string): unknown => expect.objectContaining({ name: "Failure", kind });

type Vector = {
  name: string; entropy: string; run_out: number;
  slots: { file: string; flip: number; state: string; error: string }[];
  said: { n: number; day: string; text: string; whole: boolean }[];
};

const vectors = jsonOf("seal/replies.json") as { people: { person: string; signing: string; roles: string[]; revoked: boolean }[]; buckets: Vector[] };

function keyOf(person: string): Bytes | undefined {
  const p = vectors.people.find((x) => x.person === person);
  return p && !p.revoked && p.roles.some((r) => r === "advocate" || r === "lead") ? unbase64(p.signing)! : undefined;
}

async function read(v: Vector) {
  const slots = v.slots.map(({ file, flip }) => {
    const bytes = bytesOf("seal", file);
    if (flip >= 0) bytes[flip]! ^= 1;
    return bytes;
  });
  const entropy = unhex(v.entropy)!;
  return readReplies(slots, { identity: await replyIdentity(entropy), thread: (await thread(entropy)).id }, keyOf);
}

describe("a bucket, sealed in Go", () => {
  test.each(vectors.buckets.filter((v) => v.slots.every((s) => s.state !== "unconfirmed")))("$name", async (v) => {
    const got = await read(v);
    expect(got.states).toEqual(v.slots.map(({ state, error }) => ({ state, error })));
    expect(got.said).toEqual(v.said.map((s) => ({ ...s, desk: "street" })));
    expect(got.runOut).toBe(v.run_out);
  });

  test.each(vectors.buckets.filter((v) => v.slots.some((s) => s.state === "unconfirmed")))("attack 16: $name: shown as not confirmed, never as an answer", async (v) => {
    const got = await read(v);
    expect(got.states).toEqual(v.slots.map(({ state, error }) => ({ state, error })));
    expect(got.said).toEqual(v.said.map((s) => ({ ...s, desk: "street" })));
    expect(got.runOut).toBe(v.run_out);
  });

  test("none of the kinds of slots is missing from the vectors", () => {
    const kinds = new Set(vectors.buckets.flatMap((v) => v.slots.map((s) => s.error)));
    expect([...kinds].sort()).toEqual(["", "author", "content", "damaged", "not-for-us", "padding", "shape", "signature", "thread"]);
  });
});

describe("keys of a JSON source", () => {
  test.each(["{}", "[]", '{"a":{"b":1},"b":[{"a":1},{"a":2}]}', '{"a":"b:\\"c","c" : "{[\\\\"}', '["a","a"]', '{"a":"x","b":"a"}'])("%s has each once", (source) => {
    expect(uniqueKeys(source)).toBe(true);
  });

  test.each(['{"a":1,"a":1}', '{"a":1,"\\u0061":2}', '{"x":[{"a":1,"b":{},"a":2}]}', '{"A":1}', '{"":1}', `{"${"a".repeat(65)}":1}`, `${"[".repeat(33)}${"]".repeat(33)}`])("%s is refused", (source) => {
    expect(uniqueKeys(source)).toBe(false);
  });

  test("a number is the one of the object itself, and whole", () => {
    expect(whole('{"a":{"n":1},"n": 7}', "n")).toBe(7);
    expect(whole('{"m":"n","n":0}', "n")).toBe(0);
    for (const n of ["1.0", "1e0", "-1", '"1"', "null", "[1]"]) expect(whole(`{"n":${n}}`, "n"), n).toBeNull();
    expect(whole("{}", "n")).toBeNull();
  });
});

test("a prefix is the first bits, most significant first", () => {
  expect(prefixOf("a5f0", 0)).toBe("");
  expect(prefixOf("a5f0", 3)).toBe("101");
  expect(prefixOf("a5f0", 16)).toBe("1010010111110000");
});

function phone(org: Organisation): { engine: Engine; progress: Progress[] } {
  const progress: Progress[] = [];
  return { progress, engine: new Engine({ fetch: org.fetch, store: memoryStore(), now: () => today, report: (p) => progress.push(p), pause: () => Promise.resolve() }) };
}

const mine = new Uint8Array(16).fill(1);
const others = new Uint8Array(16).fill(2);
const message: Addition = { desk: "street", text: "PRACTICE. One thing more.", withdraw: [], leftOut: [] };

/** The receipt of a report that was sent here, by its words. */
async function reported(engine: Engine, org: Organisation, lang: "en" | "fr" = "en"): Promise<{ entropy: Bytes; key: Bytes; id: string }> {
  const list = await wordList(lang);
  const { receipt } = await engine.send({ desk: "street", lang, answers: {}, consent: ["count-me"], leftOut: [], files: [], receipt: true }, list);
  const report = JSON.parse(await openReport([...org.server.deposits.values()].at(-1)!.report, 8, org.advocates[0]!.identity)) as { thread: { id: string; key: string } };
  return { entropy: (await readReceipt(receipt!.words!.join(" "), list))!, key: unbase64(report.thread.key)!, id: report.thread.id };
}

type FollowUp = { v: number; kind: string; thread: string; body: string; sig: string };

async function lastOpened(org: Organisation, by = org.advocates[0]!): Promise<FollowUp> {
  return JSON.parse(await openReport([...org.server.deposits.values()].at(-1)!.report, 8, by.identity)) as FollowUp;
}

describe("coming back", () => {
  test("the words of a report lead to its answers, oldest first", async () => {
    const org = await Organisation.make();
    const { engine } = phone(org);
    await engine.open(null);
    const { entropy } = await reported(engine, org, "fr");
    const first = await answer({ to: entropy, by: org.advocates[0]!, text: "One, ", more: true });
    const second = await answer({ to: entropy, by: org.advocates[0]!, n: 1, former: first.hash, text: "two." });
    const third = await answer({ to: entropy, by: org.advocates[1]!, n: 2, former: second.hash, text: "Three.", day: "2026-11-26" });
    const foreign = await answer({ to: others, by: org.advocates[0]! });
    for (const s of [third, foreign, second, first]) org.server.slots.push({ prefix: "", slot: s.slot });
    expect(await engine.read(entropy.slice())).toEqual({
      said: [{ n: 0, day: "2026-11-24", desk: "street", text: "One, two.", whole: true }, { n: 2, day: "2026-11-26", desk: "street", text: "Three.", whole: true }],
      runOut: 0, unconfirmed: 0,
    });
  });

  test("attack 16: an answer by nobody on the roster, by a revoked person, or altered is not shown", async () => {
    const org = await Organisation.make(3);
    const [lead, gone] = [org.advocates[0]!, org.advocates[1]!];
    org.revoke(await revocation(gone, lead));
    const stranger = await advocate(9);
    const altered = await answer({ to: mine, by: lead });
    altered.slot[4000]! ^= 1;
    for (const s of [await answer({ to: mine, by: stranger }), await answer({ to: mine, by: gone }), altered]) org.server.slots.push({ prefix: "", slot: s.slot });
    const { engine } = phone(org);
    await engine.open(null);
    expect(await engine.read(mine.slice())).toEqual({ said: [], runOut: 0, unconfirmed: 3 });
  });

  test("attack 15: a revocation that a desk's sheet shows counts for whatever desk answered", async () => {
    const org = await Organisation.make(3);
    const desk = (id: string) => ({ id, labels: { en: id }, topics: [], regions: [], people: org.advocates.map((a) => a.id), slots: 8 });
    await org.publish({ desks: [desk("street"), desk("night")] });
    org.files.set("/v1/desks/night", new TextEncoder().encode(org.sheet.replace('"street"', '"night"')));
    org.revoke(await revocation(org.advocates[1]!, org.advocates[0]!));
    org.server.slots.push({ prefix: "", slot: (await answer({ to: mine, by: org.advocates[1]!, desk: "night" })).slot });
    const { engine } = phone(org);
    await engine.open(null);
    expect(await engine.read(mine.slice())).toMatchObject({ said: [], unconfirmed: 1 });
  });

  test("attack 17: right and wrong words make the same requests, and take the same time within reason", { timeout: 120_000 }, async () => {
    const org = await Organisation.make();
    const policy = { answers_days: 60, unclaimed_days: 180, no_consent_days: 30, closed_years: 6, bucket_bits: 0 };
    const first = await answer({ to: mine, by: org.advocates[0]! });
    org.server.slots.push({ prefix: "", slot: first.slot }, { prefix: "", slot: (await answer({ to: mine, by: org.advocates[1]!, n: 1, former: first.hash })).slot });
    for (let i = 0; i < 14; i++) org.server.slots.push({ prefix: "", slot: (await answer({ to: others, by: org.advocates[0]!, n: i, former: i === 0 ? "" : first.hash })).slot });
    const wrong = new Uint8Array(16).fill(3);
    const calls = async (words: Bytes) => {
      const { engine } = phone(org);
      await engine.open(null);
      org.server.calls.length = 0;
      const { said } = await engine.read(words.slice());
      return { said: said.length, calls: [...org.server.calls] };
    };
    const right = await calls(mine);
    const other = await calls(wrong);
    expect(right.said).toBe(2);
    expect(other).toEqual({ said: 0, calls: right.calls });
    expect(right.calls).toEqual(["GET /v1/desks/street", "GET /v1/buckets/b"]);
    // Of another length of prefix too: only the prefix differs.
    await org.publish({ policy: { ...policy, bucket_bits: 5 } });
    const five = [await calls(mine), await calls(wrong)].map((c) => c.calls.map((x) => x.replace(/b[01]{5}$/, "bPREFIX")));
    expect(five[0]).toEqual(["GET /v1/desks/street", "GET /v1/buckets/bPREFIX"]);
    expect(five[1]).toEqual(five[0]);
    await org.publish({ policy });
    const { engine } = phone(org);
    await engine.open(null);
    const times: [number[], number[]] = [[], []];
    for (let i = 0; i < 18; i++) {
      const began = performance.now();
      await engine.read([mine, wrong][i % 2]!.slice());
      if (i > 1) times[i % 2]!.push(performance.now() - began);
    }
    const [a, b] = times.map((t) => t.sort((x, y) => x - y)[t.length >> 1]!) as [number, number];
    expect(Math.max(a, b) / Math.min(a, b), `${a} and ${b} ms`).toBeLessThan(2);
  });

  test("a bucket that is not whole slots, or over the limit, is no bucket; no connection is said so", async () => {
    const org = await Organisation.make();
    const { engine } = phone(org);
    await engine.open(null);
    for (const size of [4095, (16 << 20) + 4096]) {
      org.fault = (_, path) => (path.startsWith("/v1/buckets") ? new Response(new Uint8Array(size)) : undefined);
      await expect(engine.read(mine.slice())).rejects.toEqual(failure("server"));
    }
    org.fault = (_, path) => (path.startsWith("/v1/buckets") ? "drop" : undefined);
    await expect(engine.read(mine.slice())).rejects.toEqual(failure("offline"));
    org.fault = (_, path) => (path.startsWith("/v1/buckets") ? new Response(null, { status: 400 }) : undefined);
    await expect(engine.read(mine.slice())).rejects.toEqual(failure("refused"));
    expect(await engine.add(message)).toMatchObject({ done: false, story: false, problem: "seal" });
    expect(org.server.deposits.size).toBe(0);
  });

  test("a desk that the server knows no more keeps nobody from the answers", async () => {
    const org = await Organisation.make();
    org.server.slots.push({ prefix: "", slot: (await answer({ to: mine, by: org.advocates[0]! })).slot });
    org.fault = (_, path) => (path.startsWith("/v1/desks") ? new Response(null, { status: 404 }) : undefined);
    const { engine } = phone(org);
    await engine.open(null);
    expect((await engine.read(mine.slice())).said).toHaveLength(1);
  });
});

describe("writing back", () => {
  test("it is a message of the same thread, signed, sealed to the desk's people of now and recovery", async () => {
    const org = await Organisation.make();
    const { engine, progress } = phone(org);
    await engine.open(null);
    const { entropy, key, id } = await reported(engine, org);
    await engine.read(entropy.slice());
    progress.length = 0;
    for (const addition of [message, { ...message, text: "", withdraw: ["count-me"] }]) {
      expect(await engine.add(addition)).toMatchObject({ done: true, story: true, problem: "", receipt: null });
      const got = await lastOpened(org);
      expect(got).toMatchObject({ v: 1, kind: "follow-up", thread: id });
      expect(await threadId(key)).toBe(got.thread);
      expect(await verify(key, unbase64(got.sig)!, lp("peerwitness/follow-up/v1", "street", got.thread, got.body))).toBe(true);
      const body = JSON.parse(got.body) as { report: string };
      expect(body.report).toMatch(/^[0-9a-f]{32}$/);
      expect(body).toEqual({ report: body.report, seq: 0, ...(addition.text ? { text: addition.text } : { withdraw: ["count-me"] }) });
      expect(await lastOpened(org, { ...org.advocates[0]!, identity: org.recovery.identity })).toEqual(got);
    }
    expect(progress.map((p) => p.stage)).toEqual(["sealing", "story", "sealing", "story"]);
    expect(new Set([...org.server.deposits.values()].map((d) => d.report.length)).size).toBe(1);
  });

  test("whom she leaves out can't open it, and with everybody left out nothing is sent", async () => {
    const org = await Organisation.make();
    const { engine } = phone(org);
    await engine.open(null);
    await engine.read(mine.slice());
    const [a, b] = org.advocates;
    expect(await engine.add({ ...message, leftOut: [a!.id, b!.id] })).toMatchObject({ story: false, problem: "nobody" });
    expect(org.server.deposits.size).toBe(0);
    expect(await engine.add({ ...message, leftOut: [a!.id] })).toMatchObject({ done: true });
    await expect(lastOpened(org)).rejects.toThrow("not-for-us");
    expect(await lastOpened(org, b)).toMatchObject({ kind: "follow-up" });
  });

  test("a colleague who came since can open it", async () => {
    const org = await Organisation.make();
    const { engine } = phone(org);
    await engine.open(null);
    await engine.read(mine.slice());
    const fresh = await advocate(1);
    org.certify(await certificate({ ...org.advocates[0]!, recipient: fresh.recipient }));
    const again = phone(org).engine;
    await again.open(null);
    await again.read(mine.slice());
    expect(await again.add(message)).toMatchObject({ done: true });
    expect(await lastOpened(org, fresh)).toMatchObject({ kind: "follow-up" });
  });

  test("trying again sends the same bytes, so that it arrives once", async () => {
    const org = await Organisation.make();
    const { engine } = phone(org);
    await engine.open(null);
    await engine.read(mine.slice());
    org.fault = (method) => (method === "POST" ? "lose" : undefined);
    expect(await engine.add(message)).toMatchObject({ done: false, story: false, problem: "offline" });
    org.fault = () => undefined;
    expect(await engine.retry()).toMatchObject({ done: true, story: true });
    expect(org.server.deposits.size).toBe(1);
    // And another one after it is another one.
    expect(await engine.add(message)).toMatchObject({ done: true });
    expect(org.server.deposits.size).toBe(2);
  });

  test("an expired list takes her yes", async () => {
    const org = await Organisation.make();
    const store = memoryStore();
    const at = (now: Date) => new Engine({ fetch: org.fetch, store, now: () => now, report: () => undefined, pause: () => Promise.resolve() });
    await at(today).open(null);
    const engine = at(new Date("2027-03-01T12:00:00Z"));
    await engine.open(null);
    await engine.read(mine.slice());
    expect(await engine.add(message)).toMatchObject({ story: false, problem: "expired" });
    expect(await engine.add({ ...message, acceptExpired: true })).toMatchObject({ done: true });
  });
});
