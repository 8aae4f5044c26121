import { notWhole } from "./boxes.ts";
import { same, type Bytes } from "./bytes.ts";
import { isPicture, quiet, type Coding } from "./nal.ts";
import type { Span, Track } from "./track.ts";

// Samples of H.264 and HEVC, read through a window: a film of 100 MiB is never held.

/** Patch is what is put in the place of as many bytes of the file. */
export type Patch = { readonly at: number; readonly bytes: Bytes };

const wide = 1 << 20;
/** What beside the pictures may have to be held: of one unit, and of a film. */
const maxUnit = 1 << 16;
const maxHeld = 16 << 20;

/** patches are the units of a film that have to be others, in order; null for samples that are not cut as they say, and for more than is held. */
export async function patches(file: Blob, tracks: readonly Track[]): Promise<Patch[] | null> {
  const found: Patch[] = [];
  // Samples lie in order in what cameras make. What jumps about would be read again and again.
  const left = { bytes: 4 * file.size + 64 * wide, held: maxHeld };
  for (const { samples, coding } of tracks) if (coding && !(await patch(file, samples(), coding, found, left))) return null;
  found.sort((a, b) => a.at - b.at);
  const once: Patch[] = [];
  for (const p of found) {
    const last = once.at(-1);
    if (!last || p.at >= last.at + last.bytes.length) once.push(p);
    else if (p.at !== last.at || !same(p.bytes, last.bytes)) return null; // a sample may be played twice
  }
  return once;
}

async function patch(file: Blob, samples: Iterable<Span>, coding: Coding, found: Patch[], left: { bytes: number; held: number }): Promise<boolean> {
  let from = 0;
  let have = new Uint8Array(0);
  const reach = async (at: number, end: number) => {
    from = at;
    have = await read(file, at, Math.max(end, Math.min(at + wide, file.size)));
    left.bytes -= have.length;
  };
  for (const { at: start, end } of samples) {
    // A film plays each of its bytes about once. One that plays a few of them for ever would keep the phone busy for as long.
    if ((left.bytes -= end - start) < 0) return false;
    for (let at = start; at < end; ) {
      const unit = at + coding.prefix;
      if (at < from || Math.min(unit + 1, end) > from + have.length) await reach(at, Math.min(unit + 1, end));
      if (unit > end) {
        // Too short for a unit: nothing reads it.
        if (have.subarray(at - from, end - from).some((x) => x !== 0)) {
          found.push({ at, bytes: new Uint8Array(end - at) });
          if ((left.held -= 64) < 0) return false;
        }
        break;
      }
      let length = 0;
      for (let i = 0; i < coding.prefix; i++) length = length * 256 + have[at - from + i]!;
      const next = unit + length;
      if (!(next <= end) || left.bytes < 0) return false;
      const first = have[unit - from]!;
      at = next;
      if (length === 0 || isPicture(first, coding)) continue;
      if (length > maxUnit) return false;
      if (next > from + have.length) await reach(unit, next);
      const before = have.subarray(unit - from, next - from);
      const bytes = before.slice();
      quiet(bytes, coding);
      if (same(before, bytes)) continue;
      found.push({ at: unit, bytes });
      if ((left.held -= length + 64) < 0) return false;
    }
  }
  return true;
}

/** read is some bytes of a file; a Failure `broken` when it can't be read. */
export async function read(file: Blob, at: number, end: number): Promise<Bytes> {
  try {
    return new Uint8Array(await file.slice(at, end).arrayBuffer());
  } catch {
    return notWhole("reading it failed");
  }
}
