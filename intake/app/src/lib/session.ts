import type { Bytes } from "./bytes.ts";
import { Failure } from "./failure.ts";
import { wordList } from "./lists.ts";
import { trustedWorker } from "./trusted.ts";
import type { Addition, Answers, Codebook, Desk, OrganisationData, Outcome, Policy, Prepared, Progress, Readers, Region, Submission, Texts, Visit, Waiting } from "./types.ts";
import { Caller, type Calls } from "./wire.ts";

export { Failure, kindOf } from "./failure.ts";
export type * from "./types.ts";

/**
 * openOrganisation starts the worker, fetches the roster and the codebook and checks them. `root` is the fingerprint
 * of the page's link (`#root=…`), or what `rootOf(location.hash)` gives. `visit` is where the page runs,
 * `lang` the language whose labels the codebook has.
 *
 * Rejects with a Failure: `offline` `server` (nothing to be had and none kept from before), `roster` (the list failed
 * its checks), `root` (it is not the one that the link promised), `expired`, `crypto` (this browser can't seal).
 */
export async function openOrganisation(root: string | null, visit: Visit, lang: string): Promise<Organisation> {
  if (!globalThis.crypto?.subtle || typeof Worker === "undefined") throw new Failure("crypto", "no WebCrypto or no workers");
  let worker: Worker;
  try {
    worker = trustedWorker();
  } catch {
    throw new Failure("crypto", "starting the worker failed");
  }
  const caller = new Caller(worker);
  // A worker that can't be fetched or parsed says so here and nowhere else.
  worker.onerror = () => caller.fail(new Failure("crypto", "the worker stopped"));
  try {
    return new Organisation(await caller.call("open", root, visit, lang), caller, () => worker.terminate());
  } catch (error) {
    worker.terminate();
    throw error;
  }
}

/**
 * rootOf reads the fingerprint of the root keys from the fragment of the page's address, `#root=…`. A fragment that is
 * neither that nor empty, nor only `practice`, was damaged on its way: it gives "", which is no organisation's.
 */
