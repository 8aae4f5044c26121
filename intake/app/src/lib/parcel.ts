import type { Api } from "./api.ts";
import { sealAttachment } from "./attachment.ts";
import { hex, random, utf8, type Bytes } from "./bytes.ts";
import type { Composed } from "./compose.ts";
import { Failure, kindOf } from "./failure.ts";
import { newFollowUp } from "./followup.ts";
import { named, type Seal, type Sender } from "./outbox.ts";
import type { Queue, Waits } from "./queue.ts";
import type { Outcome, ProblemKind, Progress, ReceiptText } from "./types.ts";

// Putting what is to wait into the queue, and carrying it from there. Fetched by who has an installed app, or something that waits.

/** keep puts a sealed report into the queue, then its files, piece by piece. It gives the report's id there. */
export async function keep(queue: Queue, waits: Omit<Waits, "story" | "ticket" | "files" | "followUp">, composed: Composed, seal: Seal, report: (p: Progress) => void, signal: AbortSignal): Promise<string> {
  const id = hex(random(8));
  try {
    let kept: Waits = { ...waits, story: false, ticket: "", files: composed.files.map(() => null), followUp: null };
    await queue.put(id, kept);
    if (composed.files.length === 0) return id;
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
  readonly lasts = true;
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
