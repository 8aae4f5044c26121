import type { Api } from "./api.ts";
import { hex, random, utf8, type Bytes } from "./bytes.ts";
import type { Composed } from "./compose.ts";
import { Failure, kindOf } from "./failure.ts";
import { newFollowUp } from "./followup.ts";
import { files } from "./lazy.ts";
import { named, type Seal, type Sender } from "./outbox.ts";
import type { Store } from "./store.ts";
import type { Outcome, ProblemKind, Progress, ReceiptText } from "./types.ts";

// What waits on this phone: reports already sealed, and their files, sealed too and cut into pieces. Nothing here can be
// opened by this phone, and no words, names of files, days or hours are kept beside it.

/** Waits is a report in the phone's storage. */
export type Waits = {
  readonly kind: "report" | "message" | "copy";
  readonly desk: string;
  /** Ids of the people it was sealed to. */
  readonly to: readonly string[];
  readonly practice: boolean;
  readonly report: Bytes;
  /** The report is at the server; its files may not be. */
  readonly story: boolean;
  readonly ticket: string;
  /** The names of each file's pieces, by the file's place in the report; null for one that could not be sealed. */
  readonly files: readonly (readonly string[] | null)[];
  /** The sealed message that names the pieces; null until all files are sealed, or when there are none. */
  readonly followUp: Bytes | null;
  /** Of a copy: the page it was made for, whether that was an app's, which a browser shares its storage with, and what lets photos follow. */
  readonly tab?: string;
  readonly installed?: boolean;
  readonly of?: string;
  readonly seed?: Bytes;
};

const piece = (id: string, file: number, n: number) => `piece/${id}/${file}/${String(n).padStart(3, "0")}`;

/** Queue is all that waits. Its methods reject when the storage does (full, forbidden). */
export class Queue {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async list(): Promise<{ id: string; waits: Waits }[]> {
    const found: { id: string; waits: Waits }[] = [];
    for (const key of await this.#store.keys("waiting/")) {
      const waits = await this.#store.get(key);
      if (whole(waits)) found.push({ id: key.slice("waiting/".length), waits });
    }
    return found;
  }

  async get(id: string): Promise<Waits | null> {
    const waits = await this.#store.get(`waiting/${id}`);
    return whole(waits) ? waits : null;
  }

  put(id: string, waits: Waits): Promise<void> {
    return this.#store.put(`waiting/${id}`, waits);
  }

  async remove(id: string): Promise<void> {
    await this.#store.remove(`waiting/${id}`);
    await this.#store.remove(`piece/${id}/`);
  }

  putPiece(id: string, file: number, n: number, bytes: Bytes): Promise<void> {
    return this.#store.put(piece(id, file, n), bytes);
  }

  async piece(id: string, file: number, n: number): Promise<Bytes> {
    const bytes = await this.#store.get(piece(id, file, n));
    if (!(bytes instanceof Uint8Array)) throw new Failure("broken", "a piece is gone");
    return bytes as Bytes;
  }
}

// Nobody but this app writes it; an older version may have written another form.
function whole(value: unknown): value is Waits {
  const w = value as Partial<Waits> | null | undefined;
  return !!w && w.report instanceof Uint8Array && typeof w.desk === "string" && Array.isArray(w.files) && Array.isArray(w.to);
}

