import { blank, boxes, notWhole, type Box } from "./boxes.ts";
import type { Bytes } from "./bytes.ts";
import { ascii } from "./exif.ts";
import { trim } from "./fields.ts";
import { patches, read, type Patch } from "./patch.ts";
import { budget, cleanTrack, type Span, type Track } from "./track.ts";

// A film or a sound in MP4, MOV, M4A or 3GP without anything but its pictures and sounds. It is never decoded, and nothing in
// it moves: what goes is overwritten with zeros, as free space of the same length, so that every place that the file points
// to stays where it was. Of a file of 100 MiB the tables are held, and units beside the pictures that were changed; the rest stays a slice of it.

/** Filmed is a cleaned film: parts to be put end to end. */
export type Filmed = { readonly parts: readonly BlobPart[]; readonly removed: boolean };

const maxTables = 32 << 20;
const maxTop = 4096;
/** What a file says it is, with the names of what it goes with: a few times four letters. */
const maxBrands = 256;
const maxParts = 200_000;
/** Types of boxes that begin a file of this kind. */
const first = new Set(["ftyp", "moov", "mdat", "wide", "free", "skip", "pnot"]);

/** isFilm tells by a file's first bytes whether it is of this kind. */
export function isFilm(head: Uint8Array): boolean {
  return first.has(ascii(head.subarray(4, 8)));
}

/**
 * cleanFilm keeps the tracks of pictures and sounds and the tables that play them. Out go places, dates, names of devices and
 * programs, texts, XMP, thumbnails, every other track (positions, timed metadata, subtitles) and its samples, all
 * bytes of the media data that no kept track plays, what boxes have behind their fields, messages beside the pictures of H.264 and HEVC
 * (settings of encoders, times and places of cameras), and what follows the last box (films behind photos, makers' trailers).
 * What an encoder wrote inside a coded picture or a sound stays. Null for a film that is not looked into: one in fragments, one made
 * of picture files, sound whose places its tables don't tell, and pictures that are not cut as they say; a Failure
 * `broken` for what is no whole film.
 */
export async function cleanFilm(file: Blob): Promise<Filmed | null> {
  const top = await topBoxes(file);
  if (top.some((b) => b.type === "moof" || b.type === "styp")) return null;
  const moovs = top.filter((b) => b.type === "moov");
  if (moovs.length !== 1) notWhole("not one table of contents");
  const moov = moovs[0]!;
  if (moov.end - moov.at > maxTables) notWhole("its tables are too large");
  const before = await read(file, moov.at, moov.end);
  const after = before.slice();
  const tracks = cleanMovie(after);
  if (!tracks) return null;
  const played = spansOf(tracks);
  if (played.length === 0) notWhole("nothing to play");
  for (const s of played) if (!top.some((b) => b.type === "mdat" && s.at >= b.body && s.end <= b.end)) notWhole("it plays what is not in it");
  const patched = await patches(file, tracks);
  if (!patched) return null;

  const last = top.at(-1)!;
  let removed = patched.length > 0 || last.end < file.size || !after.every((x, i) => x === before[i]);
  const parts: BlobPart[] = [];
  for (const b of top) {
    if (b.type === "moov") parts.push(after);
    else if (b.type === "ftyp" && b === top[0] && b.end - b.at <= maxBrands) parts.push(file.slice(b.at, b.end));
    else if (b.type === "mdat") removed = (await keepPlayed(file, b, played, patched, parts)) || removed;
    else {
      const head = await read(file, b.at, b.body);
      const nothing = (b.type === "free" || b.type === "wide" || b.type === "skip") && await isZero(file, b.body, b.end);
      head.set(nothing ? head.subarray(4, 8) : [0x66, 0x72, 0x65, 0x65], 4);
      parts.push(head, ...zeros(b.end - b.body));
      removed ||= !nothing;
    }
    if (parts.length > maxParts) notWhole("too many pieces");
  }
  return { parts, removed };
}

