/**
 * Store keeps the little that outlives a visit: the signed list and what belongs to it, and reports that wait, sealed.
 * Nothing of a report is ever put here that this phone, or whoever takes it, could open.
 */
export type Store = {
  /** What is put here is there in a later visit. */
  readonly lasts: boolean;
  /** The browser's database was too slow to say what is in it. */
  readonly late?: boolean;
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
  /** remove forgets all keys that begin so. */
  remove(prefix: string): Promise<void>;
  /** keys are all that begin so, in order. */
  keys(prefix: string): Promise<string[]>;
};

/** memoryStore keeps things until the page is closed. */
export function memoryStore(lasts = false): Store {
  const map = new Map<string, unknown>();
  const keys = (prefix: string) => [...map.keys()].filter((k) => k.startsWith(prefix)).sort();
  return {
    lasts,
    get: (key) => Promise.resolve(map.get(key)),
    put: (key, value) => {
      map.set(key, structuredClone(value));
      return Promise.resolve();
    },
    remove: (prefix) => {
      for (const key of keys(prefix)) map.delete(key);
      return Promise.resolve();
    },
    keys: (prefix) => Promise.resolve(keys(prefix)),
  };
}

const name = "notes";
const table = "kept";

/** How long the database may take to open, in milliseconds: a damaged one may never answer, and the form must come all the same. */
const patience = 5000;

/** openStore is the browser's own database, or memory where it gives none (private windows of some browsers). */
export async function openStore(): Promise<Store> {
  let late = false;
  try {
    const db = await Promise.race([answer(opening()), tooLong().catch((error: unknown) => {
      late = true;
      throw error;
    })]);
    const at = (mode: IDBTransactionMode) => db.transaction(table, mode).objectStore(table);
    return {
      lasts: true,
      get: (key) => answer(at("readonly").get(key)) as Promise<unknown>,
      put: (key, value) => written(at("readwrite"), (t) => t.put(value, key)),
      remove: (prefix) => written(at("readwrite"), (t) => t.delete(beginning(prefix))),
      keys: (prefix) => answer(at("readonly").getAllKeys(beginning(prefix))) as Promise<string[]>,
    };
  } catch {
    return { ...memoryStore(), late };
  }
}

/** eraseStore removes the browser's own database where it could not be opened. It rejects when that can't be done. */
export async function eraseStore(): Promise<void> {
  await Promise.race([answer(indexedDB.deleteDatabase(name)), tooLong()]);
}

function tooLong(): Promise<never> {
  return new Promise((_, fail) => void setTimeout(() => fail(new Error("database does not answer")), patience));
}

/** Keys are ASCII, so nothing that begins so sorts behind this. */
function beginning(prefix: string): IDBKeyRange {
  return IDBKeyRange.bound(prefix, `${prefix}\uffff`);
}

/** A change counts when its transaction has: a request may succeed and its transaction still fail, on a full disk. */
function written(at: IDBObjectStore, change: (at: IDBObjectStore) => void): Promise<void> {
  return new Promise((done, fail) => {
    at.transaction.oncomplete = () => done();
    at.transaction.onabort = () => fail(at.transaction.error ?? new Error("database error"));
    change(at);
  });
}

function opening(): IDBOpenDBRequest {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(table);
  return request;
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error ?? new Error("database error"));
  });
}
