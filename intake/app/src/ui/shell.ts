import { build } from "../lib/build.ts";
import type { Organisation } from "../lib/session.ts";
import { registerOffline } from "../lib/trusted.ts";
import { fetchPart } from "./away.ts";
import { hasLeft } from "./exit.ts";
import { forgetPages, installed } from "./visit.ts";

// Keeping the app for a visit without a connection.

const prefix = "notes-";
const shelf = prefix + build;

/**
 * keepApp keeps the page's files, once the page has settled, for the service worker to answer with. A first visit keeps
 * what it has fetched anyway, out of the browser's own cache, and costs one small request more; a later one fetches the
 * parts it did not need itself, so that a visit without a connection has all of them. Where a browser has no such thing, or no
 * room, the page works as before.
 */
export async function keepApp(org: Organisation, lang: string): Promise<void> {
  const { serviceWorker } = navigator as { serviceWorker?: ServiceWorkerContainer };
  if (!serviceWorker || !("caches" in globalThis) || hasLeft()) return;
  try {
    const again = serviceWorker.controller !== null;
    if (again) await Promise.all([fetchPart("Phone", lang), org.warm()]).catch(() => undefined);
    const fetched = [...performance.getEntriesByType("resource").map((r) => r.name), ...await org.fetched()].map((name) => new URL(name));
    const kept = await caches.open(shelf);
    for (const path of ["/", ...new Set(fetched.filter((u) => u.origin === location.origin && u.pathname.startsWith("/assets/")).map((u) => u.pathname))]) {
      if (path !== "/" && await kept.match(path)) continue;
      const answer = await fetch(path, { cache: "force-cache" });
      if (answer.ok) await kept.put(path, answer);
    }
    // What former builds kept goes only now that this one is whole.
    for (const name of await caches.keys()) if (name.startsWith(prefix) && name !== shelf) await caches.delete(name);
    await registerOffline();
    if (installed()) await (navigator as { storage?: Partial<StorageManager> }).storage?.persist?.();
  } catch {
    // Private windows, full or forbidden storage: there is nothing to do about it, and nothing is lost.
  }
}

/** forgetApp removes what keepApp has kept, and what tells one page from another. */
export async function forgetApp(): Promise<void> {
  forgetPages();
  for (const r of await navigator.serviceWorker.getRegistrations()) await r.unregister();
  for (const name of await caches.keys()) if (name.startsWith(prefix)) await caches.delete(name);
}
