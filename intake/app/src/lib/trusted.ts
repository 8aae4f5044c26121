// The address is a constant of the build: rolldown writes it in.
import workerUrl from "../worker.ts?worker&url";

type Policy = { createScriptURL(url: string): string };
type Factory = { createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): Policy };

const serviceWorker = "/sw.js";

/**
 * trusted passes an address through a policy of Trusted Types that lets exactly the app's own two workers through, so that
 * the page's rule `require-trusted-types-for 'script'; trusted-types peerwitness` leaves no other way to run code.
 */
function trusted(wanted: string): string {
  const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
  policy ??= factory?.createPolicy("peerwitness", {
    createScriptURL(url) {
      if (url !== workerUrl && url !== serviceWorker) throw new TypeError("not the app's own worker");
      return url;
    },
  });
  return policy?.createScriptURL(wanted) ?? wanted;
}

// A policy can be made once per page.
let policy: Policy | undefined;

/** trustedWorker starts the app's worker. */
export function trustedWorker(): Worker {
  return new Worker(trusted(workerUrl), { type: "module" });
}

/** registerOffline has the browser put the app's service worker between the page and the network. */
export function registerOffline(): Promise<ServiceWorkerRegistration> {
  return navigator.serviceWorker.register(trusted(serviceWorker));
}
