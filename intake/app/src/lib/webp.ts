import { concat, same, utf8 } from "./bytes.ts";
import { ascii, orientation, orientationOnly, type Cleaned } from "./exif.ts";
import { Failure } from "./failure.ts";

// Bits of the first byte of VP8X: there is an EXIF block, transparency, frames of an animation.
const [exifFlag, alphaFlag, movingFlag] = [0x08, 0x10, 0x02];
const frameHeader = 16;
const maxChunks = 50_000;

function broken(why: string): never {
  throw new Failure("broken", `WebP: ${why}`);
}

type Chunk = { readonly type: string; readonly data: Uint8Array };

/**
 * cleanWebp keeps the picture, its transparency and the frames of an animation as they stand. Out go EXIF but for an
 * orientation, XMP, colour profiles, unknown chunks, pictures that another hides, what chunks have behind their fields, also inside
 * frames, and what follows the end. What stands inside a coded picture stays, behind its last pixel too. A Failure `broken` for
 * what is no whole WebP.
 */
export function cleanWebp(file: Uint8Array): Cleaned {
  if (file.length < 20 || ascii(file.subarray(0, 4)) !== "RIFF" || ascii(file.subarray(8, 12)) !== "WEBP") broken("no signature");
  const size = new DataView(file.buffer, file.byteOffset).getUint32(4, true);
  if (size + 8 > file.length || size < 12) broken("it stops half way");
  const all = chunks(file.subarray(12, size + 8));
  const exif = find(all, "EXIF") ?? new Uint8Array(0);
  // Some writers put the JPEG's prefix before the block.
  const turned = orientation(ascii(exif.subarray(0, 6)) === "Exif\0\0" ? exif.subarray(6) : exif);
  const parts: Uint8Array[] = [];
  if (all[0]?.type === "VP8X") {
    const header = fields(all[0].data, 10);
    const moving = header[0]! & movingFlag;
    header.set([(header[0]! & (alphaFlag | movingFlag)) | (turned === 1 ? 0 : exifFlag), 0, 0, 0]);
    parts.push(encode("VP8X", header));
    if (moving) {
      parts.push(encode("ANIM", fields(find(all, "ANIM") ?? broken("no animation"), 6)));
      for (const { type, data } of all) {
        if (type !== "ANMF") continue;
        const frame = fields(data, frameHeader);
        frame[15]! &= 3; // how it is blended and left
        parts.push(encode(type, concat(frame, ...still(chunks(data.subarray(frameHeader)), frame.subarray(6)))));
      }
      if (parts.length < 3) broken("no picture");
    } else parts.push(...still(all, header.subarray(4)));
    if (turned !== 1) parts.push(encode("EXIF", orientationOnly(turned)));
  } else parts.push(...still(all, null));
  const body = concat(utf8("WEBP"), ...parts);
  const head = concat(utf8("RIFF"), littleEndian(body.length));
  return { parts: [head, body], removed: !same(concat(head, body), file) };
}

/** The first picture, and its transparency where that is a chunk of its own. `size`: width − 1 and height − 1, 3 bytes each. */
function still(all: readonly Chunk[], size: Uint8Array | null): Uint8Array[] {
  const picture = all.find((c) => c.type === "VP8 " || c.type === "VP8L") ?? broken("no picture");
  const found = picture.type === "VP8 " && size ? find(all.slice(0, all.indexOf(picture)), "ALPH") : undefined;
  const parts = [encode(picture.type, picture.data)];
  if (!found || !size) return parts;
  const side = (at: number) => 1 + size[at]! + (size[at + 1]! << 8) + (size[at + 2]! << 16);
  const alpha = found.slice(0, (found[0] ?? 0) & 3 ? found.length : 1 + side(0) * side(3)); // 0: a byte for each pixel
  alpha[0]! &= 0x3f;
  return [encode("ALPH", alpha), ...parts];
}

/** A copy of a chunk's fields, without what is behind them. */
function fields(data: Uint8Array, length: number): Uint8Array {
  return data.length < length ? broken("a short chunk") : data.slice(0, length);
}

function find(all: readonly Chunk[], type: string): Uint8Array | undefined {
  return all.find((c) => c.type === type)?.data;
}

function chunks(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Chunk[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (at + 8 > bytes.length || found.length > maxChunks) broken("a chunk without an end");
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
