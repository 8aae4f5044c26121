import { concat, u32, utf8 } from "../src/lib/bytes.ts";

// Hides words where no decoder looks: behind the fields of boxes, segments and chunks, between coded blocks, and in the messages
// that stand beside the pictures of H.264 and HEVC.

const words = utf8("Quincebrook Sparrowmark");
const latin1 = (b: Uint8Array) => Buffer.from(b).toString("latin1");

/** hideInJpeg puts words before every marker that ends coded data, and into a table that nothing uses. */
export function hideInJpeg(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const parts = [file.subarray(0, 2), Uint8Array.of(0xff, 0xdb, 0, 67, 3), concat(words, new Uint8Array(64 - words.length).fill(1))];
  let at = 2;
  while (file[at + 1] !== 0xd9) {
    const length = 2 + (file[at + 2]! << 8) + file[at + 3]!;
    const scan = file[at + 1] === 0xda;
    parts.push(file.subarray(at, (at += length)));
    for (let from = at; scan; at++) {
      if (file[at] !== 0xff || file[at + 1] === 0) continue;
      parts.push(file.subarray(from, at), words);
      from = at;
      if (file[at + 1]! < 0xd0 || file[at + 1]! > 0xd7) break;
    }
  }
  return concat(...parts, file.subarray(at));
}

/** hideInWebp puts words behind the fields of the header, and a second picture behind the first. */
export function hideInWebp(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const chunk = (type: string, data: Uint8Array) => concat(utf8(type), u32(data.length).reverse(), data, new Uint8Array(data.length & 1));
  const body = concat(utf8("WEBP"), chunk("VP8X", concat(file.subarray(20, 30), words)), file.subarray(30), chunk("VP8L", words), chunk("ALPH", words));
  return concat(utf8("RIFF"), u32(body.length).reverse(), body, words);
}

const containers: { readonly [type: string]: number } = { moov: 0, trak: 0, edts: 0, tapt: 0, mdia: 0, minf: 0, dinf: 0, stbl: 0, wave: 0, stsd: 8, dref: 8, avc1: 78, hvc1: 78, hev1: 78, mp4v: 78, vp09: 78, apcn: 78, s263: 78, mp4a: 28, fLaC: 28, Opus: 28, alac: 28, sowt: 28, in24: 28, "raw ": 28, ima4: 28 };

/** hideInFilm puts words behind the fields of every box of a film whose table of contents comes last. */
export function hideInFilm(file: Uint8Array): Uint8Array<ArrayBuffer> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const box = (type: string, body: Uint8Array) => concat(u32(8 + body.length), Buffer.from(type, "latin1"), body);
  const grown = (at: number, end: number, inside: string): Uint8Array[] => {
    const parts: Uint8Array[] = [];
    while (at + 8 <= end) {
      const size = view.getUint32(at);
      const type = latin1(file.subarray(at + 4, at + 8));
      let head: number | undefined = inside === "wave" ? undefined : containers[type];
      if (head === 28) head += [0, 16, 36][view.getUint16(at + 16)]!;
      if (type === "meta" || type === "udta" || type === "free" || (inside === "wave" && size === 8)) parts.push(file.subarray(at, at + size));
      else if (head === undefined) parts.push(box(type, concat(file.subarray(at + 8, at + size), words)));
      else parts.push(box(type, concat(file.subarray(at + 8, at + 8 + head), ...grown(at + 8 + head, at + size, type))));
      at += size;
    }
    return [...parts, file.subarray(at, end)];
  };
  const at = latin1(file).lastIndexOf("moov") - 4;
  return concat(file.subarray(0, at), ...grown(at, at + view.getUint32(at), ""), file.subarray(at + view.getUint32(at)));
}

/** escaped puts a 3 behind two zeros wherever a unit needs it. */
export function escaped(unit: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (const x of unit) {
    if (x <= 3 && out.at(-1) === 0 && out.at(-2) === 0) out.push(3);
    out.push(x);
  }
  return Uint8Array.from(out);
}

