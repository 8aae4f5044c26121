import { Encrypter, generateHybridIdentity, identityToRecipient } from "age-encryption";
import { concat, u32, type Bytes } from "./bytes.ts";
import { Failure } from "./failure.ts";
import { checkReport } from "./header.ts";
import { checkRecipients } from "./recipients.ts";

const minPadded = 32 << 10;
const maxPadded = 2 << 20;

/** pad is `u32(length) ‖ json ‖ zeros`, of the smallest size 32 KiB·2^k, k ≤ 6, that holds it; a Failure `large` when none does. */
export function pad(json: Uint8Array): Bytes {
  let size = minPadded;
  while (size < 4 + json.length && size < maxPadded) size *= 2;
  if (4 + json.length > size) throw new Failure("large", "over 2 MiB");
  const padded = new Uint8Array(size);
  padded.set(u32(json.length));
  padded.set(json, 4);
  return padded;
}

/** throwaway is the recipient of a key whose private half is gone when this returns. It fills a slot of a header. */
export async function throwaway(): Promise<string> {
  return identityToRecipient(await generateHybridIdentity());
}

/**
 * sealReport pads JSON and seals it as one age file with exactly `slots` stanzas: the recipients, then throwaway keys,
 * in an order that a cryptographic random source gives. So the header tells neither how many people can open it nor
 * which slots are theirs. `spares` are throwaway keys made earlier; used ones are taken out of the array.
 *
 * Before anything is sealed: a Failure `nobody` without recipients, `seal` for one that is not hybrid, comes twice, or
 * for more of them than slots; `large`.
 */
export async function sealReport(json: Uint8Array, recipients: readonly string[], slots: 8 | 16, spares: string[] = []): Promise<Bytes> {
  checkRecipients(recipients);
  if (recipients.length > slots) throw new Failure("seal", "more recipients than slots");
  const padded = pad(json);
  const all = [...recipients];
  while (all.length < slots) all.push(spares.pop() ?? (await throwaway()));
  shuffle(all);
  const age = new Encrypter();
  for (const r of all) age.addRecipient(r);
  const file = concat(await age.encrypt(padded));
  // What leaves must be what a server takes: a library that changed its header is found here, not by a peer.
  checkReport(file, slots);
  return file;
}

/** shuffle puts a list in a random order, each with the same chance (Fisher and Yates). */
export function shuffle(list: unknown[]): void {
  for (let i = list.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
}

/** A random whole number from 0 to n − 1, n ≤ 256: bytes that would favour some numbers are thrown away. */
function below(n: number): number {
  const limit = 256 - (256 % n);
  for (;;) {
    const byte = crypto.getRandomValues(new Uint8Array(1))[0]!;
    if (byte < limit) return byte % n;
  }
}
