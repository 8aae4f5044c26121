import { Api, type Fetch, type Pause } from "./api.ts";
import { text, utf8, type Bytes } from "./bytes.ts";
import { compose, type Composed } from "./compose.ts";
import { Failure, kindOf } from "./failure.ts";
import { Keeper } from "./keeper.ts";
import { newFollowUp } from "./followup.ts";
import { files, reading } from "./lazy.ts";
import { openPages } from "./pages.ts";
import { Outbox, type Seal, type Sender } from "./outbox.ts";
import { Queue } from "./queue.ts";
import { replyIdentity, thread, threadSeed } from "./receipt.ts";
import { fingerprint, isExpired, type Roster } from "./roster.ts";
import { sealReport, throwaway } from "./seal.ts";
import { eraseStore, type Store } from "./store.ts";
import type { Addition, Answers, Codebook, FileChoice, OrganisationData, Outcome, Prepared, ProblemKind, Progress, Readers, Submission, Texts, Visit, Waiting } from "./types.ts";
import type { Calls } from "./wire.ts";

/** What the engine is given from outside; tests give their own. */
export type Surroundings = {
  readonly fetch: Fetch;
  readonly store: Store | Promise<Store>;
  readonly now: () => Date;
  readonly report: (progress: Progress) => void;
  readonly pause?: Pause;
};

/** A page of a browser, where nothing lasts longer than the page. */
const browser: Visit = { installed: false, tab: "" };

