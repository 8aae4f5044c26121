import { blank, boxes, notWhole, type Box } from "./boxes.ts";
import { ascii } from "./exif.ts";

// One track of a film: what it says of itself, how it is decoded, and where its samples lie.

/** Span is a stretch of the file. */
export type Span = { readonly at: number; readonly end: number };

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
  vide: new Set(["avcC", "hvcC", "lhvC", "vvcC", "av1C", "vpcC", "vpcc", "d263", "esds", "glbl", "colr", "pasp", "clap", "fiel", "gama", "btrt", "dvcC", "dvvC", "mdcv", "clli", "SmDm", "CoLL", "jp2h", "st3d", "chrm"]),
  soun: new Set(["esds", "wave", "chan", "chnl", "alac", "dOps", "dfLa", "dac3", "dec3", "dac4", "damr", "pcmC", "btrt", "samr", "srat"]),
};

/** Codings whose samples are whole picture files, each with all that a picture file can hide. */
const photographs = new Set(["jpeg", "mjpa", "mjpb", "mjpg", "MJPG", "AVDJ", "AVRn", "dmb1", "png ", "MPNG", "mjp2", "tiff", "gif "]);
/** The same by the object types of an MPEG-4 descriptor: JPEG, PNG, JPEG 2000. */
const photographTypes = new Set([0x6c, 0x6d, 0x6e]);

/** How many samples may still be looked up: the tables of a small file can speak of more than anybody would wait for. */
export type Budget = { samples: number };
export const budget = (): Budget => ({ samples: maxSamples });

/**
 * cleanTrack cleans a track in place and gives where its samples lie; null for one that is neither pictures nor sound, and
 * one that points out of the file; `unknown` for one whose samples can't be told from here, or are picture files themselves.
 */
export function cleanTrack(bytes: Uint8Array, trak: Box, left: Budget): Span[] | "unknown" | null {
  const media = one(bytes, trak, "mdia");
  const handler = one(bytes, media, "hdlr");
  const kind = ascii(bytes.subarray(handler.body + 8, handler.body + 12));
  if (kind !== "vide" && kind !== "soun") return null;
  sweep(bytes, trak, "trak");
  for (const b of boxes(bytes, trak.body, trak.end)) {
    if (b.type === "tkhd") zeroTimes(bytes, b);
    else if (b.type === "edts" || b.type === "tapt") sweep(bytes, b, b.type);
  }
  sweep(bytes, media, "mdia");
  const header = one(bytes, media, "mdhd");
  zeroTimes(bytes, header);
  const language = header.body + (bytes[header.body] === 1 ? 32 : 20);
  if (language + 2 > header.end) notWhole("a short header");
  bytes.set([0x55, 0xc4], language); // undetermined
  nameless(bytes, handler);
  const information = one(bytes, media, "minf");
  sweep(bytes, information, "minf");
  for (const b of boxes(bytes, information.body, information.end)) {
    if (b.type === "hdlr") nameless(bytes, b);
    else if (b.type === "dinf") {
      sweep(bytes, b, "dinf");
      if (!cleanReferences(bytes, one(bytes, b, "dref"))) return null;
    }
  }
  const table = one(bytes, information, "stbl");
  sweep(bytes, table, "stbl");
  const frame = cleanDescriptions(bytes, one(bytes, table, "stsd"), kind);
  return frame === null ? "unknown" : samples(bytes, table, left, frame);
}

/** zeroTimes sets when a film, a track or its media was made and changed to never. */
export function zeroTimes(bytes: Uint8Array, b: Box): void {
  const wide = bytes[b.body] === 1;
  if (b.end - b.body < (wide ? 20 : 12)) notWhole("a short header");
  bytes.fill(0, b.body + 4, b.body + (wide ? 20 : 12));
}

function one(bytes: Uint8Array, inside: Box, type: string): Box {
  const found = boxes(bytes, inside.body, inside.end).filter((b) => b.type === type);
  if (found.length !== 1) notWhole(`not one ${type}`);
  return found[0]!;
}

/** Blanks what is in a box and not known to be needed. */
function sweep(bytes: Uint8Array, inside: Box, as: string): void {
  for (const b of boxes(bytes, inside.body, inside.end)) if (!kept[as]!.has(b.type)) blank(bytes, b);
}

/** Zeros where a handler's maker, flags and name stand, behind what kind it is. */
function nameless(bytes: Uint8Array, b: Box): void {
  if (b.end - b.body < 20) notWhole("a short handler");
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

/** Cleans how a track is coded. Gives the bytes that one moment of uncompressed sound takes, 0 where that is of no use; null when the samples are photographs. */
function cleanDescriptions(bytes: Uint8Array, b: Box, kind: "vide" | "soun"): number | null {
  let frame = 0;
  if (b.end - b.body < 8) notWhole("a short list of codings");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const entry of boxes(bytes, b.body + 8, b.end)) {
    let inner = entry.body + (kind === "vide" ? 78 : 28);
    if (inner > entry.end) notWhole("a short coding");
    if (kind === "vide" && (photographs.has(entry.type) || (entry.type === "mp4v" && holdsPhotographs(bytes, inner, entry.end)))) return null;
    bytes.fill(0, entry.body + 12, entry.body + 16); // the maker of the encoder
    if (kind === "vide") bytes.fill(0, entry.body + 42, entry.body + 74); // its name
    else {
      const version = view.getUint16(entry.body + 8);
      inner += version === 1 ? 16 : version === 2 ? 36 : 0;
      if (inner > entry.end) notWhole("a short coding");
      const whole = version === 1 ? view.getUint32(entry.body + 36) : (view.getUint16(entry.body + 16) * view.getUint16(entry.body + 18)) >> 3;
      frame = Math.max(frame, whole);
    }
    if (inner < entry.end) sweep(bytes, { ...entry, body: inner }, kind);
  }
  return frame;
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

/** Where the samples lie, chunk by chunk: the tables stsc, stsz (or stz2) and stco (or co64). */
function samples(bytes: Uint8Array, table: Box, left: Budget, frame: number): Span[] | "unknown" {
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
  const sizes = sizesOf(view, all);
  // Some write 1 where a sample of sound is larger: by the table alone most of the sound would count as unplayed.
  if (sizes.same > 0 && sizes.same < frame) return "unknown";
  if ((left.samples -= sizes.same > 0 ? 0 : sizes.count) < 0) notWhole("too many samples");
  if ((left.samples -= chunks.count) < 0) notWhole("too many chunks");
  const spans: Span[] = [];
  let n = 0;
  let run = -1;
  let each = 0;
  for (let chunk = 1; chunk <= chunks.count; chunk++) {
    while (run + 1 < runs.count && view.getUint32(runs.at + 12 * (run + 1)) <= chunk) each = view.getUint32(runs.at + 12 * ++run + 4);
    const from = wide ? Number(view.getBigUint64(chunks.at + 8 * (chunk - 1))) : view.getUint32(chunks.at + 4 * (chunk - 1));
    let length = 0;
    if (sizes.same > 0) {
      const taken = Math.min(each, sizes.count - n);
      length = taken * sizes.same;
      n += taken;
    } else for (let i = 0; i < each && n < sizes.count; i++) length += sizes.of(n++);
    if (!Number.isSafeInteger(from + length)) notWhole("a place outside of the file");
    if (length > 0) spans.push({ at: from, end: from + length });
  }
  if (n < sizes.count) notWhole("samples without a place");
  return spans;
}

/** The sizes of samples; `same` is the one of all of them, or 0. */
function sizesOf(view: DataView, all: readonly Box[]): { count: number; same: number; of: (n: number) => number } {
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
