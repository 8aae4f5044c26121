import { bech32 } from "./base.ts";
import { concat, hex, type Bytes } from "./bytes.ts";
import { Failure } from "./failure.ts";

// Only age's hybrid post-quantum recipients. The library would also take classic and tag ones, and none at all.

const prefix = "age1pq";
const mlkemSize = 1184;
/** Bytes of a hybrid recipient: an ML-KEM-768 key, then an X25519 key. */
const size = mlkemSize + 32;
const length = prefix.length + 1 + Math.ceil((size * 8) / 5) + 6;

/**
 * checkRecipient throws a Failure `seal` unless the text is an age hybrid recipient, `age1pq1…` in lower case with
 * the bech32 checksum and 1,216 bytes. Keys of the right length that sealing would choke on are refused too, so
 * that one person's bad key can't stop a whole desk's reports.
 */
export function checkRecipient(s: string): void {
  const bad = (why: string): never => {
    throw new Failure("seal", `recipient: ${why}`);
  };
  if (!s.startsWith(`${prefix}1`)) bad("not a hybrid one");
  if (s.length !== length) bad("wrong length");
  if (s !== s.toLowerCase()) bad("not in lower case");
  let key: Bytes;
  try {
    const { prefix: hrp, words } = bech32.decode(s);
    if (hrp !== prefix) bad("wrong prefix");
    key = concat(bech32.fromWords(words));
  } catch (error) {
    if (error instanceof Failure) throw error;
    return bad("mistyped");
  }
  if (key.length !== size) bad("wrong number of bytes");
  if (!inRange(key)) bad("not an ML-KEM-768 key");
  if (isLowOrder(key.subarray(mlkemSize))) bad("an X25519 key of low order");
}

/** The coefficients of an ML-KEM-768 key, 12 bits each, are below 3,329 (FIPS 203, 7.2); its last 32 bytes are free. */
function inRange(key: Uint8Array): boolean {
  for (let i = 0; i < mlkemSize - 32; i += 3) {
    const [a, b, c] = [key[i]!, key[i + 1]!, key[i + 2]!];
    if ((a | ((b & 0x0f) << 8)) >= 3329 || ((b >> 4) | (c << 4)) >= 3329) return false;
  }
  return true;
}

/**
 * The X25519 points, top bit cleared, that give the all-zero secret with every key (RFC 7748, section 7; the list is
 * libsodium's). The library refuses them too, but only in the middle of sealing.
 */
const lowOrder: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

/** isLowOrder tells whether no key can use a point. */
export function isLowOrder(point: Uint8Array): boolean {
  const p = Uint8Array.from(point);
  p[31]! &= 0x7f;
  return lowOrder.has(hex(p));
}

/**
 * checkRecipients throws a Failure unless there is at least one recipient, each passes checkRecipient, and none comes
 * twice. `nobody` when there is none.
 */
export function checkRecipients(list: readonly string[]): void {
  if (list.length === 0) throw new Failure("nobody", "no recipients");
  for (const s of list) checkRecipient(s);
  if (new Set(list).size !== list.length) throw new Failure("seal", "a recipient twice");
}
