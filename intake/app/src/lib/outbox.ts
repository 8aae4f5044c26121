import type { Api } from "./api.ts";
import type { SealedBlob } from "./attachment.ts";
import { utf8, type Bytes } from "./bytes.ts";
import type { Composed, Described } from "./compose.ts";
import { Failure, kindOf } from "./failure.ts";
import { newFollowUp } from "./followup.ts";
import { files } from "./lazy.ts";
import type { Outcome, ProblemKind, Progress } from "./types.ts";

/** Seal seals JSON to the people that the report is for. */
export type Seal = (json: Bytes) => Promise<Bytes>;

/** Sender is what carries a sealed report to the server: from memory (Outbox), or from this phone's own storage (Parcel). */
export type Sender = {
  /** What it carries is kept on this phone until it has arrived. */
  readonly lasts: boolean;
  /** run goes on from where the last run ended, as far as it gets. It never throws. */
  run(report: (progress: Progress) => void, signal: AbortSignal): Promise<Outcome>;
};

/** named is how the message names a file's pieces. What the report announced needs no more; a file that came after it is described. */
export function named({ follows }: Pick<Composed, "follows">, { place, said }: Described, blobs: readonly string[]): { n: number; blobs: readonly string[]; new?: object } {
  return { n: place, blobs, ...(follows.of === undefined ? { new: said } : {}) };
}

type Going = { readonly described: Described; pieces: AsyncIterator<SealedBlob, undefined> | null; held: SealedBlob | null; names: string[]; sent: number; done: boolean; problem: ProblemKind | "" };

/**
 * Outbox carries one sealed report to the server, then its files, then the message that names them. Every stage keeps
 * what it made until the server has it, so that running again sends the same bytes and nothing arrives twice. A file is
 * sealed while it goes, so that one piece of it is in memory at a time.
 */
export class Outbox implements Sender {
  readonly lasts = false;
  readonly #api: Api;
  readonly #desk: string;
  readonly #seal: Seal;
  readonly #composed: Omit<Composed, "json" | "files">;
  readonly #files: readonly Going[];

  // Each is let go of when its stage is done: what is left says where sending stands.
  #report: Bytes | null;
  #ticket = "";
  #followUp: Bytes | null = null;
  #done = false;

  constructor(api: Api, desk: string, report: Bytes, composed: Composed, seal: Seal) {
    this.#api = api;
    this.#desk = desk;
    this.#seal = seal;
    this.#report = report;
    const { id, follows, seed, receipt } = composed;
    this.#composed = { id, follows, seed, receipt };
    this.#files = composed.files.map((described) => ({ described, pieces: null, held: null, names: [], sent: 0, done: false, problem: "" }));
  }

  async run(report: (progress: Progress) => void, signal: AbortSignal): Promise<Outcome> {
    try {
      if (this.#report) {
        report({ stage: "story" });
        this.#ticket = await this.#api.deposit(this.#desk, this.#report, signal, () => report({ stage: "working" }));
        this.#report = null;
      }
      if (!this.#done && this.#files.length > 0) await this.#follow(report, signal);
      this.#done = true;
      // Nothing that proves who sent what outlives the delivery.
      this.#ticket = "";
      this.#composed.seed.fill(0);
      return this.#outcome(this.#files.find((f) => f.problem !== "")?.problem ?? "");
    } catch (error) {
      return this.#outcome(signal.aborted ? "stopped" : kindOf(error));
    }
  }

  #outcome(problem: ProblemKind | ""): Outcome {
    const story = this.#report === null;
    // A file has arrived when the message that names it has; until then nobody can find its pieces.
    const missing = this.#files.filter((f) => !this.#done || f.problem !== "").map((f) => f.described.place);
    return { done: this.#done, story, missing, problem, receipt: story ? this.#composed.receipt : null, waiting: "" };
  }

  async #follow(report: (progress: Progress) => void, signal: AbortSignal): Promise<void> {
    if (!this.#followUp) {
      for (const [i, f] of this.#files.entries()) {
        await this.#put(f, (done) => report({ stage: "file", n: i + 1, total: this.#files.length, done, size: f.described.content.size }), signal);
      }
      const attachments = this.#files.filter((f) => f.problem === "").map((f) => named(this.#composed, f.described, f.names));
      if (attachments.length === 0) return;
      const json = await newFollowUp(this.#desk, { ...this.#composed.follows, attachments }, this.#composed.seed);
      this.#followUp = await this.#seal(utf8(json));
    }
    report({ stage: "follow-up" });
    await this.#api.deposit(this.#desk, this.#followUp, signal, () => report({ stage: "working" }));
    this.#followUp = null;
  }

  /** Seals and sends a file piece by piece. A piece whose answer was lost is sent again; the server takes it as the same one. */
  async #put(f: Going, report: (done: number) => void, signal: AbortSignal): Promise<void> {
    const { content, sha256, identity } = f.described;
    f.pieces ??= (await files()).sealAttachment(content, sha256, identity);
    while (!f.done && f.problem === "") {
      if (signal.aborted) throw new Failure("stopped", "stopped");
      report(Math.min(f.sent, content.size));
      try {
        f.held ??= (await f.pieces.next()).value ?? null;
      } catch (error) {
        // A file that has changed or gone does not come back; the others still go.
        f.problem = kindOf(error) === "other" ? "broken" : kindOf(error);
      }
      if (f.held) {
        await this.#api.put(this.#ticket, f.held.name, f.held.bytes, signal);
        f.names.push(f.held.name);
        f.sent += f.held.bytes.length;
        f.held = null;
      } else f.done = true;
    }
  }
}