export function rootOf(hash: string): string | null {
  const said = new URLSearchParams(hash.replace(/^#/, ""));
  const other = [...said.keys()].some((k) => k !== "root" && k !== "practice");
  return other ? "" : said.get("root");
}

/**
 * Organisation is the one thing the screens talk to: what the signed list says, and sending to it. All keys, sealed
 * bytes and network use are in its worker; close ends that worker and with it everything it held.
 */
export class Organisation {
  readonly name: string;
  readonly hash: string;
  /** The fingerprint of its root keys. */
  readonly root: string;
  /** The list's last day, `YYYY-MM-DD`. */
  readonly expires: string;
  /** The list has expired: send takes `acceptExpired`. */
  readonly expired: boolean;
  /** Why this is a list kept from an earlier visit; empty when it is the server's own of now. */
  readonly kept: OrganisationData["kept"];
  readonly desks: readonly Desk[];
  readonly regions: readonly Region[];
  readonly partners: readonly string[];
  readonly policy: Policy;
  readonly languages: readonly string[];
  /** With labels in the language that `texts` was asked for last. */
  codebook: Codebook;

  readonly #caller: Caller;
  readonly #end: () => void;

  constructor(data: OrganisationData, caller: Caller, end: () => void) {
    ({
      name: this.name, hash: this.hash, root: this.root, expires: this.expires, expired: this.expired, kept: this.kept, desks: this.desks, regions: this.regions,
      partners: this.partners, policy: this.policy, languages: this.languages, codebook: this.codebook,
    } = data);
    this.#caller = caller;
    this.#end = end;
  }

  /**
   * desk fetches who can open the reports of a desk, and has throwaway keys made for it while the form is filled.
   * Rejects with `offline` or `server`; trying again is harmless.
   */
  async desk(id: string): Promise<Readers> {
    const readers = await this.#caller.call("readers", id);
    void this.#caller.call("prepare", id).catch(() => undefined); // send makes what is missing
    return readers;
  }

  /**
   * texts are the organisation's signed words in a language, or in its base language, or in English; null if none. The
   * codebook's labels are in the same language from then on.
   */
  async texts(lang: string): Promise<Texts | null> {
    const texts = await this.#caller.call("texts", lang);
    if (texts?.codebook) this.codebook = texts.codebook;
    return texts;
  }

  /** sound is a recording that the signed words name by its hash. Rejects as `texts` does. */
  sound(hash: string): Promise<Bytes> {
    return this.#caller.call("sound", hash);
  }

  /**
   * file looks at a file when it is chosen: what would be taken out of it, and whether it can go at all. Rejects with
   * `heic` (a photo that can't be cleaned; as an `original` it goes), `large`, `broken`, `empty`.
   */
  file(file: File, original = false): Promise<Prepared> {
    return this.#caller.call("lookAt", { file, original });
  }

  /**
   * send seals everything on the phone and sends the story, alone; then the files, and the message that names them.
   * It never rejects: what happened is in the outcome. After a problem `retry` goes on with the same sealed bytes,
   * so that what did arrive stays one report.
   */
  async send(submission: Submission, onProgress: (progress: Progress) => void = () => undefined): Promise<Outcome> {
    // A receipt without words still has its digits, so a list that can't be loaded stops nothing.
    const words = submission.receipt ? await wordList(submission.lang).catch(() => null) : null;
    return this.#sending(onProgress, "send", submission, words);
  }

  /** waiting is what waits on this phone. */
  waiting(): Promise<Waiting[]> {
    return this.#caller.call("waiting");
  }

  /** carry sends one of what waits, as far as it gets; `retry` goes on. It never rejects, as send. */
  carry(id: string, onProgress: (progress: Progress) => void = () => undefined): Promise<Outcome> {
    return this.#sending(onProgress, "carry", id);
  }

  /** drop forgets one of what waits, for good. */
  drop(id: string): Promise<void> {
    return this.#caller.call("drop", id);
  }

  /**
   * keepCopy seals what is written so far and keeps it on this phone until it is sent, or left. Rejects with a Failure,
   * as `desk` and `send` do, or `other` where nothing can be kept.
   */
  keepCopy(submission: Submission): Promise<void> {
    return this.#caller.call("keepCopy", submission);
  }

  /** warm fetches what a later visit without a connection may need. */
  warm(): Promise<void> {
    return this.#caller.call("warm");
  }

  /** fetched are the addresses of what the worker has fetched of the app. */
  fetched(): Promise<string[]> {
    return this.#caller.call("fetched");
  }

  /** forget removes all that was ever kept on this phone; what was sent stays with its desk. */
  forget(): Promise<void> {
    return this.#caller.call("forget");
  }

  /** dropCopy forgets that. */
  dropCopy(): Promise<void> {
    return this.#caller.call("dropCopy");
  }

  /**
   * read fetches and reads the answers to the receipt with these 16 bytes, and remembers in the worker what signs
   * what is added. Right and wrong words make the same requests. Rejects with `offline`, `server` or `refused`.
   */
  read(entropy: Bytes): Promise<Answers> {
    return this.#caller.call("read", entropy);
  }

  /** add seals and sends something to the report whose words were read last. It never rejects, as send; `retry` goes on from a problem. */
  add(addition: Addition, onProgress: (progress: Progress) => void = () => undefined): Promise<Outcome> {
    return this.#sending(onProgress, "add", addition);
  }

  /** retry goes on where the last send, add or retry ended. */
  retry(onProgress: (progress: Progress) => void = () => undefined): Promise<Outcome> {
    return this.#sending(onProgress, "retry");
  }

  #sending<K extends "send" | "add" | "retry" | "carry">(onProgress: (progress: Progress) => void, call: K, ...args: Parameters<Calls[K]>): Promise<Outcome> {
    this.#caller.progress = onProgress;
    return this.#caller.call(call, ...args).catch(failed);
  }

  /** stop ends the sending that is running: its outcome comes with the problem `stopped`. */
  stop(): void {
    void this.#caller.call("stop").catch(() => undefined);
  }

  /** close ends the worker and forgets everything. Nothing can be asked of this organisation afterwards. */
  close(): void {
    this.#end();
    this.#caller.fail(new Failure("stopped", "closed"));
  }
}

// Reached only when the worker itself is gone.
function failed(error: unknown): Outcome {
  return { done: false, story: false, missing: [], problem: error instanceof Failure ? error.kind : "other", receipt: null, waiting: "" };
}

