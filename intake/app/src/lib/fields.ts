import { blank, notWhole, type Box } from "./boxes.ts";
import { ascii } from "./exif.ts";

// Where the fields of a film's boxes end. A box may be longer than its fields: no player looks there, but anything can stand there.

/** Bytes of a box's fields, for version 0 and for version 1 where they differ. */
const lengths: { readonly [type: string]: readonly number[] } = {
  mvhd: [100, 112], tkhd: [84, 96], mdhd: [24, 36], vmhd: [12], smhd: [8], cslg: [24, 44], clef: [12], prof: [12], enof: [12], pasp: [8], clap: [32], fiel: [2], gama: [4],
  chrm: [2], btrt: [12], mdcv: [24], clli: [4], SmDm: [28], CoLL: [8], dvcC: [24], dvvC: [24], st3d: [5], d263: [7], damr: [9], dac3: [3], pcmC: [6], srat: [8], frma: [4], enda: [2], mp4a: [4], "\0\0\0\0": [0],
};
/** Tables: where the number of rows stands, then the bytes of a row, for version 0 and 1. */
const tables: { readonly [type: string]: readonly [number, ...number[]] } = {
  elst: [4, 12, 20], stts: [4, 8], ctts: [4, 8], stss: [4, 4], stps: [4, 4], stsc: [4, 12], stco: [4, 4], co64: [4, 8], chan: [12, 20],
};
/** Fields that mean nothing any more, by their distance from the end: reserved ones, what QuickTime once previewed, a quality. */
const idle: { readonly [type: string]: readonly (readonly [number, number])[] } = { mvhd: [[74, 64], [28, 4]], tkhd: [[60, 52], [46, 44]], mdhd: [[2, 0]] };
/** Groups of samples that tell where a player may begin. */
const groups = new Set(["roll", "prol", "rap ", "sync"]);
const maxGroups = 64;

/**
 * trim zeros what a box has behind its last field, the fields that mean nothing, and when a film, a track or its media was made.
 * `samples`: how many the track has. A box that is not looked into here stays; groups and colour profiles that are not needed are blanked.
 */
export function trim(bytes: Uint8Array, b: Box, samples = 0): void {
  const { type } = b;
  const size = b.end - b.body;
  const view = new DataView(bytes.buffer, bytes.byteOffset + b.body, size);
  const number = (at: number) => (at + 4 > size ? notWhole("a short table") : view.getUint32(at));
  const name = (at: number) => ascii(bytes.subarray(b.body + at, Math.min(b.body + at + 4, b.end)));
  const zero = (from: number, to: number) => from < to && bytes.fill(0, b.body + from, Math.min(b.body + to, b.end));
  const late = size > 0 && bytes[b.body] === 1;
  const of = (list: readonly number[]) => list[late ? list.length - 1 : 0]!;

  let end = size;
  const [counted, ...rows] = tables[type] ?? [];
  if (lengths[type]) end = of(lengths[type]);
  else if (counted !== undefined) end = counted + 4 + number(counted) * of(rows);
  else if (type === "stsz") end = 12 + (number(4) > 0 ? 0 : 4 * number(8));
  else if (type === "stz2") end = 12 + Math.ceil((number(8) * (number(4) & 255)) / 8);
  else if (type === "sdtp") end = 4 + samples;
  else if (type === "vpcC") end = late ? 12 + (number(8) & 0xffff) : 10 + (number(6) & 0xffff);
  else if (type === "dOps") end = number(7) & 255 ? 13 + bytes[b.body + 1]! : 11;
  else if (type === "alac") end = name(32) === "chan" ? 52 : 28;
  else if (type === "colr") end = name(0) === "nclc" ? 10 : name(0) === "nclx" ? 11 : -1;
  else if (type === "sbgp") end = groups.has(name(4)) ? (late ? 16 + 8 * number(12) : 12 + 8 * number(8)) : -1;
  else if (type === "sgpd") end = groups.has(name(4)) && late && number(8) * number(12) <= maxGroups && number(8) > 0 ? 16 + number(8) * number(12) : -1;
  else if (type === "dfLa") end = cleanFlac(bytes, b);
  else if (type === "esds") end = cleanDescriptor(bytes, b);
  if (end < 0) return blank(bytes, b);
  zero(end, size);
  if (type === "d263" || type === "damr") zero(0, 5); // the maker of the encoder, and its version
  if (!idle[type]) return;
  if (size < end) notWhole("a short header");
  zero(4, late ? 20 : 12);
  for (const [from, to] of idle[type]) zero(end - from, end - to);
  if (type === "tkhd") zero(late ? 24 : 16, late ? 28 : 20);
  else if (type === "mdhd") bytes.set([0x55, 0xc4], b.body + end - 4); // of an undetermined language
}

/** Makes what is not needed to decode FLAC, such as comments and pictures, padding. Gives where the last block ends. */
function cleanFlac(bytes: Uint8Array, b: Box): number {
  for (let at = b.body + 4; at + 4 <= b.end; ) {
    const [first, high, middle, low] = bytes.subarray(at, at + 4) as unknown as [number, number, number, number];
    const end = at + 4 + (high << 16) + (middle << 8) + low;
    if (first & 0x7f) {
      bytes[at] = (first & 0x80) | 1;
      bytes.fill(0, at + 4, Math.min(end, b.end));
    }
    at = end;
    if (first & 0x80) return at - b.body;
  }
  return b.end - b.body;
}

/** Gives where the decoder's settings end in an MPEG-4 descriptor, with the little that must follow; an address in it is zeroed. */
function cleanDescriptor(bytes: Uint8Array, b: Box): number {
  const descriptor = (at: number) => {
    let [body, length, more] = [at + 1, 0, true];
    while (more && body < at + 5) {
      length = (length << 7) | (bytes[body]! & 0x7f);
      more = (bytes[body++]! & 0x80) !== 0;
    }
    return { tag: bytes[at], body, end: Math.min(body + length, b.end) };
  };
  let d = descriptor(b.body + 4);
  if (d.tag === 3) {
    const flags = bytes[d.body + 2]!;
    let at = d.body + 3 + (flags & 0x80 ? 2 : 0);
    if (flags & 0x40) {
      const length = bytes[at++]!;
      bytes.fill(0, at, Math.min(at + length, b.end));
      at += length;
    }
    d = descriptor(at + (flags & 0x20 ? 2 : 0));
  }
  if (d.tag !== 4 || d.body + 13 > d.end) return b.end - b.body;
  const settings = descriptor(d.body + 13);
  if (d.body + 13 < d.end) bytes.fill(0, settings.tag === 5 ? settings.end : d.body + 13, d.end);
  const layer = descriptor(d.end);
  return (d.end < b.end && layer.tag === 6 ? layer.end : d.end) - b.body;
}
