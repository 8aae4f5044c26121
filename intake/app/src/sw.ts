// The browser's service worker: it stands between the page and the network, so that the page opens without a connection.
// It answers for the page and its own files from what the page has kept (ui/shell.ts), keeps nothing itself, and sees
// nothing of a report: what is asked under /v1/ passes it by. It imports nothing, so that a visit fetches one small file.

type FetchEvent = Event & { readonly request: Request; respondWith(answer: Promise<Response>): void };
type Scope = {
  readonly location: { readonly origin: string };
  skipWaiting(): Promise<void>;
  addEventListener(type: string, listener: (event: never) => void): void;
};

/** How long the page may take to come before the kept one is shown, in milliseconds. */
const patience = 3000;

const scope = globalThis as unknown as Scope;
const kept = (what: Request | string) => caches.match(what).catch(() => undefined);

/** The newest page that can be had: the server's, and when it fails or takes too long, the one that was kept. */
async function page(request: Request): Promise<Response> {
  const former = await kept("/");
  if (!former) return fetch(request);
  const served = fetch(request).then((r) => (r.ok ? r : former), () => former);
  return Promise.race([served, new Promise<Response>((done) => void setTimeout(() => done(former.clone()), patience))]);
}

/** A file of the app holds a hash of its bytes in its name: one that is kept is as good as the server's. */
async function file(request: Request): Promise<Response> {
  return (await kept(request)) ?? fetch(request);
}

type Installing = { waitUntil(work: Promise<unknown>): void; addRoutes?(routes: object[]): Promise<void> };
scope.addEventListener("install", (e: Installing) => {
  e.waitUntil(scope.skipWaiting());
  // Where a browser can be told so, what is asked under /v1/ does not even come here: a film would pass through this
  // worker's memory as well.
  e.waitUntil(Promise.resolve(e.addRoutes?.([{ condition: { urlPattern: { pathname: "/v1/*" } }, source: "network" }])).catch(() => undefined));
});
scope.addEventListener("fetch", (e: FetchEvent) => {
  const { origin, pathname } = new URL(e.request.url);
  if (e.request.method !== "GET" || origin !== scope.location.origin) return;
  if (pathname === "/") e.respondWith(page(e.request));
  else if (pathname.startsWith("/assets/")) e.respondWith(file(e.request));
});
