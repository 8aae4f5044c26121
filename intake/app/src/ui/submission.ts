import type { Submission } from "../lib/session.ts";
import { allowedConsent, allowedGrounds, isAffected, isHeld, type Draft } from "./draft.ts";

/** pruned leaves out what was not answered: empty texts, empty lists and objects that hold nothing else. */
function pruned(value: unknown): unknown {
  if (typeof value === "string") return value.trim() === "" ? undefined : value;
  if (Array.isArray(value)) return value.length > 0 ? value : undefined;
  if (value === null || typeof value !== "object") return value;
  const kept = Object.entries(value).map(([k, v]) => [k, pruned(v)] as const).filter(([, v]) => v !== undefined);
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

/** answers turns the draft into the report's `answers` (PROTOCOL.md §4). "Today" is the day that it was when she said so. */
export function answers(d: Draft): { readonly [key: string]: unknown } {
  const { kind, today, hour } = d.when;
  const date = kind === "not-sure" ? "" : d.when.date;
  const dated = date !== "";
  return (pruned({
    groups: d.groups,
    acts: d.acts,
    who: d.who,
    who_text: d.whoText,
    where: { region: d.region, part: d.part, place: d.place },
    when: kind === "not-sure" || dated ? { kind, date, hour: dated && hour !== "" ? Number(hour) : undefined, clock: dated && today ? "phone" : "" } : {},
    teller: d.teller,
    asked: isAffected(d) ? "" : d.asked,
    affected: { populations: d.populations, gender: d.gender, gender_text: d.gender === "own-word" ? d.genderOwn : "", age: d.age, how_many: d.howMany },
    grounds: allowedGrounds(d, d.grounds, (g) => g),
    consequences: d.consequences,
    urgency: d.urgency,
    need: d.need,
    custody: isHeld(d) ? d.custody : {},
    story: d.story,
  }) ?? {}) as { readonly [key: string]: unknown };
}

/**
 * submission is the whole of what the form gives to be sealed. Refused files stay behind. `unable` are people of the desk
 * whom she was shown as not able to open it: a key of theirs that comes later does not count.
 */
export function submission(d: Draft, lang: string, practice: boolean, unable: readonly string[] = []): Submission {
  return {
    desk: d.desk,
    lang,
    answers: answers(d),
    contact: (pruned(d.contact) ?? {}) as { [key: string]: string },
    consent: allowedConsent(d),
    leftOut: [...d.leftOut, ...unable],
    files: d.files.filter((f) => f.ready).map((f) => ({ file: f.file, original: f.original })),
    receipt: d.receipt,
    ...(practice ? { practice: true } : {}),
    ...(d.expiredYes ? { acceptExpired: true } : {}),
  };
}
