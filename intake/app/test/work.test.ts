import { describe, expect, test } from "vitest";
import { hex, lp, random, sha256, u64, unhex } from "../src/lib/bytes.ts";
import { Engine } from "../src/lib/engine.ts";
import { memoryStore } from "../src/lib/store.ts";
import { work } from "../src/lib/work.ts";
import { Organisation, today } from "./organisation.ts";

const failure = (kind: string): unknown => expect.objectContaining({ name: "Failure", kind });
const id = hex(random(32));
const going = new AbortController().signal;

/** How many zero bits some work has, by the browser's own SHA-256. */
async function bits(of: string, shown: string): Promise<number> {
  const [challenge, counter] = shown.split(".") as [string, string];
  const hash = await sha256(lp("peerwitness/work/v1", unhex(of)!, challenge, u64(Number(counter))));
  return Math.clz32(new DataView(hash.buffer).getUint32(0));
}

describe("attack 25: work that a flooded server asks for", () => {
  test("is found for this deposit and this challenge", async () => {
    const shown = await work(id, "a-challenge", 12, going);
    expect(shown.startsWith("a-challenge.")).toBe(true);
    expect(await bits(id, shown)).toBeGreaterThanOrEqual(12);
  });

  test("gets less with time, and never nothing", async () => {
    let clock = 0;
    const shown = await work(id, "c", 24, going, () => (clock += 60_000 * 20));
    expect(await bits(id, shown)).toBeGreaterThanOrEqual(8);
  });

  test("a demand that no honest server makes is refused, and she can stop", async () => {
    for (const n of [25, -1, 1.5, NaN, Infinity]) await expect(work(id, "c", n, going)).rejects.toEqual(failure("server"));
    await expect(work(id, "c".repeat(300), 9, going)).rejects.toEqual(failure("server"));
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    await expect(work(id, "c", 24, stop.signal)).rejects.toEqual(failure("stopped"));
  });

  test("the phone shows it and the report arrives once; a server that asks for ever more gets no more than three tries", async () => {
    const org = await Organisation.make();
    const stages: string[] = [];
    const engine = new Engine({ fetch: org.fetch, store: memoryStore(), now: () => today, report: (p) => stages.push(p.stage), pause: () => Promise.resolve() });
    await engine.open(null);
    const real = org.fetch;
    let asked = 0;
    let want = 1;
    const flooded: typeof real = async (path, init) => {
      if (path !== "/v1/deposits") return real(path, init);
      const shown = (init.body as FormData).get("work");
      if (asked >= want && typeof shown === "string") {
        expect(shown).toMatch(/^asked-[0-9]+[.][0-9]+$/);
        return real(path, init);
      }
      return new Response(JSON.stringify({ error: "many", challenge: `asked-${++asked}`, bits: 10 }), { status: 428 });
    };
    const again = new Engine({ fetch: flooded, store: memoryStore(), now: () => today, report: (p) => stages.push(p.stage), pause: () => Promise.resolve() });
    await again.open(null);
    const story = { desk: "street", lang: "en", answers: { story: "PRACTICE" }, consent: [], leftOut: [], files: [], receipt: false };
    expect(await again.send(story, null)).toMatchObject({ done: true });
    expect(stages).toContain("working");
    expect(org.server.deposits.size).toBe(1);
    want = 99;
    expect(await again.send(story, null)).toMatchObject({ done: false, story: false, problem: "server" });
    expect(asked).toBe(1 + 4);
  });

  test("a gateway that answers for the server, or a broken line, costs her no place; a line that is gone is told", async () => {
    const org = await Organisation.make();
    let answers: number[] = [];
    let posts = 0;
    const rough: typeof org.fetch = async (path, init) => {
      if (path !== "/v1/deposits") return org.fetch(path, init);
      if (typeof (init.body as FormData).get("work") !== "string") return new Response(JSON.stringify({ error: "many", challenge: "c", bits: 4 }), { status: 428 });
      const status = answers[posts++] ?? 201;
      if (status === 0) throw new TypeError("the line broke");
      return status === 201 ? org.fetch(path, init) : new Response("", { status });
    };
    const engine = new Engine({ fetch: rough, store: memoryStore(), now: () => today, report: () => undefined, pause: () => Promise.resolve() });
    await engine.open(null);
    const story = { desk: "street", lang: "en", answers: { story: "PRACTICE" }, consent: [], leftOut: [], files: [], receipt: false };
    // Four tries to a turn.
    answers = [502, 502, 504, 0, 502, 0, 0, 502, 503, 503, 503, 503, 0, 0, 0, 0];
    expect(await engine.send(story, null)).toMatchObject({ done: true });
    expect([posts, org.server.deposits.size]).toEqual([answers.length + 1, 1]);
    [posts, answers] = [0, new Array<number>(400).fill(0)];
    expect(await engine.send(story, null)).toMatchObject({ done: false, story: false, problem: "offline" });
    expect(posts).toBe(4 * 4);
    // One try was lost, so what the others were told is not the whole of it.
    [posts, answers] = [0, [0, 0, 0, 0, ...new Array<number>(400).fill(503)]];
    expect(await engine.send(story, null)).toMatchObject({ done: false, story: false, problem: "offline" });
    expect(posts).toBeGreaterThan(100);
  });
});