/** The file's outermost boxes. What follows a whole film and is no box is a trailer: it is left off. */
async function topBoxes(file: Blob): Promise<Box[]> {
  const found: Box[] = [];
  for (let at = 0; at < file.size; ) {
    const whole = () => found.some((b) => b.type === "moov") && found.some((b) => b.type === "mdat");
    const head = await read(file, at, Math.min(at + 16, file.size));
    const view = new DataView(head.buffer);
    const type = ascii(head.subarray(4, 8));
    let length = head.length < 8 ? 0 : view.getUint32(0);
    let body = at + 8;
    if (length === 1 && head.length === 16) {
      length = Number(view.getBigUint64(8));
      body = at + 16;
    } else if (length === 0 && type === "mdat") length = file.size - at; // to the file's end
    const fits = length >= body - at && length <= file.size - at && /^[\x20-\x7e\xa9]{4}$/.test(type);
    if (!fits) {
      if (whole()) break;
      notWhole("a box without an end");
    }
    if (found.length > maxTop) notWhole("too many boxes");
    found.push({ type, at, body, end: at + length });
    at += length;
  }
  return found;
}

/** Cleans the table of contents in place. Gives the tracks that are kept; null when what they play can't be told. */
function cleanMovie(bytes: Uint8Array): Track[] | null {
  const whole = boxes(bytes, 0, bytes.length)[0]!;
  const tracks: Track[] = [];
  const left = budget();
  for (const b of boxes(bytes, whole.body, whole.end)) {
    if (b.type === "mvhd") trim(bytes, b);
    else {
      const track = b.type === "trak" ? cleanTrack(bytes, b, left) : null;
      if (track === "unknown") return null;
      if (track) tracks.push(track);
      else blank(bytes, b);
    }
  }
  return tracks;
}

/** What of the file is played, in order and joined. */
function spansOf(tracks: readonly Track[]): Span[] {
  const spans: Span[] = [];
  const join = (list: Span[], s: Span) => {
    const last = list.at(-1);
    if (last && s.at >= last.at && s.at <= last.end) list[list.length - 1] = { at: last.at, end: Math.max(last.end, s.end) };
    else list.push(s);
    return list;
  };
  for (const { samples } of tracks) {
    for (const s of samples()) {
      join(spans, s);
      if (spans.length > maxParts) notWhole("too many pieces");
    }
  }
  return spans.sort((a, b) => a.at - b.at).reduce<Span[]>(join, []);
}

/** Puts the media data with zeros where nothing is played, and with patches. True when the zeros were not all zeros before. */
async function keepPlayed(file: Blob, b: Box, played: readonly Span[], patched: readonly Patch[], parts: BlobPart[]): Promise<boolean> {
  let next = patched.findIndex((p) => p.at >= b.body);
  let removed = false;
  let at = b.body;
  parts.push(file.slice(b.at, b.body));
  const gap = async (end: number) => {
    if (end <= at) return;
    removed ||= !(await isZero(file, at, end));
    parts.push(...zeros(end - at));
    at = end;
  };
  for (const s of played) {
    const [from, to] = [Math.max(s.at, b.body), Math.min(s.end, b.end)];
    if (from >= to) continue;
    await gap(from);
    for (let p = patched[next]; p && p.at < to; p = patched[++next]) {
      if (p.at > at) parts.push(file.slice(at, p.at));
      parts.push(p.bytes);
      at = p.at + p.bytes.length;
    }
    if (at < to) parts.push(file.slice(at, to));
    at = to;
    if (parts.length > maxParts) notWhole("too many pieces");
  }
  await gap(b.end);
  return removed;
}

const step = 1 << 20;

function zeros(length: number): Bytes[] {
  const list: Bytes[] = [];
  const many = new Uint8Array(Math.min(length, step));
  for (; length > 0; length -= step) list.push(length >= step ? many : many.subarray(0, length));
  return list;
}

async function isZero(file: Blob, at: number, end: number): Promise<boolean> {
  for (; at < end; at += step) if ((await read(file, at, Math.min(at + step, end))).some((x) => x !== 0)) return false;
  return true;
}
