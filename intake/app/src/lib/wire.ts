import type { Bytes } from "./bytes.ts";
import { Failure, kindOf } from "./failure.ts";
import type { Addition, Answers, FileChoice, OrganisationData, Outcome, Prepared, ProblemKind, Progress, Readers, Submission, Texts, Visit, Waiting } from "./types.ts";

// How the page and its worker talk: numbered calls, each answered once, with progress in between.

/** Calls is what the worker does for the page. engine.ts says what each promises. */
export type Calls = {
  open(root: string | null, visit?: Visit, lang?: string): Promise<OrganisationData>;
  readers(desk: string): Promise<Readers>;
  texts(lang: string): Promise<Texts | null>;
  sound(hash: string): Promise<Bytes>;
  prepare(desk: string): Promise<void>;
  lookAt(choice: FileChoice): Promise<Prepared>;
  send(submission: Submission, words: readonly string[] | null): Promise<Outcome>;
  waiting(): Promise<Waiting[]>;
  carry(id: string): Promise<Outcome>;
  drop(id: string): Promise<void>;
  keepCopy(submission: Submission): Promise<void>;
  dropCopy(): Promise<void>;
  warm(): Promise<void>;
  fetched(): Promise<string[]>;
  forget(): Promise<void>;
  read(entropy: Bytes): Promise<Answers>;
  add(addition: Addition): Promise<Outcome>;
  retry(): Promise<Outcome>;
  stop(): Promise<void>;
};

type Ask = { readonly n: number; readonly call: keyof Calls; readonly args: readonly unknown[] };
type Tell =
  | { readonly n: number; readonly value: unknown }
  | { readonly n: number; readonly kind: ProblemKind; readonly message: string }
  | { readonly progress: Progress };

/** Port is the part of a Worker, and of a worker's own scope, that is used here. */
export type Port = {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent) => unknown) | null;
};

/** serve answers the calls that come through a port. `make` gets what carries progress to the page. */
export function serve(port: Port, make: (report: (progress: Progress) => void) => Calls): void {
  const tell = (t: Tell) => port.postMessage(t);
  const calls = make((progress) => tell({ progress }));
  port.onmessage = ({ data }: MessageEvent<Ask>) => {
    const { n, call, args } = data;
    // The arguments were typed where the call was made, by `Caller.call`.
    Promise.resolve()
      .then(() => (calls as unknown as Run)[call](...args))
      .then(
        (value) => tell({ n, value }),
        (error: unknown) => tell({ n, kind: kindOf(error), message: error instanceof Error ? error.message : "" }),
      );
  };
}

type Run = { readonly [K in keyof Calls]: (...args: readonly unknown[]) => Promise<unknown> };
type Pending = { readonly done: (value: never) => void; readonly fail: (error: Failure) => void };

/** Caller is the page's end of a port. */
export class Caller {
  readonly #port: Port;
  readonly #waiting = new Map<number, Pending>();
  #n = 0;
  #broken: Failure | null = null;

  /** Where progress goes; set it before a call that makes some. */
  progress: (progress: Progress) => void = () => undefined;

  constructor(port: Port) {
    this.#port = port;
    port.onmessage = ({ data }: MessageEvent<Tell>) => this.#take(data);
  }

  /** call rejects with a Failure of the kind that the worker gave. */
  call<K extends keyof Calls>(call: K, ...args: Parameters<Calls[K]>): ReturnType<Calls[K]> {
    const answer = new Promise((done, fail) => {
      if (this.#broken) return fail(this.#broken);
      const n = ++this.#n;
      this.#waiting.set(n, { done, fail });
      this.#port.postMessage({ n, call, args } satisfies Ask);
    });
    return answer as ReturnType<Calls[K]>;
  }

  /** fail ends every call that waits, and every later one, in the same way. */
  fail(error: Failure): void {
    this.#broken = error;
    for (const w of this.#waiting.values()) w.fail(error);
    this.#waiting.clear();
  }

  #take(tell: Tell): void {
    if ("progress" in tell) return this.progress(tell.progress);
    const w = this.#waiting.get(tell.n);
    this.#waiting.delete(tell.n);
    if ("kind" in tell) w?.fail(new Failure(tell.kind, tell.message));
    else w?.done(tell.value as never);
  }
}
