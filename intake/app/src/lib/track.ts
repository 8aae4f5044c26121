import { blank, boxes, notWhole, type Box } from "./boxes.ts";
import { ascii } from "./exif.ts";
import { trim } from "./fields.ts";
import { cleanConfig, type Coding } from "./nal.ts";

// One track of a film: what it says of itself, how it is decoded, and where its samples lie.

/** Span is a stretch of the file. */
export type Span = { readonly at: number; readonly end: number };
/** Track is what a track plays: its samples in their order, those of one size chunk by chunk unless `coding` cuts them into units. */
export type Track = { readonly samples: () => Iterable<Span>; readonly coding: Coding | null };

const maxSamples = 1 << 23;

const kept: { readonly [inside: string]: ReadonlySet<string> } = {
  trak: new Set(["tkhd", "edts", "mdia", "tapt"]),
  edts: new Set(["elst"]),
  tapt: new Set(["clef", "prof", "enof"]),
  mdia: new Set(["mdhd", "hdlr", "minf"]),
  minf: new Set(["vmhd", "smhd", "hdlr", "dinf", "stbl"]),
  dinf: new Set(["dref"]),
  stbl: new Set(["stsd", "stts", "ctts", "cslg", "stss", "stps", "stsc", "stsz", "stz2", "stco", "co64", "sdtp", "sbgp", "sgpd"]),
  // Of how a picture or a sound is coded: decoders' settings, colours, shape, channels, rates.
  vide: new Set(["avcC", "hvcC", "lhvC", "vvcC", "av1C", "vpcC", "vpcc", "d263", "esds", "glbl", "colr", "pasp", "clap", "fiel", "gama", "btrt", "dvcC", "dvvC", "mdcv", "clli", "SmDm", "CoLL", "st3d", "chrm"]),
  soun: new Set(["esds", "wave", "chan", "chnl", "alac", "dOps", "dfLa", "dac3", "dec3", "dac4", "damr", "pcmC", "btrt", "samr", "srat"]),
  wave: new Set(["frma", "esds", "enda", "alac", "chan", "mp4a", "samr", "damr", "QDCA", "QDCP", "\0\0\0\0", "ms\0\x02", "ms\0\x11"]),
};

/** Codings whose samples are whole picture files, each with all that a picture file can hide. */
const photographs = new Set(["jpeg", "mjpa", "mjpb", "mjpg", "MJPG", "AVDJ", "AVRn", "dmb1", "png ", "MPNG", "mjp2", "tiff", "gif "]);
/** The same by the object types of an MPEG-4 descriptor: JPEG, PNG, JPEG 2000. */
const photographTypes = new Set([0x6c, 0x6d, 0x6e]);

/** How many samples may still be looked up: the tables of a small file can speak of more than anybody would wait for. */
export type Budget = { samples: number };
export const budget = (): Budget => ({ samples: maxSamples });

/**
 * cleanTrack cleans a track in place and gives what it plays; null for one that is neither pictures nor sound, and
 * one that points out of the file; `unknown` for one whose samples can't be told from here, or are picture files themselves.
 */
export function cleanTrack(bytes: Uint8Array, trak: Box, left: Budget): Track | "unknown" | null {
  const media = one(bytes, trak, "mdia");
  const handler = one(bytes, media, "hdlr");
  const kind = ascii(bytes.subarray(handler.body + 8, handler.body + 12));
  if (kind !== "vide" && kind !== "soun") return null;
  const information = one(bytes, media, "minf");
  const table = one(bytes, information, "stbl");
  const sizes = sizesOf(bytes, boxes(bytes, table.body, table.end));
  sweep(bytes, trak, "trak", sizes.count);
  for (const b of boxes(bytes, trak.body, trak.end)) if (b.type === "edts" || b.type === "tapt") sweep(bytes, b, b.type);
  sweep(bytes, media, "mdia");
  one(bytes, media, "mdhd");
  nameless(bytes, handler);
  sweep(bytes, information, "minf");
  for (const b of boxes(bytes, information.body, information.end)) {
    if (b.type === "hdlr") nameless(bytes, b);
    else if (b.type === "dinf") {
      sweep(bytes, b, "dinf");
      if (!cleanReferences(bytes, one(bytes, b, "dref"))) return null;
    }
  }
  sweep(bytes, table, "stbl", sizes.count);
  const described = cleanDescriptions(bytes, one(bytes, table, "stsd"), kind);
  // Some write 1 where a sample of sound is larger: by the table alone most of the sound would count as unplayed.
  if (!described || (sizes.same > 0 && sizes.same < described.frame)) return "unknown";
  const { coding } = described;
  if ((left.samples -= sizes.same > 0 && !coding ? 0 : sizes.count) < 0) notWhole("too many samples");
  return { coding, samples: samples(bytes, table, left, sizes, coding !== null) };
}

