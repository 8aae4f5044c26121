// Bytes as PROTOCOL.md §1 writes them.

/** Bytes is a byte array of its own memory, never shared with another thread. */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();

/** utf8 is the bytes of a text. */
export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

/** text is the text of UTF-8 bytes; it throws a TypeError on anything else, and keeps a byte order mark. */
export function text(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** concat is the parts end to end. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  const all = new Uint8Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  for (const p of parts) {
    all.set(p, at);
    at += p.length;
  }
  return all;
}

/** u32 is a whole number below 2^32 in 4 bytes, big-endian. */
export function u32(n: number): Bytes {
  const b = new Uint8Array(4);
  new DataView(b.buffer).setUint32(0, n);
  return b;
}

/** u64 is a whole number up to 2^53 − 1 in 8 bytes, big-endian. */
export function u64(n: number): Bytes {
  const b = new Uint8Array(8);
  new DataView(b.buffer).setBigUint64(0, BigInt(n));
  return b;
}

/** lp is each field with its length before it: 4 bytes big-endian, then the bytes. Texts are UTF-8. */
export function lp(...fields: readonly (Uint8Array | string)[]): Bytes {
  return concat(...fields.flatMap((f) => {
    const b = typeof f === "string" ? utf8(f) : f;
    return [u32(b.length), b];
  }));
}

/** sha256 is H(x) of the protocol. */
export async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** hex is lower-case hexadecimal. */
export function hex(bytes: Uint8Array): string {
  let s = "";
  for (const b of bytes) s += b.toString(16).padStart(2, "0");
  return s;
}

/** unhex reads lower-case hexadecimal; null for anything else. */
export function unhex(s: string): Bytes | null {
  if (!/^(?:[0-9a-f]{2})*$/.test(s)) return null;
  return Uint8Array.from(s.match(/../g) ?? [], (two) => parseInt(two, 16));
}

/** base64 is standard base64 with padding. */
export function base64(bytes: Uint8Array): string {
  let s = "";
  for (const b of bytes) s += String.fromCharCode(b);
  return btoa(s);
}

/** unbase64 reads standard base64 in its one spelling; null for anything else. */
export function unbase64(s: string): Bytes | null {
  let raw: string;
  try {
    raw = atob(s);
  } catch {
    return null;
  }
  // atob skips white space, missing padding and stray bits; a value has one spelling here.
  return btoa(raw) === s ? Uint8Array.from(raw, (c) => c.charCodeAt(0)) : null;
}

/** base64url is base64 for addresses, without padding. */
export function base64url(bytes: Uint8Array): string {
  return base64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** random is n bytes from the browser's cryptographic source. */
export function random(n: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(n));
}

/** same compares two byte arrays that are no secret. */
export function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i]);
}
