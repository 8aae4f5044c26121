import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { hex, sha256 } from "../src/lib/bytes.ts";
import { lookAt } from "../src/lib/clean.ts";
import { describeAll } from "../src/lib/describe.ts";
import { makeCorpus, marks, type Made } from "./corpus.ts";

// attack 22 on files of many encoders, judged by tools that are not ours: exiftool and mat2 read what is left, ffmpeg and
// ImageMagick decode before and after.

let dir: string;
let made: Made[] = [];
const refused: string[] = [];

const tool = (program: string, ...args: string[]) => execFileSync(program, args, { cwd: dir, maxBuffer: 64 << 20, stdio: ["ignore", "pipe", "ignore"] }).toString("latin1");
const fileOf = (name: string, folder = "full") => new File([new Uint8Array(readFileSync(join(dir, folder, name)))], name);
const isFilm = (name: string) => /^(film|sound)/.test(name);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), "corpus-"));
  made = makeCorpus(dir);
  mkdirSync(join(dir, "clean"));
  for (const { name } of made) {
    try {
      const { content, found } = await lookAt({ file: fileOf(name), original: false });
      if (found !== "cleaned") refused.push(`${name}: ${found}`);
      writeFileSync(join(dir, "clean", name), new Uint8Array(await content.arrayBuffer()));
    } catch (error) {
      refused.push(`${name}: ${String(error)}`);
    }
  }
}, 600_000);

afterAll(() => rmSync(dir, { recursive: true }));

test("attack 22: at least 60 files of at least 6 encoders, each with a place in it, all cleaned", () => {
  expect(refused).toEqual([]);
  expect(made.length).toBeGreaterThanOrEqual(60);
  expect(new Set(made.map((m) => m.encoder)).size).toBeGreaterThanOrEqual(6);
});

type Tags = { readonly SourceFile: string; readonly [tag: string]: unknown };
const read = (folder: string) => JSON.parse(tool("exiftool", "-j", "-a", "-u", "-ee3", "-G1", "-n", folder)) as Tags[];

test("attack 22: exiftool finds the place in every file before, and neither place, date, name nor text after", () => {
  for (const tags of read("full")) {
    expect(Object.keys(tags).some((k) => /GPS/.test(k) && !k.startsWith("Composite")), tags.SourceFile).toBe(true);
  }
  const told: string[] = [];
  for (const { SourceFile, ...tags } of read("clean")) {
    for (const [where, value] of Object.entries(tags)) {
      const [group, tag] = where.split(":") as [string, string];
      if (["System", "File", "ExifTool", "Composite"].includes(group) && !/GPS|Comment/.test(tag)) continue;
      const dated = /Date|Time$|Timecode/.test(tag) && !/^(?:Poster|Preview|Selection|Current)Time$/.test(tag) && !/^0000:00:00 00:00:00$|^0$/.test(String(value));
      const named = /GPS|Make$|Model|Artist|Author|Creator|Comment|Software|Encoder|Location|Thumbnail|Serial|Title|HandlerDescription|CompressorName|VendorID|XMP|IPTC|Photoshop|ICC/.test(tag) && String(value).trim() !== "";
      if (dated || named || marks.some((m) => String(value).includes(m))) told.push(`${SourceFile} ${where} ${String(value).slice(0, 60)}`);
    }
  }
  expect(told).toEqual([]);
});

test("attack 22: no mark is left in the bytes", () => {
  for (const { name } of made) {
    const bytes = readFileSync(join(dir, "clean", name)).toString("latin1");
    for (const mark of [...marks, "2019:03:04", "ns.adobe.com", "x264 - core", "x265 (build"]) expect(bytes.includes(mark), `${mark} in ${name}`).toBe(false);
  }
});

