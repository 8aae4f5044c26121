import { ascii } from "./exif.ts";
import { Failure } from "./failure.ts";

// Boxes of ISO base media files (ISO/IEC 14496-12) and QuickTime: length, type, content, which may be boxes again.

/** Box is a box in bytes that hold it whole: `at` where it begins, `body` where its content does, `end` behind it. */
export type Box = { readonly type: string; readonly at: number; readonly body: number; readonly end: number };

const maxBoxes = 20_000;

/** notWhole is the Failure of a file whose boxes don't fit into each other. */
export function notWhole(why: string): never {
  throw new Failure("broken", `media file: ${why}`);
}

/** boxes are the boxes that lie end to end from `at` to `end`. A QuickTime list may end in a zero of four bytes. */
export function boxes(bytes: Uint8Array, at: number, end: number): Box[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: Box[] = [];
  while (at < end) {
    if (end - at === 4 && view.getUint32(at) === 0) break;
    if (end - at < 8 || found.length > maxBoxes) notWhole("a box without an end");
    let length = view.getUint32(at);
    let body = at + 8;
    if (length === 1) {
      if (end - at < 16) notWhole("a box without an end");
      length = Number(view.getBigUint64(at + 8));
      body = at + 16;
    }
    if (length < body - at || length > end - at) notWhole("a box longer than what holds it");
    found.push({ type: ascii(bytes.subarray(at + 4, at + 8)), at, body, end: at + length });
    at += length;
  }
  return found;
}

/** blank turns a box into free space of the same length, so that nothing behind it moves. */
export function blank(bytes: Uint8Array, box: Box): void {
  bytes.set([0x66, 0x72, 0x65, 0x65], box.at + 4); // "free"
  bytes.fill(0, box.body, box.end);
}
