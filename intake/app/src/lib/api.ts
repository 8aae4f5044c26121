import { hex, lp, sha256, type Bytes } from "./bytes.ts";
import { Failure, kindOf } from "./failure.ts";
import { work } from "./work.ts";

// The public HTTP of PROTOCOL.md §9. No cookie, no referrer, no redirect; answers are bounded and never trusted.

const maxNote = 1 << 20;
const maxSheet = 16 << 20;
const maxDocument = 4 << 20;
const maxAnswer = 128 << 10;
const maxBucket = 16 << 20;
const pauses = [500, 1500, 4000]; // milliseconds before each further try
const turn = 15_000; // between tries of what has shown work, in milliseconds
const longestTurn = 600_000; // as long as a challenge is good
const mostAway = 4; // turns in a row in which nothing of the server was heard
const patience = 30_000; // milliseconds for an answer, besides the time that the bytes take
const hurry = 10_000; // the same, for what is on this phone already
const slowest = 4; // bytes per millisecond that a line is given time for

/** Fetch is the browser's fetch, or what stands for it in a test. */
export type Fetch = (path: string, init: RequestInit) => Promise<Response>;

/** Pause waits; tests have one that doesn't. */
export type Pause = (ms: number) => Promise<void>;

type Asking = { readonly method?: string; readonly body?: FormData | Blob | string; readonly headers?: { readonly [name: string]: string }; readonly size?: number; readonly cache?: RequestCache; readonly max: number; readonly once?: boolean; readonly asks?: boolean };

/**
 * Api asks the server. Every call may be repeated without harm, and is, a few times, when the line breaks or the server
 * is busy. A Failure then: `offline` (no answer, or none that tells whether the server did it), `server` (it says that it did not),
 * `refused` (a 4xx: it will not be taken as it is), `large`, or `stopped`.
 */
export class Api {
  readonly #fetch: Fetch;
  readonly #pause: Pause;

  constructor(fetch: Fetch, pause: Pause = (ms) => new Promise((done) => void setTimeout(done, ms))) {
    this.#fetch = fetch;
    this.#pause = pause;
  }

  /** roster is the signed note; who holds one already asks `once`, and goes on without waiting for a line that may not come. */
  roster(once: boolean): Promise<Bytes> {
    return this.#ask("/v1/roster", { max: maxNote, cache: "no-cache", once });
  }

  /** sheet is who can open a desk's reports; `once` as for the roster. */
  sheet(desk: string, once: boolean): Promise<Bytes> {
    return this.#ask(`/v1/desks/${encodeURIComponent(desk)}`, { max: maxSheet, cache: "no-cache", once });
  }

  /** codebook and text are named by their hash, which the roster signs: any other bytes are a Failure `server`. */
  codebook(hash: string): Promise<Bytes> {
    return this.#named(`/v1/codebook/${hash}`, hash);
  }

  text(hash: string, lang: string): Promise<Bytes> {
    return this.#named(`/v1/texts/${hash}/${encodeURIComponent(lang)}`, hash);
  }

  /** sound is a recording, named by its hash; the browser keeps none. */
  sound(hash: string): Promise<Bytes> {
    return this.#named(`/v1/audio/${hash}`, hash);
  }

  /** bucket is the slots of a bucket, end to end, unchecked. */
  bucket(prefix: string): Promise<Bytes> {
    return this.#ask(`/v1/buckets/b${prefix}`, { max: maxBucket });
  }

