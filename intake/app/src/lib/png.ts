import { concat, u32, utf8 } from "./bytes.ts";
import { ascii, orientation, orientationOnly, type Cleaned } from "./exif.ts";
import { Failure } from "./failure.ts";

const signature = "\x89PNG\r\n\x1a\n";
// The picture, its palette and transparency, how its numbers become colours, and the frames of an animation.
const kept = new Set(["IHDR", "PLTE", "IDAT", "IEND", "tRNS", "gAMA", "cHRM", "sRGB", "sBIT", "bKGD", "cICP", "mDCV", "cLLI", "acTL", "fcTL", "fdAT"]);

/** Those that may stand more than once. */
const many = new Set(["IDAT", "fcTL", "fdAT"]);

/** How long a chunk may be at most, where the standard says so: behind its end a reader would not look. */
const longest: { readonly [type: string]: number } = { IHDR: 13, IEND: 0, tRNS: 256, gAMA: 4, cHRM: 32, sRGB: 1, sBIT: 4, bKGD: 6, cICP: 4, mDCV: 24, cLLI: 8, acTL: 8, fcTL: 26, PLTE: 768 };

function broken(why: string): never {
  throw new Failure("broken", `PNG: ${why}`);
}

/** Encoders cut a picture into some thousands at most. Millions of empty ones would take the phone's memory. */
const maxChunks = 50_000;

/**
 * cleanPng keeps the chunks that make the picture as they stand. Out go texts, times, EXIF but for an orientation, colour
 * profiles (they can name a screen), unknown chunks, second ones of a kind, and what follows the end. A Failure `broken` for what is no whole PNG.
 */
export function cleanPng(file: Uint8Array): Cleaned {
  if (ascii(file.subarray(0, 8)) !== signature) broken("no signature");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const parts: Uint8Array[] = [file.subarray(0, 8)];
  let removed = false;
  let pictured = false;
  const seen = new Set<string>();
  for (let at = 8, first = true; ; first = false) {
    if (at + 12 > file.length) broken("it stops half way");
    if (parts.length > maxChunks) broken("more chunks than a picture has");
    const length = view.getUint32(at);
    const type = ascii(file.subarray(at + 4, at + 8));
    const end = at + 12 + length;
    if (end > file.length || first !== (type === "IHDR")) broken("a chunk out of place");
    const chunk = file.subarray(at, end);
    if (type === "IDAT") pictured = true;
    const fits = length <= (longest[type] ?? length) && !(seen.has(type) && !many.has(type)) && (seen.has("acTL") || (type !== "fcTL" && type !== "fdAT"));
    if (fits) seen.add(type);
    if (type === "IEND" && !fits) {
      parts.push(newChunk(type, new Uint8Array()));
      removed = true;
    } else if (kept.has(type) && fits) parts.push(chunk);
    // A critical chunk, capital letter first, is one that a picture can't be read without.
    else if (/^[A-Z]/.test(type)) broken("a critical chunk of an unknown kind");
    else {
      const turned = type === "eXIf" ? orientation(chunk.subarray(8, 8 + length)) : 1;
      const only = turned === 1 ? null : newChunk("eXIf", orientationOnly(turned));
      if (only) parts.push(only);
      removed ||= only?.length !== chunk.length || !only.every((x, i) => x === chunk[i]);
    }
    at = end;
    if (type !== "IEND") continue;
    if (!pictured) broken("no picture");
    return { parts, removed: removed || at !== file.length };
  }
}

function newChunk(type: string, data: Uint8Array): Uint8Array {
  const named = concat(utf8(type), data);
  return concat(u32(data.length), named, u32(crc32(named)));
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const b of bytes) {
    crc ^= b;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
