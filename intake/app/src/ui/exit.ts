import { neutral, shiftPresses, shiftWithin } from "./config.ts";

// Leaving at once. Everything here runs synchronously in the event that asked for it: the page is blank before the
// browser begins to load anything else, and stays blank if it never does (no network) or comes back from its cache.

/** Whether the page is there, was left by her, or went because the browser shows another one. */
let page: "here" | "left" | "gone" = "here";

/** blank empties the document: typed text first, so that no detached field keeps it, then every node, then the title; and it silences it. */
export function blank(): void {
  for (const field of document.querySelectorAll("input, textarea, select")) {
    if (field instanceof HTMLSelectElement) field.selectedIndex = -1;
    else if (field instanceof HTMLInputElement && (field.type === "checkbox" || field.type === "radio")) field.checked = false;
    else (field as HTMLInputElement | HTMLTextAreaElement).value = "";
  }
  document.body.replaceChildren();
  document.title = "";
  // A browser may read on after the page has gone.
  if ("speechSynthesis" in globalThis) speechSynthesis.cancel();
}

/** leave wipes what the app holds, blanks the page and replaces its place in the history with the neutral one. */
export function leave(wipe: () => void): void {
  page = "left";
  blank();
  try {
    wipe();
  } finally {
    location.replace(neutral);
  }
}

/** hasLeft says whether the page was left, so that nothing draws on it again. */
export function hasLeft(): boolean {
  return page !== "here";
}

/**
 * watchExit leaves on Shift pressed `shiftPresses` times in a row, and keeps a left page blank when the browser
 * brings it back. A Shift held for a capital letter is not a press: another key came between.
 *
 * It also empties a page that goes for another one, and calls `end`: a browser may keep it whole, words and all, for
 * whoever presses Back. What was sealed on the way to a camera stays, since a page that is loaded again goes likewise.
 * It returns what stops watching.
 */
export function watchExit(wipe: () => void, end: () => void): () => void {
  let presses: number[] = [];
  let alone = false;
  const down = (e: KeyboardEvent) => {
    if (e.key !== "Shift") {
      alone = false;
      presses = [];
    } else if (!e.repeat) alone = true;
  };
  const up = (e: KeyboardEvent) => {
    if (e.key !== "Shift" || !alone) return;
    alone = false;
    presses = [...presses.filter((at) => e.timeStamp - at < shiftWithin), e.timeStamp];
    if (presses.length >= shiftPresses) leave(wipe);
  };
  const show = (e: PageTransitionEvent) => {
    if (!e.persisted) return;
    if (page === "left") leave(wipe);
    else location.reload();
  };
  const hide = () => {
    if (page !== "here") return;
    page = "gone";
    blank();
    end();
  };
  const pointer = () => {
    alone = false; // held to choose text with a mouse
    presses = [];
  };
  addEventListener("keydown", down, true);
  addEventListener("pointerdown", pointer, true);
  addEventListener("keyup", up, true);
  addEventListener("pageshow", show);
  addEventListener("pagehide", hide);
  return () => {
    removeEventListener("keydown", down, true);
    removeEventListener("pointerdown", pointer, true);
    removeEventListener("keyup", up, true);
    removeEventListener("pageshow", show);
    removeEventListener("pagehide", hide);
  };
}
