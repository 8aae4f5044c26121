import { lp, sha256, type Bytes } from "./bytes.ts";

// A receipt as somebody types it from paper, PROTOCOL.md §6.

const entropySize = 16;
/** How many words, or digits, make a receipt. */
export const wordCount = 12;
export const digitCount = 40;

/** digitCheck is the four bits that the digits of a receipt end with. */
export async function digitCheck(entropy: Bytes): Promise<number> {
  return (await sha256(lp("peerwitness/digits/v1", entropy)))[0]! >> 4;
}

/**
 * parts are the words or groups of digits of a text, the digits as 0 to 9 in whichever script they were typed: spaces,
 * line ends, commas, full stops, semicolons and hyphens between them don't matter.
 */
export function parts(typed: string): string[] {
  return typed
    .replace(/[\u0660-\u0669\u06f0-\u06f9\u1040-\u1049]/g, (d) => String(d.charCodeAt(0) & 15)) // their zeros end in four zero bits
    .split(/[\s\u0085\u200b\ufeff,.;\-\u2013\u2014\u060c\u061b\u104a\u104b]+/)
    .filter((p) => p !== "");
}

/** fold is a word in lower case, without accents. */
export function fold(word: string): string {
  return word.toLowerCase().normalize("NFKD").replace(/\p{Mn}/gu, "").replaceAll("œ", "oe").replaceAll("æ", "ae");
}

/**
 * readReceipt reads what somebody typed: 12 words of the list, in any case, with or without accents, or 40 digits.
 * Null when it is not a receipt: an unknown or missing word, or a check that fails. `list` is null for a language that
 * has none.
 */
export async function readReceipt(typed: string, list: readonly string[] | null): Promise<Bytes | null> {
  if (typed.length > 4096) return null;
  const all = parts(typed);
  const digits = all.join("");
  if (/^[0-9]+$/.test(digits)) return digits.length === digitCount ? split(BigInt(digits), digitCheck) : null;
  if (!list || all.length !== wordCount) return null;
  const index = new Map(list.map((word, i) => [fold(word), i]));
  let n = 0n;
  for (const part of all) {
    const at = index.get(fold(part));
    if (at === undefined) return null;
    n = (n << 11n) | BigInt(at);
  }
  return split(n, async (entropy) => (await sha256(entropy))[0]! >> 4);
}

/** The 128 bits before the last four of a number, if those are the check that belongs to them. */
async function split(n: bigint, check: (entropy: Bytes) => Promise<number>): Promise<Bytes | null> {
  if (n >> 132n) return null;
  const entropy = new Uint8Array(entropySize);
  for (let i = entropySize - 1, rest = n >> 4n; i >= 0; i--, rest >>= 8n) entropy[i] = Number(rest & 255n);
  return Number(n & 15n) === (await check(entropy)) ? entropy : null;
}
