import type { Visit } from "../lib/session.ts";

// Where this page runs, and which page of the browser it is.

/** installed: opened from the phone's own screen, as an app. Only there what waits is kept longer than the page. */
export function installed(): boolean {
  return matchMedia("(display-mode: standalone), (display-mode: fullscreen), (display-mode: minimal-ui)").matches
    || (navigator as { standalone?: boolean }).standalone === true; // Safari on an iPhone
}

const key = "tab";

/**
 * visit tells a page that was loaded again, as cheap phones do when a camera needs their memory, from one that was
 * opened anew: the browser keeps a random number for as long as the page's tab is there, and nothing else.
 */
export function visit(): Visit {
  let tab = "";
  try {
    // eslint-disable-next-line no-restricted-globals -- a random number, that says nothing of what is written
    const kept = sessionStorage;
    tab = kept.getItem(key) ?? crypto.randomUUID();
    kept.setItem(key, tab);
  } catch {
    tab = crypto.randomUUID(); // no storage: nothing is found again
  }
  return { installed: installed(), tab };
}

/** forgetVisit makes the next page of this tab another one, at once: what this one kept is then not found by it. */
export function forgetVisit(): void {
  try {
    // eslint-disable-next-line no-restricted-globals -- as above
    sessionStorage.removeItem(key);
  } catch {
    // there was none
  }
}