function one(bytes: Uint8Array, inside: Box, type: string): Box {
  const found = boxes(bytes, inside.body, inside.end).filter((b) => b.type === type);
  if (found.length !== 1) notWhole(`not one ${type}`);
  return found[0]!;
}

/** Blanks what is in a box and not known to be needed, and what the rest has behind its fields. */
function sweep(bytes: Uint8Array, inside: Box, as: string, samples = 0): void {
  for (const b of boxes(bytes, inside.body, inside.end)) {
    if (kept[as]!.has(b.type)) trim(bytes, b, samples);
    else blank(bytes, b);
  }
}

/** Zeros where a handler's maker, flags and name stand, behind what kind it is. */
function nameless(bytes: Uint8Array, b: Box): void {
  if (b.end - b.body < 20) notWhole("a short handler");
  if (!/^[md]hlr$/.test(ascii(bytes.subarray(b.body + 4, b.body + 8)))) bytes.fill(0, b.body, b.body + 8);
  bytes.fill(0, b.body + 12, b.end);
}

/** Whether all samples are in this file; what else a reference says, such as a path, is blanked. */
function cleanReferences(bytes: Uint8Array, b: Box): boolean {
  if (b.end - b.body < 8) notWhole("a short list of references");
  const list = boxes(bytes, b.body + 8, b.end);
  for (const r of list) {
    if (r.end - r.body < 4 || (bytes[r.body + 3]! & 1) === 0) return false;
    bytes.fill(0, r.body + 4, r.end);
  }
  return list.length > 0;
}

/** Cleans how a track is coded. Gives the bytes that one moment of uncompressed sound takes, 0 where that is of no use, and how units are cut; null when the samples are photographs, or of several kinds. */
function cleanDescriptions(bytes: Uint8Array, b: Box, kind: "vide" | "soun"): { frame: number; coding: Coding | null } | null {
  let frame = 0;
  let coding: Coding | null | undefined;
  if (b.end - b.body < 8) notWhole("a short list of codings");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const entry of boxes(bytes, b.body + 8, b.end)) {
    let inner = entry.body + (kind === "vide" ? 78 : 28);
    if (inner > entry.end) notWhole("a short coding");
    if (kind === "vide" && (photographs.has(entry.type) || (entry.type === "mp4v" && holdsPhotographs(bytes, inner, entry.end)))) return null;
    bytes.fill(0, entry.body, entry.body + 6); // reserved
    bytes.fill(0, entry.body + 12, entry.body + 16); // the maker of the encoder
    if (kind === "vide") {
      bytes.fill(0, entry.body + 16, entry.body + 24); // how good it was to be
      bytes.fill(0, entry.body + 42, entry.body + 74); // its name
    } else {
      const version = view.getUint16(entry.body + 8);
      inner += version === 1 ? 16 : version === 2 ? 36 : 0;
      if (inner > entry.end) notWhole("a short coding");
      const whole = version === 1 ? view.getUint32(entry.body + 36) : (view.getUint16(entry.body + 16) * view.getUint16(entry.body + 18)) >> 3;
      frame = Math.max(frame, whole);
    }
    sweep(bytes, { ...entry, body: inner }, kind);
    const settings = boxes(bytes, inner, entry.end);
    let mine: Coding | null = null;
    for (const s of settings) {
      if (s.type === "wave") sweep(bytes, s, "wave");
      else if (s.type === "avcC" || s.type === "hvcC" || s.type === "lhvC") {
        const found = cleanConfig(bytes, s, settings.some((d) => d.type === "dvcC" || d.type === "dvvC"));
        mine ??= found;
        if (mine.hevc !== found.hevc || mine.prefix !== found.prefix) return null;
      }
    }
    if (coding !== undefined && (coding?.hevc !== mine?.hevc || coding?.prefix !== mine?.prefix)) return null;
    // Of two settings the timings are not told apart.
    coding = coding && mine ? { ...mine, dolby: mine.dolby || coding.dolby, timing: null } : mine;
  }
  return { frame, coding: coding ?? null };
}

