import { Failure } from "./failure.ts";

// What a sealed report looks like from outside: the same rules as the server's (vault.CheckReport).

const intro = "age-encryption.org/v1\n";
const stanza = /^-> mlkem768x25519 [A-Za-z0-9+/]{1494}\n[A-Za-z0-9+/]{43}\n/;
const mac = /^--- [A-Za-z0-9+/]{43}\n/;
const nonceSize = 16;
const chunkSize = 64 << 10;
const tagSize = 16;
const maxReport = 4 << 20;
// More than any header that can pass.
const maxHeader = 25 << 10;

/** checkReport throws a Failure `seal` unless a file has exactly so many hybrid stanzas and a payload that padding gives. */
export function checkReport(file: Uint8Array, slots: number): void {
  const bad = (why: string): never => {
    throw new Failure("seal", `sealed report: ${why}`);
  };
  if (file.length > maxReport) bad("over 4 MiB");
  const all = latin1(file.subarray(0, maxHeader));
  if (!all.startsWith(intro)) bad("not an age file");
  let rest = all.slice(intro.length);
  let n = 0;
  for (; rest.startsWith("-> "); n++) {
    const m = stanza.exec(rest);
    if (!m) return bad("a stanza that is not a hybrid one");
    rest = rest.slice(m[0].length);
  }
  if (n !== slots) bad(`${n} stanzas for ${slots} slots`);
  const end = mac.exec(rest);
  if (!end) return bad("a bad end of the header");
  const payload = file.length - (all.length - rest.length + end[0].length);
  if (!isPaddedPayload(payload)) bad("a length that padding does not give");
}

function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}

/** streamSize is the length of an age payload with n > 0 bytes inside: a nonce, then chunks with a tag each. */
export function streamSize(n: number): number {
  return nonceSize + n + tagSize * Math.ceil(n / chunkSize);
}

function isPaddedPayload(payload: number): boolean {
  for (let k = 0; k <= 6; k++) if (payload === streamSize(32768 * 2 ** k)) return true;
  return false;
}
