import { build } from "./build.ts";
import { hex, random, utf8, type Bytes } from "./bytes.ts";
import { Failure } from "./failure.ts";
import { dayOf } from "./field.ts";
import { files as filesPart } from "./lazy.ts";
import { thread, threadSeed, toDigits, toWords } from "./receipt.ts";
import type { ReceiptText, Submission } from "./types.ts";

const maxAttachments = 16;
const maxText = 256 << 10;

/** Described is a file about to follow a report: where it stood in the form, what is sealed, its key, and what the report says. */
export type Described = { readonly place: number; readonly content: Blob; readonly sha256: string; readonly identity: string; readonly said: object };

/** Follows is what the message that names a report's files says of itself: which report it is of, unless only her words are known, and its number. */
export type Follows = { readonly of?: string; readonly seq: number };

/** Composed is a report ready to be sealed, and what has to be kept beside it until all has arrived. */
export type Composed = {
  readonly id: string;
  readonly follows: Follows;
  readonly json: Bytes;
  readonly files: readonly Described[];
  readonly seed: Bytes;
  readonly receipt: ReceiptText | null;
};

/**
 * compose writes a report's JSON (PROTOCOL.md §4) and makes the keys that go into it. Without a wanted receipt the same
 * comes from random bytes that are kept nowhere. A Failure for a file that can't go (`broken`, `heic`, …) or for too much
 * of something (`large`).
 */
export async function compose(s: Submission, roster: string, expired: boolean, words: readonly string[] | null, now: Date): Promise<Composed> {
  if (s.files.length > maxAttachments) throw new Failure("large", "too many files");
  const entropy = random(16);
  const id = hex(random(16));
  const files = s.files.length > 0 ? await (await filesPart()).describeAll(s.files) : [];
  const json = utf8(JSON.stringify({
    v: 1,
    kind: "report",
    report: id,
    desk: s.desk,
    lang: s.lang,
    made: dayOf(now),
    build,
    ...(s.practice ? { practice: true } : {}),
    ...(expired || s.unfinished ? { flags: [...(expired ? ["expired-roster"] : []), ...(s.unfinished ? ["unfinished"] : [])] } : {}),
    // The claim reads this: it must not hand the case to whom she left out.
    ...(s.leftOut.length > 0 ? { without: s.leftOut } : {}),
    answers: s.answers,
    ...(s.contact && Object.keys(s.contact).length > 0 ? { contact: s.contact } : {}),
    consent: s.consent,
    thread: await thread(entropy),
    roster,
    ...(files.length > 0 ? { attachments: files.map((f) => f.said) } : {}),
  }));
  checkTexts([s.answers, s.contact]);
  const receipt = s.receipt ? { words: words && (await toWords(entropy, words)), digits: await toDigits(entropy) } : null;
  return { id, follows: { of: id, seq: 1 }, json, files, seed: await threadSeed(entropy), receipt };
}

/** Readers refuse a report with a longer text, so it must not come to that. */
function checkTexts(value: unknown): void {
  if (typeof value === "string" && utf8(value).length > maxText) throw new Failure("large", "a text over 256 KiB");
  if (typeof value === "object" && value !== null) for (const v of Object.values(value)) checkTexts(v);
}
