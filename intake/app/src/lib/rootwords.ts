import { hex, unbase64 } from "./bytes.ts";

const count = 8;

/**
 * rootWords is the fingerprint of an organisation's root keys as eight words of an official list, its first 88 bits, to be
 * compared with paper. Empty for what is no fingerprint.
 */
export function rootWords(fingerprint: string, list: readonly string[]): string[] {
  const bytes = unbase64(`${fingerprint.replace(/-/g, "+").replace(/_/g, "/")}=`);
  if (bytes?.length !== 32 || list.length === 0) return [];
  let n = BigInt(`0x${hex(bytes.subarray(0, (count * 11) / 8))}`);
  const words: string[] = [];
  for (; words.length < count; n >>= 11n) words.unshift(list[Number(n & 2047n)]!);
  return words;
}