/** message is a message of supplemental information. */
export function message(type: number, payload: Uint8Array): Uint8Array {
  const number = (n: number) => Uint8Array.from([...Array<number>(Math.floor(n / 255)).fill(255), n % 255]);
  return concat(number(type), number(payload.length), payload);
}

/** bitsOf packs numbers of so many bits, then a one, then zeros. */
export function bitsOf(...fields: readonly (readonly [number, number])[]): Uint8Array {
  const bits = fields.map(([n, length]) => n.toString(2).padStart(length, "0")).join("") + "1";
  return Uint8Array.from(bits.padEnd(Math.ceil(bits.length / 8) * 8, "0").match(/.{8}/g)!, (b) => parseInt(b, 2));
}

// Zeros in all neighbourhoods, so that escapes stand inside, at both ends and in a row.
const told = concat(utf8("0123456789abcdef"), words, Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0, 2, 7, 0, 0, 3), words, Uint8Array.of(0, 0, 0));
const long = concat(utf8("0123456789abcdef"), new Uint8Array(300), words, new Uint8Array(210).fill(7), words);
const stop = Uint8Array.of(0x80);
// Ten o'clock, five minutes, six seconds: kind of picture, one clock with all its fields, an offset of 24 bits.
const clock = bitsOf([0, 4], [1, 1], [0, 2], [0, 1], [0, 5], [1, 1], [0, 1], [0, 1], [3, 8], [6, 6], [5, 6], [10, 5], [77, 24]);
// One clock of HEVC.
const code = bitsOf([1, 2], [1, 1], [0, 1], [0, 5], [1, 1], [0, 1], [0, 1], [3, 9], [6, 6], [5, 6], [10, 5], [0, 5]);
const brightness = concat(new Uint8Array(23), Uint8Array.of(5));
const captions = concat(Uint8Array.of(0xb5, 0, 0x31), utf8("GA94"), Uint8Array.of(3, 0x40 | 10, 0xff), ...Array.from({ length: 10 }, (_, i) => Uint8Array.of(0xfc, words[2 * i]!, words[2 * i + 1]!)), Uint8Array.of(0xff));

/** hideInStream puts units and messages before and behind each picture of a raw stream, that has one slice for each. */
export function hideInStream(file: Uint8Array, hevc: boolean): Uint8Array<ArrayBuffer> {
  const begin = Uint8Array.of(0, 0, 0, 1);
  const header = (type: number) => (hevc ? Uint8Array.of(type << 1, 1) : Uint8Array.of(type));
  const unit = (type: number, ...parts: Uint8Array[]) => concat(begin, escaped(concat(header(type), ...parts)));
  const messages = [message(5, told), message(137, brightness), message(4, captions), message(300, words), message(6, hevc ? Uint8Array.of(0xd0) : Uint8Array.of(0xc4)), message(5, long), message(144, Uint8Array.of(0, 0, 0, 0)), message(5, told)];
  const parts: Uint8Array[] = [];
  for (const one of latin1(file).split(/\0?\0\0\x01/).slice(1)) {
    const bytes = Buffer.from(one, "latin1");
    const type = hevc ? (bytes[0]! >> 1) & 63 : bytes[0]! & 31;
    const picture = hevc ? type < 32 : type === 1 || type === 5;
    if (!hevc && type === 6 && bytes[1] === 1) continue; // a clock takes its place
    if (picture) {
      parts.push(unit(hevc ? 39 : 6, ...messages, stop), unit(hevc ? 39 : 6, hevc ? message(136, code) : message(1, clock), stop));
      if (!hevc) parts.push(unit(30, words, stop));
    }
    parts.push(begin, bytes);
    if (picture && hevc) parts.push(unit(40, message(5, told), stop), unit(50, words, stop), unit(38, words, stop));
  }
  return concat(...parts);
}
