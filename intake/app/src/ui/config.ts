// What an organisation that builds its own copy may want to change. None of it is a secret.

/** Shown as the page's name in tabs, task switchers and the head of each screen: it tells a passer-by nothing. */
export const title = "Notes";

/** Where "Leave page" goes. An empty page says least; an ordinary site (weather, news) looks most like chance. */
export const neutral = "about:blank";

/** How many times Shift is pressed to leave, and within how many milliseconds from first to last. */
export const shiftPresses = 3;
export const shiftWithin = 3000;

/** The longest text of a field and of the story in characters: three bytes each stay below the protocol's 256 KiB. */
export const fieldLimit = 2_000;
export const storyLimit = 80_000;
