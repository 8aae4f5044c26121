import type { Bytes } from "./bytes.ts";
import { Failure } from "./failure.ts";
import type { Store } from "./store.ts";

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
