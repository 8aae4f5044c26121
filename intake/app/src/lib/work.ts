import { sha256 } from "@noble/hashes/sha2.js";
import { lp, unhex } from "./bytes.ts";
import { Failure } from "./failure.ts";

// Work that a flooded server asks for before it takes a report, PROTOCOL.md §9. It is rare, and a slow phone has as much
// time as a fast machine: each minute halves what is left to do.

const least = 8; // bits, however long it takes
const most = 24;
const slice = 50; // milliseconds between two looks at whether she stopped

/** bitsOf is how many zero bits a hash begins with, up to 32. */
function bitsOf(hash: Uint8Array): number {
  return Math.clz32(new DataView(hash.buffer, hash.byteOffset).getUint32(0));
}

/**
 * work finds what shows work of so many bits for a deposit, by its id in hex, and a server's challenge. A Failure `server` for
 * a demand that no honest server makes, `stopped` when the signal says so.
 */
export async function work(id: string, challenge: string, bits: number, signal: AbortSignal, now: () => number = () => performance.now()): Promise<string> {
  if (!Number.isInteger(bits) || bits < 0 || bits > most || challenge.length > 256) throw new Failure("server", "a demand for too much work");
  const head = lp("peerwitness/work/v1", unhex(id)!, challenge, new Uint8Array(8));
  const view = new DataView(head.buffer);
  const began = now();
  for (let counter = 0, pause = began; ; counter++) {
    view.setUint32(head.length - 8, Math.floor(counter / 2 ** 32));
    view.setUint32(head.length - 4, counter >>> 0);
    const got = bitsOf(sha256(head));
    if (got >= least && got >= bits - Math.floor((now() - began) / 60_000)) return `${challenge}.${counter}`;
    if (now() - pause < slice) continue;
    await new Promise((done) => void setTimeout(done));
    if (signal.aborted) throw new Failure("stopped", "stopped");
    pause = now();
  }
}
