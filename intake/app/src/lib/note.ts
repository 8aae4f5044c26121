import { concat, hex, same, sha256, text, unbase64, utf8, type Bytes } from "./bytes.ts";
import { Refusal, type Reason } from "./failure.ts";
import { verify } from "./signing.ts";

// C2SP signed notes, as narrow as PROTOCOL.md §3 makes them.

const maxNote = 1 << 20;
const firstLine = "peerwitness/roster/v1\n";
const maxSignatures = 100;
const ed25519Type = 1;
// Printable ASCII without space and plus, so that every reader splits signature lines alike.
const keyName = /^[!-*,-~]{1,80}$/;

/** Note is a signed note taken apart; nothing in it is verified. */
export type Note = {
  /** What is signed: both lines with their ends. */
  readonly text: string;
  /** The second line, without its end. */
  readonly line: string;
  readonly signatures: readonly Signature[];
};

export type Signature = { readonly name: string; readonly hash: string; readonly signature: Bytes };

/** RootKey is a verifier key, `name+hash+key`, read. `hash` is its 4 bytes in hex. */
export type RootKey = { readonly name: string; readonly hash: string; readonly key: Bytes };

function refuse(why: string, reason: Reason = "shape"): never {
  throw new Refusal(reason, `roster note: ${why}`);
}

/** parseNote takes a note apart by rule 1. A Refusal `shape` for any other form. */
export function parseNote(note: Bytes): Note {
  if (note.length > maxNote) refuse("over 1 MiB");
  let all: string;
  try {
    all = text(note);
  } catch {
    return refuse("not UTF-8");
  }
  if (!all.startsWith(firstLine)) refuse("another first line");
  const end = all.indexOf("\n", firstLine.length);
  if (end < 0) refuse("the second line has no end");
  const rest = all.slice(end + 1);
  if (!/^\n.*\n$/s.test(rest)) refuse("after the two lines come an empty one and the signatures");
  const lines = rest.slice(1, -1).split("\n");
  if (lines.length > maxSignatures) refuse("too many signatures");
  return { text: all.slice(0, end + 1), line: all.slice(firstLine.length, end), signatures: lines.map(parseSignature) };
}

function parseSignature(line: string): Signature {
  const m = /^\u2014 ([^ ]+) (.+)$/.exec(line);
  const bytes = m && unbase64(m[2]!);
  if (!m || !keyName.test(m[1]!) || !bytes || bytes.length < 5) refuse("a malformed signature line");
  return { name: m[1]!, hash: hex(bytes.subarray(0, 4)), signature: bytes.slice(4) };
}

/** parseRootKey reads a verifier key in its one spelling. A Refusal `shape` for anything else. */
export async function parseRootKey(s: string): Promise<RootKey> {
  const m = /^([^+]+)\+([0-9a-f]{8})\+(.+)$/.exec(s);
  const bytes = m && unbase64(m[3]!);
  if (!m || !keyName.test(m[1]!) || !bytes || bytes.length !== 33 || bytes[0] !== ed25519Type) refuse("a malformed root key");
  const sum = await sha256(concat(utf8(`${m[1]!}\n`), bytes));
  if (hex(sum.subarray(0, 4)) !== m[2]) refuse("a root key whose hash is another's");
  return { name: m[1]!, hash: m[2], key: bytes.slice(1) };
}

/**
 * signers counts the distinct public keys out of `keys` that signed the note. Every line that claims one of them must
 * verify, repeats too: else a Refusal `signatures`. Lines of keys that nobody here knows count for nothing.
 */
export async function signers(note: Note, keys: readonly RootKey[]): Promise<number> {
  const signed: Bytes[] = [];
  const message = utf8(note.text);
  for (const s of note.signatures) {
    const claimed = keys.find((k) => k.name === s.name && k.hash === s.hash);
    if (!claimed) continue;
    if (!(await verify(claimed.key, s.signature, message))) refuse("a signature that does not match", "signatures");
    if (!signed.some((k) => same(k, claimed.key))) signed.push(claimed.key);
  }
  return signed.length;
}
