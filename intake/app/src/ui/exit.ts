import { neutral, shiftPresses, shiftWithin } from "./config.ts";

// Leaving at once. Everything here runs synchronously in the event that asked for it: the page is blank before the
// browser begins to load anything else, and stays blank if it never does (no network) or comes back from its cache.

let left = false;

/** blank empties the document: typed text first, so that no detached field keeps it, then every node, then the title. */
export function blank(): void {
  for (const field of document.querySelectorAll("input, textarea, select")) {
    if (field instanceof HTMLSelectElement) field.selectedIndex = -1;
    else if (field instanceof HTMLInputElement && (field.type === "checkbox" || field.type === "radio")) field.checked = false;
    else (field as HTMLInputElement | HTMLTextAreaElement).value = "";
  }
  document.body.replaceChildren();
  document.title = "";
}

/** leave wipes what the app holds, blanks the page and replaces its place in the history with the neutral one. */
export function leave(wipe: () => void): void {
  left = true;
  blank();
  try {
    wipe();
  } finally {
    location.replace(neutral);
  }
}

/** hasLeft says whether the page was left, so that nothing draws on it again. */
export function hasLeft(): boolean {
  return left;
}

/**
 * watchExit leaves on Shift pressed `shiftPresses` times in a row, and keeps a left page blank when the browser
 * brings it back. A Shift held for a capital letter is not a press: another key came between.
 * It returns what stops watching.
 */
export function watchExit(wipe: () => void): () => void {
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
    if (left && e.persisted) leave(wipe);
  };
  const pointer = () => {
    alone = false; // held to choose text with a mouse
    presses = [];
  };
  addEventListener("keydown", down, true);
  addEventListener("pointerdown", pointer, true);
  addEventListener("keyup", up, true);
  addEventListener("pageshow", show);
  return () => {
    removeEventListener("keydown", down, true);
    removeEventListener("pointerdown", pointer, true);
    removeEventListener("keyup", up, true);
    removeEventListener("pageshow", show);
  };
}
