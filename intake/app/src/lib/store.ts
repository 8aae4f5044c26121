/** Store keeps the little that outlives a visit: the signed list and what belongs to it. Nothing of a report is ever put here. */
export type Store = {
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
};

/** memoryStore keeps things until the page is closed. */
export function memoryStore(): Store {
  const map = new Map<string, unknown>();
  return {
    get: (key) => Promise.resolve(map.get(key)),
    put: (key, value) => {
      map.set(key, structuredClone(value));
      return Promise.resolve();
    },
  };
}

const table = "kept";

/** openStore is the browser's own database, or memory where it gives none (private windows of some browsers). */
export async function openStore(): Promise<Store> {
  try {
    const db = await answer(opening());
    return {
      get: (key) => answer(db.transaction(table).objectStore(table).get(key)) as Promise<unknown>,
      put: async (key, value) => {
        await answer(db.transaction(table, "readwrite").objectStore(table).put(value, key));
      },
    };
  } catch {
    return memoryStore();
  }
}

function opening(): IDBOpenDBRequest {
  const request = indexedDB.open("notes", 1);
  request.onupgradeneeded = () => request.result.createObjectStore(table);
  return request;
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error ?? new Error("database error"));
  });
}
