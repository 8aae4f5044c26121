import { notWhole, type Box } from "./boxes.ts";

// What H.264 and HEVC carry beside the coded pictures: units and messages in which encoders write their settings, and cameras
// times and places. Nothing may move, so what goes becomes filler of the same length.

/** Coding is how a track's samples are cut into units: bytes of the length before each one, and what of its messages is known. */
export type Coding = { readonly hevc: boolean; readonly prefix: number; readonly dolby: boolean; timing?: Timing | null };
/** Timing is what picture timing messages hold: bits before the kind of picture, and whether kind and clock follow. */
type Timing = { readonly delays: number; readonly clock: boolean };

/** The longest that a message may be that decoding or showing needs; all others go. By type: ITU-T H.264 and H.265, annexes D. */
const needed: { readonly [type: number]: number } = {
  0: 256, 1: 64, 6: 8, 19: 1024, 45: 16, 47: 16, // buffering, timing, where to begin, film grain, two eyes, which way up
  128: 64, 129: 64, 130: 64, 131: 2, 132: 49, 165: 8, // of HEVC: structure, parameter sets, decoding units, layers, checksums, transparency
  137: 24, 144: 4, 147: 1, // how bright it was mastered, and how light is coded
};
/** Units that make the picture: slices and parameter sets. And marks of where a picture or a film begins or ends. */
const pictures = { avc: new Set([1, 2, 3, 4, 5, 7, 8, 13, 14, 15, 19, 20, 21]), hevc: new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 18, 19, 20, 21, 32, 33, 34]) };
const marks = { avc: new Set([9, 10, 11]), hevc: new Set([35, 36, 37]) };

const typeOf = (first: number, hevc: boolean) => (hevc ? (first >> 1) & 63 : first & 31);

/** isPicture tells by its first byte whether a unit stays as it stands, so that it need not be read. */
export function isPicture(first: number, { hevc, dolby }: Coding): boolean {
  const type = typeOf(first, hevc);
  return (pictures[hevc ? "hevc" : "avc"].has(type) && (hevc || type !== 7)) || (dolby && hevc && type > 61);
}

/** quiet makes filler, in place, of all that a unit says beside the picture. */
export function quiet(unit: Uint8Array, coding: Coding): void {
  const { hevc } = coding;
  if (unit.length === 0 || isPicture(unit[0]!, coding)) return;
  const type = typeOf(unit[0]!, hevc);
  if (hevc ? type === 39 || type === 40 : type === 6) quietMessages(unit, hevc ? 2 : 1, coding);
  else if (marks[hevc ? "hevc" : "avc"].has(type)) unit.fill(0xff, hevc ? 3 : 2);
  else if (!hevc && type === 7) learn(unit, coding);
  else {
    unit[0] = hevc ? (unit[0]! & 0x81) | (38 << 1) : 12;
    unit.fill(0xff, hevc ? 2 : 1);
    if (unit.length > 2) unit[unit.length - 1] = 0x80;
  }
}

function quietMessages(unit: Uint8Array, from: number, coding: Coding): void {
  // Where the bytes stand without the 3 that is put in after two zeros; and where that is.
  const places: number[] = [];
  const escapes = new Set<number>();
  for (let i = from, zeros = 0; i < unit.length; i++) {
    if (zeros >= 2 && unit[i] === 3) {
      escapes.add(i);
      zeros = 0;
      continue;
    }
    places.push(i);
    zeros = unit[i] === 0 ? zeros + 1 : 0;
  }
  let end = places.length; // the last byte that is not zero ends the unit
  while (end > 0 && unit[places[end - 1]!] === 0) end--;
  end--;
  let at = 0;
  const number = () => {
    let n = 0;
    while (at < end && unit[places[at]!] === 0xff) {
      n += 255;
      at++;
    }
    return at < end ? n + unit[places[at++]!]! : n;
  };
  while (at < end) {
    const place = places[at]!;
    const type = number();
    const size = number();
    const payload = places.slice(at, Math.min(at + size, end));
    at += size;
    if (size <= (needed[type] ?? -1) && at <= end && (type !== 1 || coding.hevc || stopClock(unit, payload, escapes, coding.timing))) continue;
    // Two zeros before an escape stay, or it would be read as what it is not; so does a small number behind it.
    for (const i of payload) if (!escapes.has(i + 1) && !escapes.has(i + 2)) unit[i] = escapes.has(i - 1) ? 1 : 0xff;
    // A type without meaning, which readers pass over. Behind an escape only a small number may stand: there filler.
    if (type < 255) unit[place] = escapes.has(place - 1) ? 3 : 0xfe;
  }
}

