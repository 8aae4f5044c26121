// The address is a constant of the build: rolldown writes it in.
import workerUrl from "../worker.ts?worker&url";

type Policy = { createScriptURL(url: string): string };
type Factory = { createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): Policy };

/**
 * trustedWorker starts the app's worker under a policy of Trusted Types that lets exactly that one address through,
 * so that the page's rule `require-trusted-types-for 'script'; trusted-types peerwitness` leaves no other way to run code.
 */
export function trustedWorker(): Worker {
  const factory = (globalThis as { trustedTypes?: Factory }).trustedTypes;
  policy ??= factory?.createPolicy("peerwitness", {
    createScriptURL(url) {
      if (url !== workerUrl) throw new TypeError("not the app's own worker");
      return url;
    },
  });
  return new Worker(policy?.createScriptURL(workerUrl) ?? workerUrl, { type: "module" });
}

// A policy can be made once per page.
let policy: Policy | undefined;
