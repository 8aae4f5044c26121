import { concat, same } from "./bytes.ts";
import { ascii, orientation, orientationOnly, type Cleaned } from "./exif.ts";
import { Failure } from "./failure.ts";

// A JPEG without anything but its picture, byte by byte. The picture is never decoded: re-encoding would change
// evidence, and some browsers return noise from a canvas to protect against being recognised.

const [SOI, EOI, SOS, COM] = [0xd8, 0xd9, 0xda, 0xfe];
const [APP0, APP1, APP14, APP15] = [0xe0, 0xe1, 0xee, 0xef];
// Frames, Huffman and arithmetic tables, quantisation, restart interval, number of lines, hierarchical and expand.
const pictorial = new Set([0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7, 0xc9, 0xca, 0xcb, 0xcc, 0xcd, 0xce, 0xcf, 0xdb, 0xdc, 0xdd, 0xde, 0xdf]);

function broken(why: string): never {
  throw new Failure("broken", `JPEG: ${why}`);
}

/**
 * cleanJpeg keeps tables, frames and scans as they stand, the JFIF and Adobe segments without what may hang on them,
 * and the orientation when it is not upright. Out go every other application segment (EXIF, XMP, IPTC, colour profiles,
 * which can name a device, and lists of further pictures), comments, thumbnails, and all that follows the picture's end
 * (films of "motion photos", depth maps). A Failure `broken` for what is not a whole JPEG.
 */
export function cleanJpeg(file: Uint8Array): Cleaned {
  if (file[0] !== 0xff || file[1] !== SOI) broken("no start");
  const body: Uint8Array[] = [];
  const jfif: Uint8Array[] = [];
  let turned = 1;
  let scans = 0;
  let at = 2;
  for (;;) {
    const marker = markerAt(file, at);
    at = marker.end;
    if (marker.code === EOI) break;
    const length = at + 2 <= file.length ? (file[at]! << 8) | file[at + 1]! : 0;
    if (length < 2 || at + length > file.length) broken("a segment without an end");
    const segment = file.subarray(at + 2, at + length);
    at += length;
    if (marker.code === SOS) {
      const end = scanEnd(file, at);
      body.push(whole(SOS, segment), file.subarray(at, end));
      at = end;
      scans++;
    } else if (pictorial.has(marker.code)) body.push(whole(marker.code, segment));
    else if (marker.code === APP0) {
      if (jfif.length === 0 && segment.length >= 14 && ascii(segment.subarray(0, 5)) === "JFIF\0") {
        jfif.push(whole(APP0, concat(segment.subarray(0, 12), Uint8Array.of(0, 0))));
      }
    } else if (marker.code === APP1) {
      if (ascii(segment.subarray(0, 6)) === "Exif\0\0" && turned === 1) turned = orientation(segment.subarray(6));
    } else if (marker.code === APP14) {
      // It says how colours are coded: without it some pictures come out in false ones.
      if (segment.length >= 12 && ascii(segment.subarray(0, 5)) === "Adobe") body.push(whole(APP14, segment.subarray(0, 12)));
    } else if (marker.code !== COM && (marker.code < APP0 || marker.code > APP15)) broken("a segment of an unknown kind");
  }
  if (scans === 0) broken("no picture");
  const exif = turned === 1 ? [] : [whole(APP1, concat(new TextEncoder().encode("Exif\0\0"), orientationOnly(turned)))];
  const parts = [Uint8Array.of(0xff, SOI), ...jfif, ...exif, ...body, Uint8Array.of(0xff, EOI)];
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
