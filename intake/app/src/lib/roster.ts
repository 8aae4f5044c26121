import { base64url, hex, lp, same, sha256, u32, concat, type Bytes } from "./bytes.ts";
import { Refusal } from "./failure.ts";
import { dayOf } from "./field.ts";
import { parseNote, parseRootKey, signers, type Note, type RootKey } from "./note.ts";
import { readShape, type Shape } from "./shape.ts";

/**
 * Roster is a signed list that satisfies rules 1 to 4 of PROTOCOL.md §3: its form, and enough valid signatures of its
 * own root keys. Whether those are the right ones is what adopt settles.
 */
export type Roster = Shape & {
  readonly note: Bytes;
  /** Hex SHA-256 of the note. */
  readonly hash: string;
  readonly rootKeys: readonly RootKey[];
};

/** parseRoster reads and checks a note by rules 1 to 4; a Refusal (`shape`, `signatures`, `threshold`) says what is wrong. */
export async function parseRoster(note: Bytes): Promise<Roster> {
  return (await parse(note)).roster;
}

async function parse(bytes: Bytes): Promise<{ roster: Roster; note: Note }> {
  const note = parseNote(bytes);
  const shape = readShape(note.line);
  const rootKeys = await Promise.all(shape.roots.map(parseRootKey));
  // With one name and hash twice it would be open which key a signature line means. One key under two names may be.
  if (new Set(rootKeys.map((k) => `${k.name} ${k.hash}`)).size !== rootKeys.length) throw new Refusal("shape", "a root key's name and hash twice");
  const n = await signers(note, rootKeys);
  if (n < shape.threshold) throw new Refusal("threshold", `${n} of the ${shape.threshold} root keys it takes signed it`);
  return { note, roster: { ...shape, note: bytes, hash: hex(await sha256(bytes)), rootKeys } };
}

/**
 * adopt decides whether a reader that holds `held` (null for none) goes over to a note, by all rules, and returns the
 * roster that it holds from then on. The very note that is held already is no error, expired or not. `root` is the
 * fingerprint that a reader without a roster was given; with a held one that one's roots count instead.
 *
 * On a Refusal what is held stays. The checks come in the order `shape`, `signatures`, `threshold`; `root`; `older`; `signatures`
 * and `chain` by the held roots; `expired`.
 */
export async function adopt(held: Roster | null, bytes: Bytes, root: string | null, now: Date): Promise<Roster> {
  if (held && same(held.note, bytes)) return held;
  const { roster, note } = await parse(bytes);
  if (!held) {
    if (root !== null && root !== (await fingerprint(roster))) throw new Refusal("root", "the roster's root keys are not those of the link");
  } else {
    if (roster.version <= held.version) throw new Refusal("older", `version ${roster.version} after ${held.version}`);
    const n = await signers(note, held.rootKeys);
    if (n < held.threshold) throw new Refusal("chain", `${n} of the ${held.threshold} held root keys it takes signed it`);
    if (roster.version === held.version + 1 && roster.former !== held.hash) throw new Refusal("chain", "it names another roster as the one before");
  }
  if (isExpired(roster, now)) throw new Refusal("expired", `expired on ${roster.expires}`);
  return roster;
}

/** isExpired tells whether today, UTC, is after the roster's last day. */
export function isExpired(roster: Roster, now: Date): boolean {
  return dayOf(now) > roster.expires;
}

/** fingerprint names a roster's root keys and threshold: what a link's `#root=` carries. */
export async function fingerprint(roster: Roster): Promise<string> {
  const keys = roster.rootKeys.map((k) => k.key).sort(compare).filter((k, i, all) => i === 0 || !same(k, all[i - 1]!));
  return base64url(await sha256(concat(lp("peerwitness/roots/v1"), u32(roster.threshold), lp(...keys))));
}

function compare(a: Bytes, b: Bytes): number {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return 0;
}
