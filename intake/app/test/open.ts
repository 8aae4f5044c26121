import { base64nopad } from "@scure/base";
import { Decrypter } from "age-encryption";
import { text } from "../src/lib/bytes.ts";
import { checkReport } from "../src/lib/header.ts";
import { isLowOrder } from "../src/lib/recipients.ts";

// The reader's side of what the phone seals: the phone itself never opens a report, so this is the tests' own.

/** Why something can't be opened, in the words of testdata/vectors/README.md. */
export class Unopened extends Error {}

function latin1(file: Uint8Array): string {
  return new TextDecoder("latin1").decode(file.subarray(0, 25 << 10));
}

export function unpad(padded: Uint8Array): Uint8Array {
  const size = padded.length;
  if (size < 32 << 10 || size > 2 << 20 || Math.log2(size) % 1 !== 0) throw new Unopened("padding");
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  if (length > size - 4 || padded.subarray(4 + length).some((b) => b !== 0)) throw new Unopened("padding");
  return padded.subarray(4, 4 + length);
}

export async function openReport(file: Uint8Array, slots: number, identity: string): Promise<string> {
  try {
    checkReport(file, slots);
  } catch {
    throw new Unopened("shape");
  }
  // A stanza that no key can unwrap would open for those before it and not for those after.
  for (const m of latin1(file).matchAll(/^-> mlkem768x25519 (.{1494})$/gm)) {
    if (isLowOrder(base64nopad.decode(m[1]!).subarray(-32))) throw new Unopened("stanza");
  }
  const age = new Decrypter();
  age.addIdentity(identity);
  let padded: Uint8Array;
  try {
    padded = await age.decrypt(file);
  } catch (error) {
    throw new Unopened(/no identity matched/.test(String(error)) ? "not-for-us" : "damaged");
  }
  return text(unpad(padded));
}
