import { concat, same, utf8 } from "./bytes.ts";
import { ascii, orientation, orientationOnly, type Cleaned } from "./exif.ts";
import { Failure } from "./failure.ts";

const kept = new Set(["VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF"]);
const keptInFrame = new Set(["VP8 ", "VP8L", "ALPH"]);
// Bits of the first byte of VP8X.
const [iccFlag, exifFlag, xmpFlag] = [0x20, 0x08, 0x04];
const frameHeader = 16;

function broken(why: string): never {
  throw new Failure("broken", `WebP: ${why}`);
}

type Chunk = { readonly type: string; readonly data: Uint8Array };

/**
 * cleanWebp keeps the picture, its transparency and the frames of an animation as they stand. Out go EXIF but for an
 * orientation, XMP, colour profiles, unknown chunks, also inside frames, and what follows the end. A Failure `broken` for
 * what is no whole WebP.
 */
export function cleanWebp(file: Uint8Array): Cleaned {
  if (file.length < 20 || ascii(file.subarray(0, 4)) !== "RIFF" || ascii(file.subarray(8, 12)) !== "WEBP") broken("no signature");
  const size = new DataView(file.buffer, file.byteOffset).getUint32(4, true);
  if (size + 8 > file.length || size < 12) broken("it stops half way");
  const all = chunks(file.subarray(12, size + 8));
  const exif = all.find((c) => c.type === "EXIF")?.data ?? new Uint8Array(0);
  // Some writers put the JPEG's prefix before the block.
  const turned = orientation(ascii(exif.subarray(0, 6)) === "Exif\0\0" ? exif.subarray(6) : exif);
  const extended = all[0]?.type === "VP8X";
  const parts = all.filter((c) => kept.has(c.type)).map((c) => encode(c.type, cleanData(c, turned)));
  if (!all.some((c) => c.type === "VP8 " || c.type === "VP8L" || c.type === "ANMF")) broken("no picture");
  if (turned !== 1 && extended) parts.push(encode("EXIF", orientationOnly(turned)));
  const body = concat(utf8("WEBP"), ...parts);
  const head = concat(utf8("RIFF"), littleEndian(body.length));
  return { parts: [head, body], removed: !same(concat(head, body), file) };
}

function cleanData({ type, data }: Chunk, turned: number): Uint8Array {
  if (type === "VP8X") {
    if (data.length < 10) broken("a short header");
    const flags = data[0]! & ~(iccFlag | exifFlag | xmpFlag);
    return concat(Uint8Array.of(flags | (turned === 1 ? 0 : exifFlag)), data.subarray(1));
  }
  if (type === "ANMF") {
    if (data.length < frameHeader) broken("a short frame");
    const inside = chunks(data.subarray(frameHeader)).filter((c) => keptInFrame.has(c.type));
    return concat(data.subarray(0, frameHeader), ...inside.map((c) => encode(c.type, c.data)));
  }
  return data;
}

function chunks(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Chunk[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 8 > bytes.length) broken("a chunk without an end");
    const length = view.getUint32(at + 4, true);
    if (at + 8 + length > bytes.length) broken("a chunk without an end");
    found.push({ type: ascii(bytes.subarray(at, at + 4)), data: bytes.subarray(at + 8, at + 8 + length) });
    at += 8 + length + (length & 1);
  }
  return found;
}

function encode(type: string, data: Uint8Array): Uint8Array {
  return concat(utf8(type), littleEndian(data.length), data, new Uint8Array(data.length & 1));
}

function littleEndian(n: number): Uint8Array {
  const b = new Uint8Array(4);
  new DataView(b.buffer).setUint32(0, n, true);
  return b;
}
