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
  let left = "";
  try {
    // eslint-disable-next-line no-restricted-globals -- random numbers, that say nothing of what is written
    const [kept, lasting] = [sessionStorage, localStorage];
    tab = kept.getItem(key) ?? crypto.randomUUID();
    kept.setItem(key, tab);
    left = lasting.getItem(key) ?? "";
    lasting.removeItem(key);
  } catch {
    tab ||= crypto.randomUUID(); // no storage: nothing is found again
  }
  return { installed: installed(), tab, left };
}

/** forgetPages removes what tells one page from another. */
export function forgetPages(): void {
  try {
    // eslint-disable-next-line no-restricted-globals -- as above
    for (const kept of [sessionStorage, localStorage]) kept.removeItem(key);
  } catch {
    // there was none
  }
}

/**
 * forgetVisit makes the next page of this tab another one, at once: what this one kept is then not found by it. An
 * installed app keeps what others left, so there the next page is told which one to forget: a page that is left may end
 * before its own deletion gets through.
 */
export function forgetVisit(): void {
  try {
    // eslint-disable-next-line no-restricted-globals -- as above
    const [kept, lasting] = [sessionStorage, localStorage];
    const tab = kept.getItem(key);
    kept.removeItem(key);
    // A page that is left twice was left the first time.
    if (tab && installed()) lasting.setItem(key, tab);
  } catch {
    // there was none
  }
}
