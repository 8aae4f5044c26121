import { concat, same } from "./bytes.ts";
import { ascii, orientation, orientationOnly, type Cleaned } from "./exif.ts";
import { Failure } from "./failure.ts";
import { frameOf, maxBlocks, walk, type Frame, type Table } from "./scan.ts";

// A JPEG without anything but its picture, byte by byte. The picture is never re-encoded: that would change
// evidence, and some browsers return noise from a canvas to protect against being recognised.

const [SOI, EOI, SOS, DNL, DRI, COM] = [0xd8, 0xd9, 0xda, 0xdc, 0xdd, 0xfe];
const [APP0, APP1, APP14, APP15] = [0xe0, 0xe1, 0xee, 0xef];
// Baseline, extended, progressive; lossless and arithmetic, which hardly anything shows. Nothing shows hierarchical ones.
const frames = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc9, 0xca, 0xcb]);
/** How long the table is that begins a segment: Huffman, arithmetic conditioning, quantisation, restart interval. */
const tableLength: { readonly [code: number]: (rest: Uint8Array) => number } = {
  0xc4: (rest) => rest.subarray(1, 17).reduce((sum, n) => sum + n, 17),
  0xcc: () => 2,
  0xdb: ([first]) => (first! >> 4 ? 129 : 65),
  [DRI]: () => 2,
};
/** The bits of its first byte that say which of its kind it is: not the precision of a quantisation, nor the only interval's number. */
const slotBits: { readonly [code: number]: number } = { 0xdb: 15, [DRI]: 0 };

function broken(why: string): never {
  throw new Failure("broken", `JPEG: ${why}`);
}

/** A photo has some dozens. Millions of empty ones would take the phone's memory. */
const maxSegments = 50_000;

/**
 * cleanJpeg keeps the tables that a scan uses, frame and scans as they stand, the JFIF and Adobe segments without what may hang on them,
 * and the orientation when it is not upright. Out go every other application segment (EXIF, XMP, IPTC, colour profiles,
 * which can name a device, and lists of further pictures), comments, thumbnails, tables that nothing uses, what segments have behind
 * their fields, what stands between a scan's last block or restart and the next marker, and all that follows the picture's end
 * (films of "motion photos", depth maps). A Failure `broken` for what is not a whole JPEG.
 */
