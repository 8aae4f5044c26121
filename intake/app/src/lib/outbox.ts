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

type Waiting = { readonly described: Described; readonly n: number; blobs: SealedBlob[] | null; stored: boolean; problem: ProblemKind | "" };

/**
 * Outbox carries one sealed report to the server, then its files, then the message that names them. Every stage keeps
 * what it made until the server has it, so that running again sends the same bytes and nothing arrives twice.
 */
export class Outbox {
  readonly #api: Api;
  readonly #desk: string;
  readonly #seal: Seal;
  readonly #composed: Omit<Composed, "json" | "files">;
  readonly #files: readonly Waiting[];

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
    const { id, seed, receipt } = composed;
    this.#composed = { id, seed, receipt };
    this.#files = composed.files.map((described) => ({ described, n: described.place, blobs: null, stored: false, problem: "" }));
  }

  /** run goes on from where the last run ended, as far as it gets. It never throws. */
  async run(report: (progress: Progress) => void, signal: AbortSignal): Promise<Outcome> {
    try {
      if (this.#report) {
        report({ stage: "story" });
        this.#ticket = await this.#api.deposit(this.#desk, this.#report, signal);
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
    return { done: this.#done, story, missing, problem, receipt: story ? this.#composed.receipt : null };
  }

  async #follow(report: (progress: Progress) => void, signal: AbortSignal): Promise<void> {
    if (!this.#followUp) {
      await this.#sealFiles(report, signal);
      await this.#putFiles(report, signal);
      const arrived = this.#files.filter((f) => f.problem === "");
      if (arrived.length === 0) return;
      report({ stage: "follow-up" });
      const attachments = arrived.map((f) => ({ n: f.n, blobs: f.blobs!.map((b) => b.name) }));
      const json = await newFollowUp(this.#desk, { of: this.#composed.id, seq: 1, attachments }, this.#composed.seed);
      this.#followUp = await this.#seal(utf8(json));
      for (const f of this.#files) f.blobs = null;
    }
    report({ stage: "follow-up" });
    await this.#api.deposit(this.#desk, this.#followUp, signal);
    this.#followUp = null;
  }

  async #sealFiles(report: (progress: Progress) => void, signal: AbortSignal): Promise<void> {
    const alive = () => {
      if (signal.aborted) throw new Failure("stopped", "stopped");
    };
    const { sealAttachment } = await files();
    for (const [i, f] of this.#files.entries()) {
      if (f.blobs || f.problem !== "") continue;
      report({ stage: "file", n: i + 1, total: this.#files.length, done: 0, size: f.described.content.size });
      try {
        f.blobs = await sealAttachment(f.described.content, f.described.sha256, f.described.identity, alive);
      } catch (error) {
        // A file that has changed or gone does not come back; the others still go.
        if (kindOf(error) !== "broken") throw error;
        f.problem = "broken";
      }
    }
  }

  async #putFiles(report: (progress: Progress) => void, signal: AbortSignal): Promise<void> {
    const waiting = this.#files.filter((f) => f.blobs && !f.stored && f.problem === "");
    if (waiting.length === 0) return;
    const names = [...new Set(waiting.flatMap((f) => f.blobs!.map((b) => b.name)))];
    const missing = new Set(await this.#api.missing(this.#ticket, names, signal));
    for (const f of waiting) {
      const size = f.blobs!.reduce((n, b) => n + b.bytes.size, 0);
      let done = 0;
      for (const blob of f.blobs!) {
        report({ stage: "file", n: this.#files.indexOf(f) + 1, total: this.#files.length, done, size });
        if (missing.has(blob.name)) await this.#api.put(this.#ticket, blob.name, blob.bytes, signal);
        done += blob.bytes.size;
      }
      f.stored = true;
    }
  }
}
