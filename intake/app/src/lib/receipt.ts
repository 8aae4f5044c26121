import { identityToRecipient } from "age-encryption";
import { bech32 } from "./base.ts";
import { base64, hex, lp, sha256, utf8, type Bytes } from "./bytes.ts";
import { publicKey } from "./signing.ts";

// Receipts, PROTOCOL.md §6: 128 random bits, written as words or as digits, and what derives from them.

const entropySize = 16;
const wordCount = 12;
const digitCount = 40;

/** Thread is the public side of a receipt, as it stands in a report. */
export type Thread = { readonly id: string; readonly key: string; readonly reply: string; readonly bucket: string };

/** threadId is the first 16 bytes of a hash of the thread's public key, in hex, so that nobody can take another's. */
export async function threadId(key: Bytes): Promise<string> {
  return hex(await sha256(lp("peerwitness/thread/v1", key))).slice(0, 32);
}

async function derive(entropy: Bytes, info: string): Promise<Bytes> {
  const key = await crypto.subtle.importKey("raw", entropy, "HKDF", false, ["deriveBits"]);
  const bits = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: utf8(`peerwitness/receipt/v1/${info}`) }, key, 256);
  return new Uint8Array(bits);
}

/** threadSeed is the Ed25519 seed that signs follow-ups. */
export function threadSeed(entropy: Bytes): Promise<Bytes> {
  return derive(entropy, "thread-key");
}

/** replyIdentity opens the answers. */
export async function replyIdentity(entropy: Bytes): Promise<string> {
  return bech32.encodeFromBytes("AGE-SECRET-KEY-PQ-", await derive(entropy, "reply-identity")).toUpperCase();
}

/** thread is the public side, for the report. */
export async function thread(entropy: Bytes): Promise<Thread> {
  const key = await publicKey(await threadSeed(entropy));
  const reply = await identityToRecipient(await replyIdentity(entropy));
  return { id: await threadId(key), key: base64(key), reply, bucket: hex(await derive(entropy, "bucket")) };
}

/** toWords is the receipt as 12 words of an official BIP39 list. */
export async function toWords(entropy: Bytes, list: readonly string[]): Promise<string[]> {
  let n = (toNumber(entropy) << 4n) | BigInt((await sha256(entropy))[0]! >> 4);
  const words: string[] = [];
  for (; words.length < wordCount; n >>= 11n) words.unshift(list[Number(n & 2047n)]!);
  return words;
}

/** toDigits is the receipt as eight groups of five digits. */
export async function toDigits(entropy: Bytes): Promise<string[]> {
  const n = (toNumber(entropy) << 4n) | BigInt(await digitCheck(entropy));
  return n.toString().padStart(digitCount, "0").match(/.{5}/g)!;
}

async function digitCheck(entropy: Bytes): Promise<number> {
  return (await sha256(lp("peerwitness/digits/v1", entropy)))[0]! >> 4;
}

/**
 * readReceipt reads what somebody typed: 12 words of the list, in any case, with or without accents, or 40 digits.
 * Spaces, line ends, commas, full stops and hyphens between them don't matter. Null when it is not a receipt: an
 * unknown or missing word, or a check that fails. `list` is null for a language that has none.
 */
export async function readReceipt(typed: string, list: readonly string[] | null): Promise<Bytes | null> {
  if (typed.length > 4096) return null;
  const parts = typed.split(/[\s\u0085\u200b\ufeff,.;\-\u2013\u2014]+/).filter((p) => p !== "");
  const digits = parts.join("");
  if (/^[0-9]+$/.test(digits)) return digits.length === digitCount ? split(BigInt(digits), digitCheck) : null;
  if (!list || parts.length !== wordCount) return null;
  const index = new Map(list.map((word, i) => [fold(word), i]));
  let n = 0n;
  for (const part of parts) {
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

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${hex(bytes)}`);
}

/** Lower case, without accents. */
function fold(word: string): string {
  return word.toLowerCase().normalize("NFKD").replace(/\p{Mn}/gu, "").replaceAll("œ", "oe").replaceAll("æ", "ae");
}
