import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import { Engine } from "../src/lib/engine.ts";
import { Failure } from "../src/lib/failure.ts";
import { wordList } from "../src/lib/lists.ts";
import { rootOf } from "../src/lib/session.ts";
import { memoryStore } from "../src/lib/store.ts";
import type { Progress } from "../src/lib/types.ts";
import { Caller, serve, type Port } from "../src/lib/wire.ts";
import { answer } from "./answers.ts";
import { openReport } from "./open.ts";
import { Organisation, today } from "./organisation.ts";

const failure = (kind: string): unknown => expect.objectContaining({ name: "Failure", kind });

/** A page and a worker in one thread, joined by a channel that clones as theirs does. */
function joined(org: Organisation): { caller: Caller; end: () => void } {
  const { port1, port2 } = new MessageChannel();
  serve(port2, (report) => new Engine({ fetch: org.fetch, store: memoryStore(), now: () => today, report, pause: () => Promise.resolve() }));
  return { caller: new Caller(port1), end: () => port1.close() };
}

describe("the page and its worker", () => {
  test("calls are answered, progress comes in between, failures keep their kind", async () => {
    const org = await Organisation.make();
    const { caller, end } = joined(org);
    await expect(caller.call("readers", "street")).rejects.toEqual(failure("other"));
    expect(await caller.call("open", null)).toMatchObject({ name: "Practice" });
    const stages: Progress["stage"][] = [];
    caller.progress = (p) => stages.push(p.stage);
    const file = { file: new Blob(["a"]) as File, original: false };
    expect(await caller.call("lookAt", file)).toMatchObject({ found: "unknown" });
    await expect(caller.call("lookAt", { ...file, file: new Blob([]) as File })).rejects.toEqual(failure("empty"));
    expect(await caller.call("send", { desk: "street", lang: "en", answers: {}, consent: [], leftOut: [], files: [], receipt: true }, null)).toMatchObject({ done: true, receipt: { words: null } });
    expect(stages).toEqual(["sealing", "story"]);
    end();
  });

  test("when the worker is gone, what waits and what comes later fails in the same way", async () => {
    const { caller, end } = joined(await Organisation.make());
    const waiting = caller.call("open", null);
    caller.fail(new Failure("crypto", "gone"));
    await expect(waiting).rejects.toEqual(failure("crypto"));
    await expect(caller.call("texts", "en")).rejects.toEqual(failure("crypto"));
    end();
  });

  test("the link's root is read from the fragment", () => {
    expect(rootOf("#root=abc-_1")).toBe("abc-_1");
    expect(rootOf("#practice&root=abc")).toBe("abc");
    expect(rootOf("")).toBeNull();
  });

  test("there is a list of words per language, and none for others", async () => {
    expect(await wordList("fr-CA")).toHaveLength(2048);
    expect(await wordList("my")).toBeNull();
  });
});

// What is served is not the sources but their bundle, from which code for other recipients was left out.
describe("the built worker", () => {
  test("seals a report that its desk can open, and reads the answer", { timeout: 60_000 }, async () => {
    const org = await Organisation.make(7);
    const assets = join(import.meta.dirname, "../dist/assets");
    const built = readdirSync(assets).filter((f) => /^worker-.*\.js$/.test(f));
    expect(built).toHaveLength(1);
    const worker = new Worker(join(import.meta.dirname, "worker-host.mjs"), { workerData: pathToFileURL(join(assets, built[0]!)).href });
    const port: Port = { postMessage: (m) => worker.postMessage({ call: m }), onmessage: null };
    worker.on("message", (m: { tell?: unknown; fetch?: { n: number; path: string; method: string; body: Uint8Array<ArrayBuffer> | null; type: string } }) => {
      if (!m.fetch) {
        port.onmessage?.({ data: m.tell } as MessageEvent);
        return;
      }
      const { n, path, method, body, type } = m.fetch;
      void (async () => {
        const form = body && type.startsWith("multipart/") ? await new Response(body, { headers: { "Content-Type": type } }).formData() : null;
        const response = await org.fetch(path, { method, body: form });
        worker.postMessage({ fetched: { n, status: response.status, body: new Uint8Array(await response.arrayBuffer()) } });
      })();
    });
    const caller = new Caller(port);
    try {
      expect(await caller.call("open", null)).toMatchObject({ name: "Practice" });
      await caller.call("prepare", "street");
      const outcome = await caller.call("send", { desk: "street", lang: "en", answers: { story: "PRACTICE" }, consent: [], leftOut: [], files: [], receipt: true }, await wordList("en"));
      expect(outcome).toMatchObject({ done: true });
      const [deposit] = org.server.deposits.values();
      const report = JSON.parse(await openReport(deposit!.report, 8, org.advocates[6]!.identity)) as { build: string };
      expect(report.build).toMatch(/^[0-9a-f]{16}$/);
      // And reads an answer, by the part of it that is fetched only then.
      const words = new Uint8Array(16).fill(4);
      const first = await answer({ to: words, by: org.advocates[0]! });
      const altered = await answer({ to: words, by: org.advocates[0]! });
      altered.slot[4000]! ^= 1;
      for (const s of [first, altered, await answer({ to: new Uint8Array(16), by: org.advocates[0]! })]) org.server.slots.push({ prefix: "", slot: s.slot });
      expect(await caller.call("read", words)).toMatchObject({ said: [{ n: 0, whole: true }], unconfirmed: 1, runOut: 0 });
      expect(await caller.call("add", { desk: "street", text: "PRACTICE", withdraw: [], leftOut: [] })).toMatchObject({ done: true });
    } finally {
      await worker.terminate();
    }
  });
});
