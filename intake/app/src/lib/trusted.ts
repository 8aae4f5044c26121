// The address is a constant of the build: rolldown writes it in.
import workerUrl from "../worker.ts?worker&url";

type Policy = { createScriptURL(url: string): string };
type Factory = { createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): Policy };

/**
 * trusted is the address of the app's worker under a policy of Trusted Types that lets exactly that one address through,
 * so that the page's rule `require-trusted-types-for 'script'; trusted-types peerwitness` leaves no other way to run code.
 */
function trusted(): string {
  const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
  policy ??= factory?.createPolicy("peerwitness", {
    createScriptURL(url) {
      if (url !== workerUrl) throw new TypeError("not the app's own worker");
      return url;
    },
  });
  return policy?.createScriptURL(workerUrl) ?? workerUrl;
}

// A policy can be made once per page.
let policy: Policy | undefined;

/** trustedWorker starts the app's worker. */
export function trustedWorker(): Worker {
  return new Worker(trusted(), { type: "module" });
}

/**
 * registerOffline has the browser put the same file between the page and the network. It takes the file from its cache,
 * where the page's worker has just put it.
 */
export function registerOffline(): Promise<ServiceWorkerRegistration> {
  return navigator.serviceWorker.register(trusted(), { type: "module", scope: "/", updateViaCache: "all" });
}
