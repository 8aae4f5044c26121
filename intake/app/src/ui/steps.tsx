import type { ComponentChildren } from "preact";
import { storyLimit } from "./config.ts";
import type { App } from "./context.ts";
import { day, isHeld, readDay, type Draft } from "./draft.ts";
import { tooLong, type Problem } from "./parts.tsx";
import type { Route } from "./routes.ts";
import { Check } from "./screens/check.tsx";
import { Affected, Custody, Gender, HowMany, Need, Populations, Urgency, WhenItWas, Where, Who } from "./screens/circumstances.tsx";
import { Consent, Openers, Receipt } from "./screens/deciding.tsx";
import { Files } from "./screens/files.tsx";
import { BeforeStory, Contact, Story } from "./screens/telling.tsx";
import { Acts, Desk, Groups, Teller } from "./screens/what.tsx";

/**
 * A screen of the form. Screens of one `part` are walked through together when she comes back from her answers to
 * change something; parts of one `chapter` count as one in "part 3 of 9".
 */
export type Step = { id: Route; part: string; chapter: number; view: () => ComponentChildren; check?: (app: App) => Problem[] };

/** steps lists the screens that this draft goes through, in order. */
export function steps(org: App["org"], d: Draft): Step[] {
  const acts = org.codebook.groups.filter((g) => d.groups.includes(g.code) && g.acts.length > 1);
  const all: (Step | false)[] = [
    org.desks.length > 1 && { id: "desk", part: "desk", chapter: 1, view: () => <Desk />, check: checkDesk },
    { id: "teller", part: "teller", chapter: 1, view: () => <Teller /> },
    { id: "groups", part: "what", chapter: 2, view: () => <Groups /> },
    ...acts.map((g): Step => ({ id: `acts-${g.code}`, part: "what", chapter: 2, view: () => <Acts group={g.code} /> })),
    { id: "who", part: "who", chapter: 3, view: () => <Who />, check: (a) => tooLong(a.draft.whoText, "who-text", a.t.who_text, a.t.too_long) },
    { id: "where", part: "where", chapter: 4, view: () => <Where />, check: (a) => tooLong(a.draft.place, "place", a.t.place, a.t.too_long) },
    { id: "when", part: "when", chapter: 4, view: () => <WhenItWas />, check: checkWhen },
    { id: "affected", part: "affected", chapter: 5, view: () => <Affected /> },
    { id: "how-many", part: "affected", chapter: 5, view: () => <HowMany /> },
    { id: "gender", part: "affected", chapter: 5, view: () => <Gender />, check: (a) => tooLong(a.draft.genderOwn, "gender-own", a.t.gender_own_label, a.t.too_long) },
    { id: "populations", part: "affected", chapter: 5, view: () => <Populations /> },
    { id: "urgency", part: "urgency", chapter: 6, view: () => <Urgency /> },
    isHeld(d) && { id: "custody", part: "urgency", chapter: 6, view: () => <Custody />, check: checkCustody },
    { id: "need", part: "urgency", chapter: 6, view: () => <Need /> },
    { id: "before-story", part: "story", chapter: 7, view: () => <BeforeStory /> },
    { id: "story", part: "story", chapter: 7, view: () => <Story />, check: (a) => tooLong(a.draft.story, "story", a.t.story_label, a.t.too_long, storyLimit) },
    { id: "files", part: "files", chapter: 7, view: () => <Files />, check: checkFiles },
    { id: "contact", part: "contact", chapter: 8, view: () => <Contact />, check: checkContact },
    { id: "consent", part: "consent", chapter: 8, view: () => <Consent /> },
    { id: "openers", part: "openers", chapter: 9, view: () => <Openers />, check: checkOpeners },
    { id: "receipt", part: "receipt", chapter: 9, view: () => <Receipt /> },
    { id: "check", part: "check", chapter: 9, view: () => <Check />, check: (a) => [...checkOpeners(a), ...checkFiles(a), ...checkExpired(a)] },
  ];
  return all.filter((s): s is Step => s !== false);
}

export type Place = { n: number; total: number; percent: number };

/** place says which chapter of how many a screen is in, and how far along the whole way it is. */
export function place(list: readonly Step[], id: string): Place {
  const at = list.findIndex((s) => s.id === id);
  return { n: list[at]?.chapter ?? 1, total: list[list.length - 1]?.chapter ?? 1, percent: Math.round((100 * (at + 1)) / list.length) };
}

/** checkDesk, checkOpeners and checkExpired say what is missing before anything can be sealed. */
export function checkDesk({ draft, t }: App): Problem[] {
  return draft.desk ? [] : [{ at: "desk", text: t.desk_pick }];
}

function checkWhen({ draft, t }: App): Problem[] {
  const { kind, date, today } = draft.when;
  if (kind !== "date" && kind !== "about") return [];
  if (today) return [];
  if (!date) return kind === "date" ? [{ at: "date", text: t.when_need_day }] : [];
  if (!readDay(date)) return [{ at: "date", text: t.when_bad_day }];
  return date > day(new Date()) ? [{ at: "date", text: t.when_future }] : [];
}

function checkCustody({ draft: { custody: c }, t }: App): Problem[] {
  return [
    ...tooLong(c.name, "custody-name", t.custody_name, t.too_long),
    ...tooLong(c.place, "custody-place", t.custody_place, t.too_long),
    ...tooLong(c.since, "custody-since", t.custody_since, t.too_long),
    ...tooLong(c.hearing, "custody-hearing", t.custody_hearing, t.too_long),
    ...tooLong(c.medicine, "custody-medicine", t.custody_medicine, t.too_long),
  ];
}

function checkContact({ draft: { contact: c }, t }: App): Problem[] {
  return [
    ...tooLong(c.name, "contact-name", t.contact_name, t.too_long),
    ...tooLong(c.reach, "contact-reach", t.contact_reach, t.too_long),
    ...tooLong(c.times, "contact-times", t.contact_times, t.too_long),
    ...tooLong(c.not, "contact-not", t.contact_not, t.too_long),
  ];
}

export function checkFiles({ draft, t }: App): Problem[] {
  return draft.files.some((f) => !f.ready && !f.refused) ? [{ at: "files", text: t.file_wait }] : [];
}

export function checkOpeners({ draft, readers, readersFailed, t }: App): Problem[] {
  if (!readers) return [{ at: "openers", text: readersFailed ? t.shut_unreachable : t.desk_loading }];
  const can = readers.people.filter((p) => p.canOpen);
  if (can.length === 0) return [{ at: "openers", text: t.openers_nobody }];
  return can.some((p) => !draft.leftOut.includes(p.id)) ? [] : [{ at: "openers", text: t.openers_keep_one }];
}

export function checkExpired({ draft, expired, t }: App): Problem[] {
  return expired && !draft.expiredYes ? [{ at: "expired", text: t.expired_need }] : [];
}