/** keep puts a sealed report into the queue, then its files, piece by piece. It gives the report's id there. */
export async function keep(queue: Queue, waits: Omit<Waits, "story" | "ticket" | "files" | "followUp">, composed: Composed, seal: Seal, report: (p: Progress) => void, signal: AbortSignal): Promise<string> {
  const id = hex(random(8));
  try {
    let kept: Waits = { ...waits, story: false, ticket: "", files: composed.files.map(() => null), followUp: null };
    await queue.put(id, kept);
    if (composed.files.length === 0) return id;
    const { sealAttachment } = await files();
    const names: (string[] | null)[] = [];
    for (const [i, f] of composed.files.entries()) {
      const mine: string[] = [];
      let done = 0;
      try {
        for await (const { name, bytes } of sealAttachment(f.content, f.sha256, f.identity)) {
          if (signal.aborted) throw new Failure("stopped", "stopped");
          report({ stage: "keeping", n: i + 1, total: composed.files.length, done, size: f.content.size });
          await queue.putPiece(id, i, mine.length, bytes);
          mine.push(name);
          done = Math.min(done + bytes.length, f.content.size);
        }
        names.push(mine);
      } catch (error) {
        if (kindOf(error) !== "broken") throw error;
        names.push(null);
      }
    }
    const attachments = names.flatMap((blobs, n) => (blobs ? [named(composed, composed.files[n]!, blobs)] : []));
    const followUp = attachments.length > 0 ? await seal(utf8(await newFollowUp(waits.desk, { ...composed.follows, attachments }, composed.seed))) : null;
    kept = { ...kept, files: names, followUp };
    await queue.put(id, kept);
    return id;
  } catch (error) {
    await queue.remove(id).catch(() => undefined);
    throw error;
  }
}

/** Parcel carries what waits to the server, part by part, over as many visits as it takes. When all is there, it is forgotten here. */
export class Parcel implements Sender {
  readonly #api: Api;
  readonly #queue: Queue;
  readonly #id: string;
  readonly #receipt: ReceiptText | null;
  #waits: Waits;
  #done = false;

  /** `receipt` are the words, in the visit in which it was sealed; nobody has them later. */
  constructor(api: Api, queue: Queue, id: string, waits: Waits, receipt: ReceiptText | null) {
    this.#api = api;
    this.#queue = queue;
    this.#id = id;
    this.#waits = waits;
    this.#receipt = receipt;
  }

  async run(report: (progress: Progress) => void, signal: AbortSignal): Promise<Outcome> {
    try {
      // The ticket lets files follow for thirty days; a repeated deposit gets the same one, so it is asked for once.
      if (!this.#waits.story) {
        report({ stage: "story" });
        const ticket = await this.#api.deposit(this.#waits.desk, this.#waits.report, signal, () => report({ stage: "working" }));
        await this.#now({ story: true, ticket });
      }
      if (!this.#done && this.#waits.followUp) await this.#follow(this.#waits.followUp, report, signal);
      this.#done = true;
      await this.#queue.remove(this.#id);
      return this.#outcome(this.#waits.files.includes(null) ? "broken" : "");
    } catch (error) {
      return this.#outcome(signal.aborted ? "stopped" : kindOf(error));
    }
  }

  /** What has arrived counts even when the storage can't note it: sending it again does no harm. */
  async #now(change: Partial<Waits>): Promise<void> {
    this.#waits = { ...this.#waits, ...change };
    await this.#queue.put(this.#id, this.#waits).catch(() => undefined);
  }

  #outcome(problem: ProblemKind | ""): Outcome {
    const missing = this.#waits.files.flatMap((names, n) => (this.#done && names ? [] : [n]));
    return { done: this.#done, story: this.#waits.story, missing, problem, receipt: this.#receipt, waiting: this.#done ? "" : this.#id };
  }

  async #follow(followUp: Bytes, report: (progress: Progress) => void, signal: AbortSignal): Promise<void> {
    const { files, ticket, desk } = this.#waits;
    const missing = new Set(await this.#api.missing(ticket, [...new Set(files.flatMap((names) => names ?? []))], signal));
    for (const [i, names] of files.entries()) {
      for (const [n, name] of (names ?? []).entries()) {
        report({ stage: "file", n: i + 1, total: files.length, done: n, size: names!.length });
        if (missing.has(name)) await this.#api.put(ticket, name, await this.#queue.piece(this.#id, i, n), signal);
      }
    }
    report({ stage: "follow-up" });
    await this.#api.deposit(desk, followUp, signal, () => report({ stage: "working" }));
  }
}
