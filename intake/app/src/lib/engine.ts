import { Api, type Fetch, type Pause } from "./api.ts";
import { text, utf8, type Bytes } from "./bytes.ts";
import { compose } from "./compose.ts";
import { Failure, kindOf } from "./failure.ts";
import { Keeper } from "./keeper.ts";
import { newFollowUp } from "./followup.ts";
import { files, reading } from "./lazy.ts";
import { Outbox, type Seal } from "./outbox.ts";
import { replyIdentity, thread, threadSeed } from "./receipt.ts";
import { isExpired, type Roster } from "./roster.ts";
import { sealReport, throwaway } from "./seal.ts";
import type { Store } from "./store.ts";
import type { Addition, Answers, Codebook, FileChoice, OrganisationData, Outcome, Prepared, Progress, Readers, Submission, Texts } from "./types.ts";
import type { Calls } from "./wire.ts";

/** What the engine is given from outside; tests give their own. */
export type Surroundings = {
  readonly fetch: Fetch;
  readonly store: Store | Promise<Store>;
  readonly now: () => Date;
  readonly report: (progress: Progress) => void;
  readonly pause?: Pause;
};

/** Engine does in the worker what session.ts promises to the screens. */
export class Engine implements Calls {
  readonly #around: Surroundings;
  readonly #api: Api;
  #roster: Roster | null = null;
  #keeper: Keeper | null = null;
  #spares: string[] = [];
  #warm = false;
  #outbox: Outbox | null = null;
  #stop: AbortController | null = null;
  #thread: Bytes | null = null;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#api = new Api(around.fetch, around.pause);
  }

  async open(root: string | null): Promise<OrganisationData> {
    this.#keeper ??= new Keeper(this.#api, await this.#around.store, this.#around.now);
    const { roster, kept } = await this.#keeper.roster(root);
    const codebook = readJson(await this.#api.codebook(roster.codebook)) as Codebook;
    if (!Array.isArray(codebook.groups) || typeof codebook.lists !== "object") throw new Failure("roster", "a codebook of another form");
    this.#roster = roster;
    return {
      name: roster.organisation,
      version: roster.version,
      hash: roster.hash,
      expires: roster.expires,
      expired: isExpired(roster, this.#around.now()),
      kept,
      desks: roster.desks.map(({ id, labels, topics, regions }) => ({ id, labels, topics, regions })),
      regions: roster.regions,
      partners: roster.people.filter((p) => p.roles.includes("partner")).map((p) => p.name),
      policy: roster.policy,
      languages: Object.keys(roster.texts),
      codebook,
    };
  }

  async readers(desk: string): Promise<Readers> {
    const { keeper, roster } = this.#opened();
    const people = await keeper.openers(roster, desk);
    return { desk, people: people.map(({ person, recipient, current, revoked }) => ({ id: person.id, name: person.name, canOpen: recipient !== "", current, revoked })) };
  }

  async texts(lang: string): Promise<Texts | null> {
    const { texts } = this.#opened().roster;
    const tag = [lang.toLowerCase(), lang.toLowerCase().split("-")[0]!, "en"].find((t) => t in texts) ?? Object.keys(texts)[0];
    const hash = tag === undefined ? undefined : texts[tag];
    return hash === undefined ? null : (readJson(await this.#api.text(hash, tag!)) as Texts);
  }

  /**
   * prepare makes throwaway keys for a report and a follow-up, a key at a time, so that other calls come in between. Then
   * it seals an empty report to nobody, thrice: a phone runs code several times faster that it has run before.
   */
  async prepare(desk: string): Promise<void> {
    const slots = this.#opened().roster.desks.find((d) => d.id === desk)?.slots;
    if (slots === undefined) return;
    while (this.#spares.length < 2 * slots) {
      this.#spares.push(await throwaway());
      await new Promise((done) => void setTimeout(done));
    }
    if (this.#warm) return;
    this.#warm = true;
    for (let i = 0; i < 3; i++) {
      await sealReport(new Uint8Array(2), this.#spares.slice(0, 1), 8, this.#spares.slice(1, 8));
      await new Promise((done) => void setTimeout(done));
    }
  }

  async lookAt(choice: FileChoice): Promise<Prepared> {
    const { lookAt } = await files();
    const { size, type, found } = await lookAt(choice);
    return { size, type, found };
  }

  send(submission: Submission, words: readonly string[] | null): Promise<Outcome> {
    return this.#begin(() => this.#pack(submission, words), submission.files.length);
  }

  async read(entropy: Bytes): Promise<Answers> {
    this.#thread = null;
    try {
      const { keeper, roster } = this.#opened();
      const { readAnswers } = await reading();
      const answers = await readAnswers(this.#api, keeper, roster, await thread(entropy), await replyIdentity(entropy));
      this.#thread = await threadSeed(entropy);
      return answers;
    } finally {
      entropy.fill(0);
    }
  }

  add(addition: Addition): Promise<Outcome> {
    return this.#begin(() => this.#packAddition(addition), 0);
  }

  async #begin(pack: () => Promise<Outbox>, files: number): Promise<Outcome> {
    this.#outbox = null;
    this.#around.report({ stage: "sealing" });
    try {
      this.#outbox = await pack();
    } catch (error) {
      // Whatever went wrong, nothing has left the phone; what nobody foresaw went wrong in sealing.
      const problem = kindOf(error);
      return { done: false, story: false, missing: Array.from({ length: files }, (_, i) => i), problem: problem === "other" ? "seal" : problem, receipt: null };
    }
    return this.#run();
  }

  retry(): Promise<Outcome> {
    return this.#run();
  }

  stop(): Promise<void> {
    this.#stop?.abort();
    return Promise.resolve();
  }

  async #pack(s: Submission, words: readonly string[] | null): Promise<Outbox> {
    const { seal, expired, now, roster } = await this.#sealer(s);
    const composed = await compose(s, roster.hash, expired, words, now);
    return new Outbox(this.#api, s.desk, await seal(composed.json), composed, seal);
  }

  async #packAddition({ text, withdraw, ...to }: Addition): Promise<Outbox> {
    if (!this.#thread) throw new Failure("other", "no words were read");
    const { seal } = await this.#sealer(to);
    // The outbox wipes its seed when all has arrived; she may write again.
    const seed = this.#thread.slice();
    const message = { seq: 0, ...(text ? { text } : {}), ...(withdraw.length > 0 ? { withdraw } : {}) };
    const json = utf8(await newFollowUp(to.desk, message, seed));
    return new Outbox(this.#api, to.desk, await seal(json), { id: "", json, files: [], seed, receipt: null }, seal);
  }

  /** What seals to a desk now, after a look at who is on it: nobody whom the peer left out, and only with her yes to an expired roster. */
  async #sealer(s: Pick<Submission, "desk" | "leftOut" | "acceptExpired">): Promise<{ seal: Seal; expired: boolean; now: Date; roster: Roster }> {
    const { keeper, roster } = this.#opened();
    const now = this.#around.now();
    const expired = isExpired(roster, now);
    if (expired && !s.acceptExpired) throw new Failure("expired", "sealing with an expired roster takes the peer's yes");
    const slots = roster.desks.find((d) => d.id === s.desk)?.slots;
    if (slots === undefined) throw new Failure("refused", "no such desk");
    // Asked for again: a revocation may have come while the form was filled.
    const people = await keeper.openers(roster, s.desk);
    const recipients = people.filter((p) => p.recipient !== "" && !s.leftOut.includes(p.person.id)).map((p) => p.recipient);
    if (recipients.length === 0) throw new Failure("nobody", "nobody is left who could open it");
    const to = [...new Set([...recipients, roster.recovery])];
    return { seal: (json) => sealReport(json, to, slots, this.#spares), expired, now, roster };
  }

  async #run(): Promise<Outcome> {
    if (!this.#outbox) throw new Failure("other", "nothing to send");
    this.#stop = new AbortController();
    const outcome = await this.#outbox.run(this.#around.report, this.#stop.signal);
    if (outcome.done) this.#outbox = null;
    this.#stop = null;
    return outcome;
  }

  #opened(): { keeper: Keeper; roster: Roster } {
    if (!this.#keeper || !this.#roster) throw new Failure("other", "not opened");
    return { keeper: this.#keeper, roster: this.#roster };
  }
}

function readJson(bytes: Uint8Array): object {
  const value: unknown = JSON.parse(text(bytes));
  if (typeof value !== "object" || value === null) throw new Failure("roster", "a file of another form");
  return value;
}