/** Engine does in the worker what session.ts promises to the screens. */
export class Engine implements Calls {
  readonly #around: Surroundings;
  readonly #api: Api;
  #roster: Roster | null = null;
  #keeper: Keeper | null = null;
  #spares: string[] = [];
  #warm = false;
  #queue: Queue | null = null;
  #visit: Visit = browser;
  #outbox: Sender | null = null;
  #stop: AbortController | null = null;
  #thread: Bytes | null = null;
  /** Counts copies made and dropped: one that is sealed late finds that it is of no more use. */
  #copies = 0;
  /** A copy is kept of what is being sent. */
  #copied = false;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#api = new Api(around.fetch, around.pause);
  }

  /**
   * open also forgets what an earlier page of a browser had sealed while its form was filled: there nothing lasts longer
   * than the page. In an installed app it waits with the rest, but for that of a page which was left.
   */
  async open(root: string | null, visit = browser, lang = "en"): Promise<OrganisationData> {
    const store = await this.#around.store;
    this.#keeper ??= new Keeper(this.#api, store, this.#around.now);
    this.#queue = store.lasts ? new Queue(store) : null;
    this.#visit = visit;
    const open = await openPages(visit.tab);
    await this.#forgetCopies((tab, installed) => (visit.installed || installed ? tab === visit.left : tab !== visit.tab && !open.includes(tab))).catch(() => undefined);
    const { roster, kept } = await this.#keeper.roster(root);
    // The words in her language carry the codes in it; the whole codebook has those of every language.
    const words = await this.#keeper.text(roster, lang);
    const codebook = (words && codesIn(readJson(words))) ?? codesIn({ codebook: readJson(await this.#keeper.codebook(roster)) });
    if (!codebook) throw new Failure("roster", "a codebook of another form");
    this.#roster = roster;
    return {
      name: roster.organisation,
      version: roster.version,
      hash: roster.hash,
      root: await fingerprint(roster),
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
    const { keeper, roster } = this.#opened();
    const words = await keeper.text(roster, lang);
    if (!words) return null;
    const texts = readJson(words) as Texts;
    if (codesIn(texts)) return texts;
    const codebook = codesIn({ codebook: readJson(await keeper.codebook(roster)) });
    return codebook ? { ...texts, codebook } : texts;
  }

  /** sound is a recording, fetched when somebody wants to hear it. */
  sound(hash: string): Promise<Bytes> {
    return this.#api.sound(hash);
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
    return this.#begin((signal) => this.#pack(submission, words, signal), submission.files.length);
  }

  /** waiting is what this phone keeps, sealed, in the order of nothing: no time is kept beside it. */
  async waiting(): Promise<Waiting[]> {
    const { keeper, roster } = this.#opened();
    if ((await this.#around.store).late) throw new Failure("other", "nobody knows what waits");
    return ((await this.#queue?.list()) ?? []).map(({ id, waits: { kind, desk, practice, story, files, to } }) => {
      const people = to.map((p) => (keeper.revoked.has(p) ? undefined : roster.people.find((x) => x.id === p)));
      return { id, kind, desk, practice, story, files: files.length, names: people.flatMap((p) => p?.name ?? []), gone: people.filter((p) => !p).length };
    });
  }

  /** carry sends one of what waits. When a copy has arrived, `add` may say more in its thread. */
  async carry(id: string): Promise<Outcome> {
    const waits = await this.#queue?.get(id);
    if (!this.#queue || !waits) return failed("other", 0);
    const { Parcel } = await files();
    this.#outbox = new Parcel(this.#api, this.#queue, id, waits, null);
    this.#thread = waits.seed ?? null;
    return this.#run();
  }

  async drop(id: string): Promise<void> {
    await this.#queue?.remove(id);
  }

  /**
   * keepCopy seals what was written so far into the queue, in place of the copy before, since opening a camera may end
   * this page. It has no words to come back with: they would have to be kept with it.
   */
  async keepCopy(submission: Submission): Promise<void> {
    if (!this.#queue) throw new Failure("other", "nothing lasts here");
    const mine = ++this.#copies;
    const { seal, expired, now, roster, to } = await this.#sealer(submission);
    const { id, json, seed } = await compose({ ...submission, files: [], receipt: false, unfinished: true }, roster.hash, expired, null, now);
    const copy = { kind: "copy" as const, desk: submission.desk, to, practice: submission.practice === true, story: false, ticket: "", files: [], followUp: null, tab: this.#visit.tab, installed: this.#visit.installed, of: id, seed };
    const report = await seal(json);
    // It may have taken long, and what she wrote was sent, left or copied again since.
    if (mine === this.#copies) await this.#queue.put(`copy-${this.#visit.tab}`, { ...copy, report });
  }

  /** dropCopy forgets the copy of this page. */
  dropCopy(): Promise<void> {
    this.#copies++;
    return this.#forgetCopies((tab) => tab === this.#visit.tab);
  }

  /** warm fetches what a visit without a connection may need: the parts of the worker, and who can open each desk's reports. */
  async warm(): Promise<void> {
    const { keeper, roster } = this.#opened();
    await files();
    await reading();
    for (const { id } of roster.desks) await keeper.openers(roster, id);
  }

  /** fetched are the addresses of the worker's own files. */
  fetched(): Promise<string[]> {
    return Promise.resolve(performance.getEntriesByType("resource").map((r) => r.name));
  }

  /** forget removes all that was ever kept on this phone. */
  async forget(): Promise<void> {
    const store = await this.#around.store;
    await store.remove("");
    if (store.late) await eraseStore();
  }

  async #forgetCopies(which: (tab: string, installed: boolean) => boolean): Promise<void> {
    for (const { id, waits } of (await this.#queue?.list()) ?? []) if (waits.kind === "copy" && which(waits.tab ?? "", waits.installed === true)) await this.#queue?.remove(id);
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
    return this.#begin((signal) => this.#packAddition(addition, signal), addition.files?.length ?? 0);
  }

  async #begin(pack: (signal: AbortSignal) => Promise<Sender>, files: number): Promise<Outcome> {
    this.#outbox = null;
    this.#copied = false;
    this.#around.report({ stage: "sealing" });
    const stop = (this.#stop = new AbortController());
    try {
      this.#outbox = await pack(stop.signal);
    } catch (error) {
      // Whatever went wrong, nothing has left the phone; what nobody foresaw went wrong in sealing.
      const problem = kindOf(error);
      return failed(problem === "other" ? "seal" : problem, files);
    }
    return this.#run(stop);
  }

  retry(): Promise<Outcome> {
    return this.#run();
  }

  stop(): Promise<void> {
    this.#stop?.abort();
    return Promise.resolve();
  }

  async #pack(s: Submission, words: readonly string[] | null, signal: AbortSignal): Promise<Sender> {
    const { seal, expired, now, roster, to } = await this.#sealer(s);
    const composed = await compose(s, roster.hash, expired, words, now);
    const sender = await this.#sending("report", s.desk, s.practice === true, to, composed, seal, signal);
    // Once what she finally sends lasts here, or has arrived, the copy made on the way is of no more use.
    this.#copies++;
    this.#copied = !sender.lasts;
    if (!this.#copied) await this.dropCopy().catch(() => undefined);
    return sender;
  }

  /** What she adds goes first, alone: its ticket lets the files follow, and a second message describes and names them. */
  async #packAddition({ text, withdraw, helped, files: chosen = [], ...to }: Addition, signal: AbortSignal): Promise<Sender> {
    if (!this.#thread) throw new Failure("other", "no words were read");
    const sealer = await this.#sealer(to);
    // The outbox wipes its seed when all has arrived; she may write again.
    const seed = this.#thread.slice();
    const message = { seq: 0, ...(text ? { text } : {}), ...(withdraw.length > 0 ? { withdraw } : {}), ...(helped ? { helped } : {}) };
    const json = utf8(await newFollowUp(to.desk, message, seed));
    const described = chosen.length > 0 ? await (await files()).describeAll(chosen) : [];
    return this.#sending("message", to.desk, to.practice === true, sealer.to, { id: "", follows: { seq: 0 }, json, files: described, seed, receipt: null }, sealer.seal, signal);
  }

  /** In an installed app what was sealed is first put where it lasts; in a browser, or where storage fails, it is sent from memory. */
  async #sending(kind: "report" | "message", desk: string, practice: boolean, to: readonly string[], composed: Composed, seal: Seal, signal: AbortSignal): Promise<Sender> {
    const report = await seal(composed.json);
    // A first visit without the part that this takes sends it from memory, as a browser does.
    const waiting = this.#visit.installed && this.#queue ? await files().catch(() => null) : null;
    if (waiting && this.#queue) {
      try {
        const id = await waiting.keep(this.#queue, { kind, desk, to, practice, report }, composed, seal, this.#around.report, signal);
        return new waiting.Parcel(this.#api, this.#queue, id, (await this.#queue.get(id))!, composed.receipt);
      } catch (error) {
        if (signal.aborted) throw new Failure("stopped", "stopped");
        if (error instanceof Failure && error.kind !== "broken") throw error;
      }
    }
    return new Outbox(this.#api, desk, report, composed, seal);
  }

  /** What seals to a desk now, after a look at who is on it: nobody whom the peer left out, and only with her yes to an expired roster. */
  async #sealer(s: Pick<Submission, "desk" | "leftOut" | "acceptExpired">): Promise<{ seal: Seal; expired: boolean; now: Date; roster: Roster; to: string[] }> {
    const { keeper, roster } = this.#opened();
    const now = this.#around.now();
    const expired = isExpired(roster, now);
    if (expired && !s.acceptExpired) throw new Failure("expired", "sealing with an expired roster takes the peer's yes");
    const slots = roster.desks.find((d) => d.id === s.desk)?.slots;
    if (slots === undefined) throw new Failure("refused", "no such desk");
    // Asked for again: a revocation may have come while the form was filled.
    const people = await keeper.openers(roster, s.desk);
    const can = people.filter((p) => p.recipient !== "" && !s.leftOut.includes(p.person.id));
    if (can.length === 0) throw new Failure("nobody", "nobody is left who could open it");
    const recipients = [...new Set([...can.map((p) => p.recipient), roster.recovery])];
    return { seal: (json) => sealReport(json, recipients, slots, this.#spares), expired, now, roster, to: can.map((p) => p.person.id) };
  }

  async #run(stop = new AbortController()): Promise<Outcome> {
    if (!this.#outbox) throw new Failure("other", "nothing to send");
    this.#stop = stop;
    const outcome = await this.#outbox.run(this.#around.report, stop.signal);
    if (this.#copied && outcome.story) {
      this.#copied = false;
      await this.dropCopy().catch(() => undefined);
    }
    if (outcome.done) this.#outbox = null;
    this.#stop = null;
    return outcome;
  }

  #opened(): { keeper: Keeper; roster: Roster } {
    if (!this.#keeper || !this.#roster) throw new Failure("other", "not opened");
    return { keeper: this.#keeper, roster: this.#roster };
  }
}

function failed(problem: ProblemKind, files: number): Outcome {
  return { done: false, story: false, missing: Array.from({ length: files }, (_, i) => i), problem, receipt: null, waiting: "" };
}

function codesIn(words: object): Codebook | undefined {
  const { codebook } = words as { codebook?: Partial<Codebook> };
  return codebook && Array.isArray(codebook.groups) && typeof codebook.lists === "object" ? (codebook as Codebook) : undefined;
}

function readJson(bytes: Uint8Array): object {
  const value: unknown = JSON.parse(text(bytes));
  if (typeof value !== "object" || value === null) throw new Failure("roster", "a file of another form");
  return value;
}
