import { identityToRecipient } from "age-encryption";
import { bech32 } from "./base.ts";
import { base64, hex, lp, sha256, utf8, type Bytes } from "./bytes.ts";
import { publicKey } from "./signing.ts";
import { digitCheck, digitCount, wordCount } from "./typed.ts";

// Receipts, PROTOCOL.md §6: 128 random bits, written as words or as digits, and what derives from them.

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

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${hex(bytes)}`);
}