  async #named(path: string, hash: string): Promise<Bytes> {
    for (const cache of ["force-cache", "reload"] as const) {
      const bytes = await this.#ask(path, { max: maxDocument, cache });
      if (hex(await sha256(bytes)) === hash) return bytes;
    }
    throw new Failure("server", "a file with another hash than the roster's");
  }

  /**
   * deposit gives a sealed report to a desk and returns the ticket with which its files may follow. It returns only when
   * the server has answered for exactly these bytes, after the work that a flooded one asks for (`working` tells); a page of some network in between that says yes to everything does not count.
   */
  async deposit(desk: string, report: Bytes, signal: AbortSignal, working: () => void = () => undefined): Promise<string> {
    const body = new FormData();
    body.append("desk", desk);
    body.append("report", new Blob([report], { type: "application/octet-stream" }), "report");
    const id = hex(await sha256(lp("peerwitness/deposit/v1", desk, report)));
    const post = () => this.#json("/v1/deposits", { method: "POST", body, size: report.length, max: maxAnswer, asks: true }, signal);
    let answer = await post();
    for (let i = 0; i < 3 && typeof answer["challenge"] === "string"; i++) {
      working();
      body.set("work", await work(id, answer["challenge"], Number(answer["bits"]), signal));
      answer = await this.#inTurn(post, signal);
    }
    if (typeof answer["challenge"] === "string") throw new Failure("server", "it asks for ever more work");
    if (answer["id"] !== id || typeof answer["ticket"] !== "string") throw new Failure("offline", "an answer for something else");
    return answer["ticket"];
  }

  /**
   * Posts what has work with it until there is room. The work stays good while it waits, and after some minutes opens a part
   * that is kept for those that waited: a refusal is told only once it has run out. A flooded server's own gateway may
   * answer for it, or the line break, and the place is not lost for it; but nobody waits long for a line that is gone.
   */
  async #inTurn(post: () => Promise<{ readonly [key: string]: unknown }>, signal: AbortSignal): Promise<{ readonly [key: string]: unknown }> {
    let doubt = false; // as in #ask
    const stopped = new Promise<void>((done) => signal.addEventListener("abort", () => done(), { once: true }));
    for (let waited = 0, away = 0; ; waited += turn) {
      try {
        return await post();
      } catch (error) {
        const kind = kindOf(error);
        away = kind === "offline" ? away + 1 : 0;
        const over = away >= mostAway || waited >= longestTurn;
        if (over && doubt && kind === "server") throw new Failure("offline", "one of the tries may have arrived");
        doubt ||= kind === "offline";
        if ((kind !== "server" && kind !== "offline") || over || signal.aborted) throw error;
        await Promise.race([this.#pause(turn + (turn * crypto.getRandomValues(new Uint8Array(1))[0]!) / 256), stopped]);
      }
    }
  }

  /** missing is which of these blobs the server has not stored yet for the ticket's deposit, in the order given. */
  async missing(ticket: string, blobs: readonly string[], signal: AbortSignal): Promise<string[]> {
    const ask: Asking = { method: "POST", body: JSON.stringify({ blobs }), headers: { "Content-Type": "application/json", "Peerwitness-Ticket": ticket }, max: maxAnswer };
    const { missing } = await this.#json("/v1/blobs/missing", ask, signal);
    if (!Array.isArray(missing)) throw new Failure("server", "an answer without a list");
    return blobs.filter((b) => missing.includes(b));
  }

  /** put stores a piece. As a Blob its bytes are the browser's to keep, which puts them on its disk, sealed as they are, when memory is short. */
  async put(ticket: string, name: string, bytes: Bytes, signal: AbortSignal): Promise<void> {
    const headers = { "Content-Type": "application/octet-stream", "Peerwitness-Ticket": ticket };
    await this.#ask(`/v1/blobs/${name}`, { method: "PUT", body: new Blob([bytes]), headers, size: bytes.length, max: maxAnswer }, signal);
  }

  async #json(path: string, asking: Asking, signal: AbortSignal): Promise<{ readonly [key: string]: unknown }> {
    const bytes = await this.#ask(path, asking, signal);
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      throw new Failure("offline", "an answer that is not JSON");
    }
    if (typeof value !== "object" || value === null) throw new Failure("offline", "an answer that is not an object");
    return value as { readonly [key: string]: unknown };
  }

  async #ask(path: string, asking: Asking, signal?: AbortSignal): Promise<Bytes> {
    let doubt = false; // an earlier try may have been taken, whatever a later one is told
    for (let i = 0; ; i++) {
      try {
        return await this.#once(path, asking, signal);
      } catch (error) {
        doubt ||= asking.asks === true && error instanceof Failure && error.kind === "offline";
        const again = error instanceof Failure && (error.kind === "offline" || error.kind === "server");
        const pause = pauses[i];
        if (!again || pause === undefined || asking.once || signal?.aborted) throw doubt && !signal?.aborted ? new Failure("offline", "one of the tries may have arrived") : error;
        // Unevenly, so that phones that lost the same server don't come back to it in step.
        await this.#pause(pause + (pause * crypto.getRandomValues(new Uint8Array(1))[0]!) / 256);
      }
    }
  }

  async #once(path: string, asking: Asking, signal?: AbortSignal): Promise<Bytes> {
    const control = new AbortController();
    const stop = () => control.abort();
    if (signal?.aborted) throw new Failure("stopped", "stopped");
    signal?.addEventListener("abort", stop);
    const wait = (ms: number) => setTimeout(stop, ms + (asking.size ?? 0) / slowest);
    let timer = wait(asking.once ? hurry : patience);
    try {
      const response = await this.#fetch(path, {
        method: asking.method ?? "GET",
        headers: { Accept: "application/json, */*;q=0.5", ...asking.headers },
        body: asking.body ?? null,
        cache: asking.cache ?? "no-store",
        credentials: "omit",
        mode: "same-origin",
        redirect: "error",
        referrerPolicy: "no-referrer",
        signal: control.signal,
      });
      clearTimeout(timer); // it answers: a slow line may take its time for the rest
      timer = wait(patience);
      if (response.ok || (asking.asks && response.status === 428)) return await bounded(response, asking.max, asking.asks ? "offline" : "server");
      await response.body?.cancel();
      throw refusal(response.status, asking.asks === true);
    } catch (error) {
      if (error instanceof Failure) throw error;
      if (signal?.aborted) throw new Failure("stopped", "stopped");
      throw new Failure("offline", "no answer");
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }
}

function refusal(status: number, asks: boolean): Failure {
  if (status === 413) return new Failure("large", "the server says: too large");
  if (status === 429 || status === 503) return new Failure("server", `status ${status}`);
  // Whatever stands before the server may say so after the server has taken it: only that no answer came is known.
  if (status === 408 || status >= 500) return new Failure(asks ? "offline" : "server", `status ${status}`);
  return new Failure("refused", `status ${status}`);
}

/** bounded reads an answer of at most so many bytes; `kind` is what a longer one is. */
async function bounded(response: Response, max: number, kind: "server" | "offline"): Promise<Bytes> {
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > max) {
      await reader.cancel();
      throw new Failure(kind, "an answer over its limit");
    }
    parts.push(value);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return all;
}