// How a picture or a sound is coded, and which way up it is. mat2 shows these of a file that was just made, too.
const structure = new Set(("ExifByteOrder Orientation RedX RedY GreenX GreenY BlueX BlueY WhitePointX WhitePointY Gamma AverageBitrate BufferSize CompatibleBrands CompressorID GraphicsMode HandlerType MajorBrand "
  + "MaxBitrate MediaDataOffset MediaDataSize MediaHeaderVersion MinorVersion MovieHeaderVersion NextTrackID PixelAspectRatio PreferredRate Rotation TimeScale TrackHeaderVersion TrackID TrackLayer VideoFieldOrder "
  + "Palette APP14Flags0 APP14Flags1 ColorTransform DCTEncodeVersion SRGBRendering AnimationFrames AnimationPlays BackgroundColor SignificantBits").split(" "));

test("attack 22: mat2 finds nothing but how the picture or sound is coded", { timeout: 600_000 }, () => {
  const names = made.map((m) => m.name).filter((n) => /\.(jpg|png|webp|mp4)$/.test(n));
  const told = (folder: string) => {
    const parts = tool("mat2", "--show", ...names.map((n) => join(folder, n))).split(/(?=\[[+-]\] )/).filter((part) => part.trim() !== "");
    expect(parts).toHaveLength(names.length);
    return parts.map((part) => [...part.matchAll(/^ +(\w[\w-]*):/gm)].map((m) => m[1]!).filter((tag) => !structure.has(tag)).map((tag) => `${part.split("\n")[0]!.split("/").pop()!} ${tag}`));
  };
  expect(told("clean").flat()).toEqual([]);
  // It reads little of WebP; of the others it finds something in every one before.
  const before = told("full");
  for (const [i, name] of names.entries()) if (!name.endsWith(".webp")) expect(before.some((hers) => hers[0]?.startsWith(name)), `${name} ${i}`).toBe(true);
});

