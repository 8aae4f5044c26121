/**
 * routes are all screens of the app. Where she is stands in no address; the name is what tests find a screen by, and
 * they visit each (browser/languages.mjs). Which screens a form has depends on what is answered, see steps.tsx.
 */
export const routes = [
  // Before anything else
  "opening", "shut", "first", "gone",
  // The form
  "desk", "teller", "groups", "who", "where", "when", "affected", "how-many", "gender", "populations", "urgency", "custody", "need",
  "before-story", "story", "files", "contact", "consent", "openers", "receipt", "check",
  // Sending, and after it
  "sending", "failed", "partly", "words", "retype", "thanks",
  // Coming back
  "enter", "looking", "unread", "answers", "write", "take-back", "sent",
  // What is on this phone, and help
  "phone", "copy-sent", "forgot", "help",
] as const;

/** Route is one of them; each group of the codebook has a screen of its own besides. */
export type Route = (typeof routes)[number] | `acts-${string}`;

/** route is the name of a screen for the tests. */
export function route(r: Route): string {
  return `screen-${r}`;
}
