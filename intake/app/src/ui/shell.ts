import { isShelf, shelf } from "../lib/offline.ts";
import { registerOffline } from "../lib/trusted.ts";
import { hasLeft } from "./exit.ts";

// Keeping the app for a visit without a connection. Nothing here is fetched that the page has not fetched already.

/**
 * keepApp keeps the page's own files, once the page has settled, and has the browser ask them first from the next visit on.
 * Where a browser has no such thing, or no room, the page works as before.
 */
export async function keepApp(): Promise<void> {
  if (!("serviceWorker" in navigator) || !("caches" in globalThis) || hasLeft()) return;
  try {
    const files = performance.getEntriesByType("resource").map((r) => new URL(r.name)).filter((u) => u.origin === location.origin && u.pathname.startsWith("/assets/"));
    const kept = await caches.open(shelf);
    for (const path of ["/", ...new Set(files.map((u) => u.pathname))]) {
      if (path !== "/" && await kept.match(path)) continue;
      const answer = await fetch(path, { cache: "force-cache" });
      if (answer.ok) await kept.put(path, answer);
    }
    // What former builds kept goes only now that this one is whole.
    for (const name of await caches.keys()) if (isShelf(name) && name !== shelf) await caches.delete(name);
    await registerOffline();
  } catch {
    // Private windows, full or forbidden storage: there is nothing to do about it, and nothing is lost.
  }
}
