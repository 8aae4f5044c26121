import { build } from "./build.ts";

// The app without a connection. This side runs in the browser's service worker, which stands between the page and the
// network: it keeps the app's own files, and nothing else. What is asked under /v1/ passes it by.

/** What is used here of the scope of a service worker. */
export type Between = {
  readonly location: { readonly origin: string };
  readonly caches: CacheStorage;
  readonly clients: { claim(): Promise<void> };
  fetch(request: Request): Promise<Response>;
  skipWaiting(): Promise<void>;
  addEventListener(type: string, listener: (event: FetchEvent) => void): void;
};

type FetchEvent = { readonly request: Request; respondWith(answer: Promise<Response>): void; waitUntil(work: Promise<unknown>): void };

const prefix = "notes-";
/** The name of what this build of the app keeps. */
export const shelf = prefix + build;
/** isShelf: a name of what some build of the app keeps. */
export const isShelf = (name: string) => name.startsWith(prefix);

/** How long the page may take to come before the kept one is shown, in milliseconds. */
const patience = 3000;

/** standBetween answers for the page itself and for its files. */
export function standBetween(scope: Between): void {
  scope.addEventListener("install", (e) => e.waitUntil(scope.skipWaiting()));
  scope.addEventListener("activate", (e) => e.waitUntil(scope.clients.claim()));
  scope.addEventListener("fetch", (e) => {
    const { request } = e;
    const { origin, pathname } = new URL(request.url);
    if (request.method !== "GET" || origin !== scope.location.origin) return;
    if (pathname === "/") e.respondWith(page(scope, request));
    else if (pathname.startsWith("/assets/")) e.respondWith(asset(scope, request));
  });
}

/** The newest page that can be had: the server's, and when it fails or takes too long, the one that was kept. */
async function page(scope: Between, request: Request): Promise<Response> {
  const kept = await scope.caches.match("/").catch(() => undefined);
  if (!kept) return scope.fetch(request);
  const served = scope.fetch(request).then((r) => (r.ok ? r : kept), () => kept);
  return Promise.race([served, new Promise<Response>((done) => void setTimeout(() => done(kept.clone()), patience))]);
}

/** A file of the app holds a hash of its bytes in its name: one that is kept is as good as the server's. */
async function asset(scope: Between, request: Request): Promise<Response> {
  const kept = await scope.caches.match(request).catch(() => undefined);
  if (kept) return kept;
  const served = await scope.fetch(request);
  if (served.ok) {
    const copy = served.clone();
    // Storage that fails keeps nobody from the page.
    await scope.caches.open(shelf).then((c) => c.put(request, copy)).catch(() => undefined);
  }
  return served;
}