/** Takes the clock out of a picture timing message of H.264. False when that can't be done: then the message goes. */
function stopClock(unit: Uint8Array, payload: readonly number[], escapes: ReadonlySet<number>, timing: Timing | null | undefined): boolean {
  if (!timing) return false;
  const bit = (at: number) => (unit[payload[at >> 3]!]! >> (7 - (at & 7))) & 1;
  const all = 8 * payload.length;
  let at = timing.delays;
  let end = at;
  if (timing.clock) {
    if (at + 4 > all) return false;
    const kind = (bit(at) << 3) | (bit(at + 1) << 2) | (bit(at + 2) << 1) | bit(at + 3);
    at += 4;
    end = at + ([1, 1, 1, 2, 2, 3, 3, 2, 3][kind] ?? all);
  }
  if (end === 0 || end > all) return false;
  let told = all - end > 8;
  for (let i = at; i < end; i++) told ||= bit(i) === 1;
  if (!told) return true;
  if (payload.some((i) => escapes.has(i + 1))) return false;
  for (let i = at; i < all; i++) {
    const place = payload[i >> 3]!;
    const mask = 128 >> (i & 7);
    unit[place] = i < end ? unit[place]! & ~mask : unit[place]! | mask;
  }
  return payload.every((i) => unit[i]! > 3 || unit[i - 1] !== 0 || unit[i - 2] !== 0);
}

/** Learns from a sequence parameter set of H.264 what its timing messages hold; null when two differ, or it can't be told. */
function learn(unit: Uint8Array, coding: Coding): void {
  let timing: Timing | null = null;
  try {
    timing = timingOf(unit);
  } catch {
    // It ends too early.
  }
  const before = coding.timing;
  coding.timing = before === undefined || (before && timing && before.delays === timing.delays && before.clock === timing.clock) ? timing : null;
}

/** ITU-T H.264, 7.3.2.1.1, E.1.1 and E.1.2. It throws where the unit ends too early. */
function timingOf(unit: Uint8Array): Timing {
  const bytes = new DataView(Uint8Array.from(unit).filter((x, i) => !(x === 3 && unit[i - 1] === 0 && unit[i - 2] === 0)).buffer);
  let at = 8;
  const u = (n: number) => {
    let value = 0;
    for (; n > 0; n--, at++) value = value * 2 + ((bytes.getUint8(at >> 3) >> (7 - (at & 7))) & 1);
    return value;
  };
  const ue = () => {
    let zeros = 0;
    while (u(1) === 0) zeros++;
    return 2 ** zeros - 1 + u(zeros);
  };
  const skip = (n: number) => {
    for (; n > 0; n--) ue();
  };
  const profile = u(8);
  u(16);
  ue();
  if (![66, 77, 88].includes(profile)) {
    const colours = ue();
    if (colours === 3) u(1);
    skip(2);
    u(1);
    if (u(1)) for (let list = 0; list < (colours === 3 ? 12 : 8); list++) if (u(1)) {
      for (let i = 0, last = 8, next = 8; i < (list < 6 ? 16 : 64); i++) {
        if (next !== 0) {
          const change = ue();
          next = (last + (change & 1 ? (change + 1) / 2 : -change / 2)) & 255;
        }
        last = next || last;
      }
    }
  }
  ue();
  const order = ue();
  if (order === 0) ue();
  else if (order === 1) {
    u(1);
    skip(2);
    skip(ue());
  }
  ue();
  u(1);
  skip(2);
  if (u(1) === 0) u(1);
  u(1);
  if (u(1)) skip(4);
  let delays = 0;
  if (u(1) === 0) return { delays, clock: false };
  if (u(1) && u(8) === 255) u(32);
  if (u(1)) u(1);
  if (u(1)) {
    u(4);
    if (u(1)) u(24);
  }
  if (u(1)) skip(2);
  if (u(1)) u(65);
  for (let i = 0; i < 2; i++) if (u(1)) {
    const buffers = ue();
    u(8);
    for (let n = 0; n <= buffers; n++) {
      skip(2);
      u(1);
    }
    u(5);
    delays = u(5) + u(5) + 2;
    u(5);
  }
  if (delays > 0) u(1);
  return { delays, clock: u(1) === 1 };
}

/** cleanConfig cleans a decoder's settings (avcC, hvcC, lhvC), in which units stand too, in place. */
export function cleanConfig(bytes: Uint8Array, b: Box, dolby: boolean): Coding {
  const hevc = b.type !== "avcC";
  let at = b.body + (b.type === "hvcC" ? 21 : 4);
  const next = () => (at < b.end ? bytes[at++]! : notWhole("short settings of a decoder"));
  const coding: Coding = { hevc, dolby, prefix: (next() & 3) + 1 };
  const units = (count: number) => {
    for (; count > 0; count--) {
      const length = (next() << 8) | next();
      if (at + length > b.end) notWhole("short settings of a decoder");
      quiet(bytes.subarray(at, at + length), coding);
      at += length;
    }
  };
  if (hevc) {
    for (let arrays = next(); arrays > 0; arrays--) {
      next();
      units((next() << 8) | next());
    }
  } else {
    units(next() & 31);
    units(next());
    // Profiles above the first ones say their colours, and may have extensions.
    if (![66, 77, 88].includes(bytes[b.body + 1]!) && at + 4 <= b.end && bytes[at]! >= 0xfc) {
      at += 3;
      units(next());
    }
  }
  bytes.fill(0, at, b.end);
  return coding;
}