export function cleanJpeg(file: Uint8Array): Cleaned {
  if (file[0] !== 0xff || file[1] !== SOI) broken("no start");
  const body: (Uint8Array | { readonly code: number; readonly tables: readonly Table[] })[] = [];
  const jfif: Uint8Array[] = [];
  let adobe: Uint8Array[] = [];
  const current = new Map<number, Table>();
  const left = { blocks: maxBlocks };
  let frame: Frame | null = null;
  let turned = 1;
  let scans = 0;
  let at = 2;
  for (;;) {
    const marker = markerAt(file, at);
    const { code } = marker;
    at = marker.end;
    if (code === EOI) break;
    const length = at + 2 <= file.length ? (file[at]! << 8) | file[at + 1]! : 0;
    if (length < 2 || at + length > file.length) broken("a segment without an end");
    const segment = file.subarray(at + 2, at + length);
    at += length;
    if (body.length > maxSegments) broken("more segments than a picture has");
    if (code === SOS) {
      const head = segment.subarray(0, 4 + 2 * (segment[0] ?? 0));
      const planes = frame?.components;
      const chosen = [...head.subarray(1, -3)];
      if (!frame || !planes || chosen.length === 0 || head.length < 4 + chosen.length || chosen.some((id, i) => i % 2 === 0 && !planes.has(id))) return broken("a scan of what is not there");
      const use = (of: number) => {
        const found = current.get(of);
        if (found) found.used = true;
        return found;
      };
      for (let i = 0; i < chosen.length; i += 2) {
        const [dc, ac] = [chosen[i + 1]! >> 4, 16 | (chosen[i + 1]! & 15)];
        for (const of of [0xc400 | dc, 0xc400 | ac, 0xcc00 | dc, 0xcc00 | ac, 0xdb00 | planes.get(chosen[i]!)!.quantised]) use(of);
      }
      const restart = use(DRI << 8)?.bytes;
      const end = scanEnd(file, at);
      body.push(whole(SOS, head), walk(file.subarray(at, end), head, frame, (of) => current.get(0xc400 | of), restart ? (restart[0]! << 8) | restart[1]! : 0, left));
      if (left.blocks < 0) broken("more than a picture");
      at = end;
      scans++;
    } else if (frames.has(code)) {
      if (frame) broken("a second picture");
      frame = frameOf(code, segment) ?? broken("a picture of no size");
      body.push(whole(code, segment.subarray(0, 6 + 3 * frame.components.size)));
    } else if (tableLength[code]) {
      const tables: Table[] = [];
      for (let rest = code === DRI ? segment.subarray(0, 2) : segment; rest.length > 0; ) {
        const table: Table = { bytes: rest.subarray(0, tableLength[code](rest)), used: false };
        if (table.bytes.length < tableLength[code](rest)) break;
        const slot = (code << 8) | (rest[0]! & (slotBits[code] ?? 31));
        delete current.get(slot)?.codes;
        current.set(slot, table);
        tables.push(table);
        rest = rest.subarray(table.bytes.length);
      }
      body.push({ code, tables });
    } else if (code === DNL) {
      if (frame?.height === 0 && scans === 1) body.push(whole(DNL, segment.subarray(0, 2)));
    } else if (code === APP0) {
      if (jfif.length === 0 && segment.length >= 14 && ascii(segment.subarray(0, 5)) === "JFIF\0") {
        jfif.push(whole(APP0, concat(segment.subarray(0, 12), Uint8Array.of(0, 0))));
      }
    } else if (code === APP1) {
      if (ascii(segment.subarray(0, 6)) === "Exif\0\0" && turned === 1) turned = orientation(segment.subarray(6));
    } else if (code === APP14) {
      // It says how colours are coded: without it some pictures come out in false ones.
      if (scans === 0 && segment.length >= 12 && ascii(segment.subarray(0, 5)) === "Adobe") adobe = [whole(APP14, segment.subarray(0, 12))];
    } else if (code !== COM && (code < APP0 || code > APP15)) broken("a segment of an unknown kind");
  }
  if (scans === 0) broken("no picture");
  const exif = turned === 1 ? [] : [whole(APP1, concat(new TextEncoder().encode("Exif\0\0"), orientationOnly(turned)))];
  const kept = body.flatMap((b) => {
    if (b instanceof Uint8Array) return [b];
    const used = b.tables.filter((t) => t.used).map((t) => t.bytes);
    return used.length > 0 ? [whole(b.code, concat(...used))] : [];
  });
  const parts = [Uint8Array.of(0xff, SOI), ...jfif, ...exif, ...adobe, ...kept, Uint8Array.of(0xff, EOI)];
  return { parts, removed: !same(concat(...parts), file) };
}

function whole(code: number, segment: Uint8Array): Uint8Array {
  const length = segment.length + 2;
  return concat(Uint8Array.of(0xff, code, length >> 8, length & 255), segment);
}

/** The marker that must stand at a place, after any number of fill bytes. */
function markerAt(file: Uint8Array, at: number): { code: number; end: number } {
  if (file[at] !== 0xff) broken("no marker where one belongs");
  while (file[at] === 0xff) at++;
  const code = file[at];
  if (code === undefined || code < 0xc0 || code === SOI || (code >= 0xd0 && code <= 0xd7)) return broken("a marker out of place");
  return { code, end: at + 1 };
}

/** Where coded picture data ends: at the first marker that is neither a stuffed byte nor a restart. */
function scanEnd(file: Uint8Array, at: number): number {
  for (;;) {
    const next = file.indexOf(0xff, at);
    if (next < 0 || next + 1 >= file.length) return broken("the picture stops half way");
    const code = file[next + 1]!;
    if (code !== 0 && (code < 0xd0 || code > 0xd7)) return next;
    at = next + 2;
  }
}