/** Whether an MPEG-4 descriptor (esds) names a coding of still pictures. */
function holdsPhotographs(bytes: Uint8Array, from: number, end: number): boolean {
  for (const b of boxes(bytes, from, end)) {
    if (b.type !== "esds") continue;
    for (let at = b.body; at < b.end; at++) {
      if (bytes[at] !== 4) continue; // the descriptor of a decoder's settings: its length, then the object type
      let type = at + 1;
      while (type < at + 4 && bytes[type]! & 0x80) type++;
      if (photographTypes.has(bytes[type + 1] ?? 0)) return true;
    }
  }
  return false;
}

/** Where the samples lie: the tables stsc, stsz (or stz2) and stco (or co64). */
function samples(bytes: Uint8Array, table: Box, left: Budget, sizes: Sizes, each: boolean): () => Generator<Span> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const all = boxes(bytes, table.body, table.end);
  const list = (types: readonly string[], width: number, head = 8) => {
    const b = all.find((x) => types.includes(x.type)) ?? notWhole(`no ${types[0]!}`);
    const count = b.end - b.body < head ? notWhole("a short table") : view.getUint32(b.body + head - 4);
    if (count > maxSamples || b.body + head + count * width > b.end) notWhole("a table longer than its box");
    return { b, count, at: b.body + head };
  };
  const wide = all.some((x) => x.type === "co64");
  const chunks = list(["stco", "co64"], wide ? 8 : 4);
  const runs = list(["stsc"], 12);
  if ((left.samples -= chunks.count) < 0) notWhole("too many chunks");
  return function* () {
    let [n, run, many] = [0, -1, 0];
    for (let chunk = 1; chunk <= chunks.count; chunk++) {
      while (run + 1 < runs.count && view.getUint32(runs.at + 12 * (run + 1)) <= chunk) many = view.getUint32(runs.at + 12 * ++run + 4);
      let at = wide ? Number(view.getBigUint64(chunks.at + 8 * (chunk - 1))) : view.getUint32(chunks.at + 4 * (chunk - 1));
      const last = Math.min(n + many, sizes.count);
      while (n < last) {
        const taken = sizes.same > 0 && !each ? last - n : 1;
        const length = taken * (sizes.same || sizes.of(n));
        n += taken;
        if (!Number.isSafeInteger(at + length)) notWhole("a place outside of the file");
        if (length > 0) yield { at, end: at + length };
        at += length;
      }
    }
    if (n < sizes.count) notWhole("samples without a place");
  };
}

type Sizes = { readonly count: number; readonly same: number; readonly of: (n: number) => number };

/** The sizes of samples; `same` is the one of all of them, or 0. */
function sizesOf(bytes: Uint8Array, all: readonly Box[]): Sizes {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const b = all.find((x) => x.type === "stsz" || x.type === "stz2") ?? notWhole("no stsz");
  if (b.end - b.body < 12) notWhole("a short table");
  const count = view.getUint32(b.body + 8);
  const at = b.body + 12;
  const same = b.type === "stsz" ? view.getUint32(b.body + 4) : 0;
  const bits = b.type === "stsz" ? 32 : view.getUint8(b.body + 7);
  if (count > maxSamples || ![4, 8, 16, 32].includes(bits) || (same === 0 && at + Math.ceil((count * bits) / 8) > b.end)) notWhole("a table longer than its box");
  const of = bits === 32 ? (n: number) => view.getUint32(at + 4 * n)
    : bits === 16 ? (n: number) => view.getUint16(at + 2 * n)
    : bits === 8 ? (n: number) => view.getUint8(at + n)
    : (n: number) => (view.getUint8(at + (n >> 1)) >> (n % 2 === 0 ? 4 : 0)) & 15;
  return { count, same, of };
}