test("attack 22: pictures and sounds are what they were, sample by sample, and pictures still stand upright", { timeout: 600_000 }, () => {
  for (const { name } of made.filter((m) => isFilm(m.name))) {
    const decoded = (folder: string) => tool("ffmpeg", "-v", "error", "-i", join(folder, name), "-map", "0:v?", "-map", "0:a?", "-f", "framemd5", "-").replace(/^#.*\n/gm, "");
    const after = decoded("clean");
    expect(after, name).toBe(decoded("full"));
    expect(after.split("\n").length, name).toBeGreaterThan(5);
  }
  const pictures = made.map((m) => m.name).filter((n) => !isFilm(n));
  /** A hash of the pixels of each picture in each file, by one call for all. */
  const pixels = (folder: string) => {
    const of = new Map<string, string[]>();
    for (const line of tool("identify", "-format", "%f %#\n", ...pictures.map((n) => join(folder, n))).trim().split("\n")) {
      const [name, hash] = line.split(" ") as [string, string];
      of.set(name, [...(of.get(name) ?? []), hash]);
    }
    return of;
  };
  const [was, is] = [pixels("bare"), pixels("clean")];
  for (const name of pictures) {
    expect(was.get(name)?.[0], name).toMatch(/^[0-9a-f]{64}$/);
    expect(is.get(name), name).toEqual(was.get(name));
  }
  const turned = (folder: string) => read(folder).flatMap((t) => Object.entries(t).filter(([k]) => /IFD0:Orientation|Track1:MatrixStructure/.test(k)).map(([k, v]) => `${t.SourceFile.split("/").pop()!} ${k} ${String(v)}`)).sort();
  const upright = (list: string[]) => list.filter((l) => !l.includes(".webp") || !/lossy\.webp|sharp|^im\.webp|^ff\.webp/.test(l));
  expect(upright(turned("clean"))).toEqual(upright(turned("full")));
});

test("attack 22: ffprobe finds an encoder's settings, captions and a clock beside the pictures before, and none of it after", { timeout: 600_000 }, () => {
  const told = (folder: string, name: string) => tool("ffprobe", "-v", "error", "-show_frames", "-show_entries", "frame=pict_type:side_data", join(folder, name));
  for (const name of ["film-told-h264.mp4", "film-told-hevc.mp4"]) {
    const [before, after] = [told("full", name), told("clean", name)];
    for (const what of [/User Data Unregistered/, /Closed Captions|ATSC A53/i, /imecode/]) {
      expect(before, name).toMatch(what);
      expect(after, name).not.toMatch(what);
    }
    for (const kept of [/pict_type=P/, ...(name.includes("hevc") ? [/Mastering display/i] : [])]) expect(after, name).toMatch(kept);
    // A strict reader of all that the stream says stumbles over nothing.
    tool("ffmpeg", "-v", "error", "-xerror", "-i", join("clean", name), "-c", "copy", "-bsf:v", "trace_headers", "-f", "null", "-");
  }
  for (const name of ["film-h264.mp4", "film-h265.mp4"]) {
    expect(told("full", name), name).toMatch(/User Data Unregistered/);
    expect(told("clean", name), name).not.toMatch(/User Data Unregistered/);
  }
});

test("attack 22: the hash that the report announces is the chosen file's, and HEIC and AVIF are refused with a way out", async () => {
  const [described] = await describeAll([{ file: fileOf("film-h264.mp4"), original: false }]);
  expect(described!.said).toMatchObject({ sha256: hex(await sha256(new Uint8Array(readFileSync(join(dir, "full", "film-h264.mp4"))))), cleaned: true });
  expect((described!.said as { sealed_sha256: string }).sealed_sha256).toBe(hex(await sha256(new Uint8Array(readFileSync(join(dir, "clean", "film-h264.mp4"))))));
  tool("heif-enc", join("bare", "source.png"), "-o", "photo.heic");
  tool("ffmpeg", "-v", "error", "-i", join("bare", "source.png"), "-c:v", "libaom-av1", "-still-picture", "1", "photo.avif");
  for (const name of ["photo.heic", "photo.avif"]) await expect(lookAt({ file: fileOf(name, "."), original: false })).rejects.toEqual(expect.objectContaining({ kind: "heic" }));
});

test("what is cleaned has nothing more to clean", async () => {
  for (const { name } of made) expect((await lookAt({ file: fileOf(name, "clean"), original: false })).found, name).toBe("nothing");
});

/** A number below n, from a generator that can be started again: the seed of a failure is printed. */
function chance(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state ^ (state >>> 15), state | 1) + 0x6d2b79f5) >>> 0;
    return ((state ^ (state >>> 14)) >>> 0) % n;
  };
}

/** Spoils some bytes the way that storage, a hostile sender or a careless program would. */
function spoil(bytes: Uint8Array<ArrayBuffer>, below: (n: number) => number): Uint8Array<ArrayBuffer> {
  let b = bytes.slice();
  for (let i = below(4) + 1; i > 0; i--) {
    // Mostly near the start or the end, where the tables are.
    const near = Math.min(b.length, 4096);
    const at = [below(near), b.length - 1 - below(near), below(b.length), below(near)][below(4)]!;
    switch (below(7)) {
      case 0: b[at]! ^= 1 << below(8); break;
      case 1: b = b.slice(0, at + 1); break;
      case 2: new DataView(b.buffer).setUint32(Math.max(0, Math.min(at, b.length - 4)), [0, 1, 7, 8, 0x7fffffff, 0xffffffff, b.length][below(7)]!); break;
      case 3: b.copyWithin(at, below(b.length), Math.min(b.length, at + 64)); break;
      case 4: b = new Uint8Array([...b.subarray(0, at), ...b.subarray(Math.max(0, at - 40), at), ...b.subarray(at)]); break;
      case 5: b.fill([0, 3, 0xff][below(3)]!, at, at + below(8)); break; // what escapes, markers and lengths are made of
      default: b[at] = below(256);
    }
    if (b.length < 8) break;
  }
  return b;
}

