import type { Prepared } from "../lib/session.ts";

// What the person has told so far. It lives in this one object, in memory only: nothing here is ever written to
// storage, to the address or to the history.

export type When = { kind: "" | "date" | "about" | "not-sure"; date: string; today: boolean; hour: string };

/** A file she chose: being looked at, ready, or refused with the reason. `asItIs`: it could still go as an original. */
export type Chosen = { key: number; file: File; original: boolean; ready: Prepared | null; refused: string; asItIs: boolean };

export type Draft = {
  desk: string;
  teller: string;
  asked: string;
  groups: string[];
  unsure: boolean;
  acts: string[];
  who: string[];
  whoText: string;
  region: string;
  part: string;
  place: string;
  when: When;
  age: string;
  gender: string;
  genderOwn: string;
  howMany: string;
  populations: string[];
  grounds: string[];
  consequences: string[];
  urgency: string;
  alsoHeld: boolean;
  custody: { name: string; place: string; since: string; hearing: string; medicine: string };
  need: string[];
  story: string;
  files: Chosen[];
  contact: { name: string; reach: string; times: string; not: string };
  consent: string[];
  leftOut: string[];
  receipt: boolean;
  expiredYes: boolean;
};

export function emptyDraft(): Draft {
  return {
    desk: "", teller: "", asked: "", groups: [], unsure: false, acts: [], who: [], whoText: "", region: "", part: "", place: "",
    when: { kind: "", date: "", today: false, hour: "" },
    age: "", gender: "", genderOwn: "", howMany: "", populations: [], grounds: [], consequences: [],
    urgency: "", alsoHeld: false, custody: { name: "", place: "", since: "", hearing: "", medicine: "" }, need: [], story: "", files: [],
    contact: { name: "", reach: "", times: "", not: "" }, consent: [], leftOut: [], receipt: true, expiredYes: false,
  };
}

/** The code of a peer worker who tells for somebody else. */
export const forOthers = "peer-worker-for-someone";

/** isAffected: the person who tells is the one it happened to, so the words say "you". */
export function isAffected(d: Draft): boolean {
  return d.teller === "affected";
}

/** ofAnother: it is told for somebody else, or by who saw it; before anybody is named, "you" is meant. */
export function ofAnother(d: Draft): boolean {
  return d.teller !== "" && !isAffected(d);
}

/** mayShare: she tells of herself, or the person it happened to said yes. Else never a complaint, a story or sharing. */
export function mayShare(d: Draft): boolean {
  return isAffected(d) || (d.teller !== "" && d.asked === "yes");
}

/** sharing are the consents that only the person it happened to can give. */
export const sharing: readonly string[] = ["share-with-partners", "publish-story", "complaint"];

export function isMinor(d: Draft): boolean {
  return d.age === "under-15" || d.age === "15-17";
}

export function isHeld(d: Draft): boolean {
  return d.urgency === "in-custody-now" || d.alsoHeld;
}

/** day is a date of the phone's own clock and calendar as `YYYY-MM-DD`, `back` days ago. */
export function day(now: Date, back = 0): string {
  const d = new Date(now.getFullYear(), now.getMonth(), now.getDate() - back, 12);
  return `${String(d.getFullYear()).padStart(4, "0")}-${String(d.getMonth() + 1).padStart(2, "0")}-${String(d.getDate()).padStart(2, "0")}`;
}

/** readDay says whether a text is a real day: some browsers show a date field as plain text. */
export function readDay(text: string): boolean {
  const m = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!m) return false;
  const d = new Date(Date.UTC(Number(m[1]), Number(m[2]) - 1, Number(m[3])));
  return d.getUTCMonth() === Number(m[2]) - 1 && d.getUTCDate() === Number(m[3]);
}

/** mayGive: a consent is hers to give; the story of somebody under 18 is told to nobody. */
export function mayGive(d: Draft, consent: string): boolean {
  return (mayShare(d) || !sharing.includes(consent)) && !(isMinor(d) && consent === "publish-story");
}

/** allowedConsent is what she ticked and may give: a tick made before she changed who tells does not travel. */
export function allowedConsent(d: Draft): string[] {
  return d.consent.filter((c) => mayGive(d, c));
}

/** Of somebody under 18 nothing is called work. */
const adult: readonly string[] = ["sex-work"];

/** allowedGrounds are those that fit the age. */
export function allowedGrounds<T>(d: Draft, grounds: readonly T[], code: (g: T) => string): T[] {
  return grounds.filter((g) => !isMinor(d) || !adult.includes(code(g)));
}