// FUZZ_SECONDS=120 is the long form.
const seconds = Number(process.env["FUZZ_SECONDS"] ?? 4);

test("attack 22: whatever is spoilt in a file, it is cleaned or refused, in good time", { timeout: seconds * 1000 + 60_000 }, async () => {
  const files = made.map((m) => ({ name: m.name, bytes: new Uint8Array(readFileSync(join(dir, "full", m.name))) })).filter((f) => f.bytes.length < 200_000);
  const end = Date.now() + seconds * 1000;
  const came = { cleaned: 0, nothing: 0, unknown: 0, broken: 0, heic: 0, empty: 0 };
  const first = Number(process.env["FUZZ_SEED"] ?? (Date.now() & 0xffffff));
  for (let seed = first; Date.now() < end; seed++) {
    const below = chance(seed);
    const { name, bytes } = files[below(files.length)]!;
    const spoilt = spoil(bytes, below);
    const began = process.cpuUsage(); // and not the clock: others may be at work beside this
    try {
      const { found, content } = await lookAt({ file: new File([spoilt], name), original: false });
      came[found as "cleaned"]++;
      expect(content.size, `${name}, seed ${seed}`).toBeLessThanOrEqual(spoilt.length + 64);
      if (found === "cleaned") {
        const again = await lookAt({ file: new File([content], name), original: false });
        expect(again.found, `${name}, seed ${seed}, cleaned twice`).toBe("nothing");
      }
    } catch (error) {
      const { name: kind, kind: why } = error as { name: string; kind: string };
      if (kind !== "Failure" || !(why in came)) throw new Error(`${name}, seed ${seed}`, { cause: error });
      came[why as "broken"]++;
    }
    expect(process.cpuUsage(began).user / 1000, `${name}, seed ${seed}`).toBeLessThan(3000);
  }
  process.stdout.write(`fuzzed ${seconds} s from seed ${first}: ${JSON.stringify(came)}\n`);
  for (const kind of ["cleaned", "broken"] as const) expect(came[kind]).toBeGreaterThan(0);
});

test("attack 22: a film whose pictures are photo files is not called clean: each could hold a place", async () => {
  const at = mkdtempSync(join(tmpdir(), "peerwitness-photos-"));
  try {
    execFileSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", "testsrc=s=64x48:r=1:d=1", "-frames:v", "1", join(at, "g.jpg")]);
    execFileSync("exiftool", ["-q", "-overwrite_original", "-GPSLatitude=41.7151", "-GPSLatitudeRef=N", "-UserComment=Quincebrook", join(at, "g.jpg")]);
    for (const name of ["photos.mov", "photos.mp4"]) {
      execFileSync("ffmpeg", ["-v", "error", "-framerate", "1", "-loop", "1", "-t", "2", "-i", join(at, "g.jpg"), "-c", "copy", join(at, name)]);
      const bytes = readFileSync(join(at, name));
      expect(bytes.includes("Quincebrook"), name).toBe(true);
      expect((await lookAt({ file: new File([new Uint8Array(bytes)], name), original: false })).found, name).toBe("unknown");
    }
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
});

test("a film of more chunks than a call takes arguments is cleaned", { timeout: 600_000 }, async () => {
  const at = mkdtempSync(join(tmpdir(), "peerwitness-long-"));
  try {
    execFileSync("ffmpeg", ["-v", "error", "-f", "lavfi", "-i", "color=black:s=16x16:r=60:d=2400", "-f", "lavfi", "-i", "anullsrc=r=8000", "-t", "2400", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-b:a", "8k", "-metadata", "title=Sparrowmark", join(at, "long.mp4")]);
    const bytes = readFileSync(join(at, "long.mp4"));
    expect((await lookAt({ file: new File([new Uint8Array(bytes)], "long.mp4"), original: false })).found).toBe("cleaned");
  } finally {
    rmSync(at, { recursive: true, force: true });
  }
});
