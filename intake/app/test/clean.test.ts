import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { concat, u32, utf8 } from "../src/lib/bytes.ts";
import { lookAt } from "../src/lib/clean.ts";
import { orientation, orientationOnly } from "../src/lib/exif.ts";
import { cleanJpeg } from "../src/lib/jpeg.ts";
import { cleanPng } from "../src/lib/png.ts";
import { cleanWebp } from "../src/lib/webp.ts";

// Tools of Debian that the CI installs; what they would show is checked byte by byte as well.
const exiftool = "/usr/bin/exiftool";
const folder = mkdtempSync(join(tmpdir(), "clean-"));
afterAll(() => rmSync(folder, { recursive: true }));

const failure = (kind: string): unknown => expect.objectContaining({ name: "Failure", kind });
const marks = ["GPS", "Exif", "secret", "http://ns.adobe.com", "Photoshop", "ICC_PROFILE", "MPF", "ftypmp42"];

const segment = (code: number, ...data: Uint8Array[]) => {
  const all = concat(...data);
  return concat(Uint8Array.of(0xff, code, (all.length + 2) >> 8, (all.length + 2) & 255), all);
};

// A baseline JPEG of 8 by 8 grey pixels: quantisation, frame, the two Huffman tables of one code each, and one block.
const jfif = (thumbnail = new Uint8Array(0)) => segment(0xe0, utf8("JFIF\0"), Uint8Array.of(1, 2, 0, 0, 1, 0, 1, thumbnail.length / 3, thumbnail.length ? 1 : 0), thumbnail);
const tables = concat(
  segment(0xdb, Uint8Array.of(0), new Uint8Array(64).fill(16)),
  segment(0xc0, Uint8Array.of(8, 0, 8, 0, 8, 1, 1, 0x11, 0)),
  segment(0xc4, Uint8Array.of(0x00, 0, 1, ...new Uint8Array(14), 5)),
  segment(0xc4, Uint8Array.of(0x10, 0, 1, ...new Uint8Array(14), 0)),
);
// DC category 5 (code 00), 5 bits, end of block (code 00), ones to fill; the second byte shows that stuffing survives.
const scan = concat(segment(0xda, Uint8Array.of(1, 1, 0, 0, 63, 0)), Uint8Array.of(0x34, 0x7f));
const picture = concat(tables, scan);
const [start, end] = [Uint8Array.of(0xff, 0xd8), Uint8Array.of(0xff, 0xd9)];
const plain = concat(start, jfif(), picture, end);

/** EXIF as a camera writes it: an orientation, then a directory with a place, then a thumbnail. */
function cameraExif(turned: number): Uint8Array {
  const entry = (tag: number, type: number, count: number, value: number) => {
    const b = new Uint8Array(12);
    const v = new DataView(b.buffer);
    v.setUint16(0, tag, true);
    v.setUint16(2, type, true);
    v.setUint32(4, count, true);
    if (type === 3) v.setUint16(8, value, true);
    else v.setUint32(8, value, true);
    return b;
  };
  const gps = concat(Uint8Array.of(1, 0), entry(1, 2, 2, 0x4e), new Uint8Array(4));
  const head = concat(utf8("II"), Uint8Array.of(42, 0, 8, 0, 0, 0, 2, 0), entry(0x0112, 3, 1, turned), entry(0x8825, 4, 1, 38), new Uint8Array(4));
  return concat(utf8("Exif\0\0"), head, gps, utf8("secret thumbnail"));
}

const camera = (turned = 1) => concat(
  start, jfif(Uint8Array.of(1, 2, 3)), segment(0xe1, cameraExif(turned)), segment(0xe1, utf8("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>secret place</x:xmpmeta>")),
  segment(0xe2, utf8("ICC_PROFILE\0"), Uint8Array.of(1, 1), utf8("secret monitor")), segment(0xe2, utf8("MPF\0"), utf8("secret")), segment(0xed, utf8("Photoshop 3.0\0"), utf8("secret")),
  segment(0xfe, utf8("secret comment")), picture, end, utf8("\0\0\0\x18ftypmp42 secret film"),
);

const joined = (parts: readonly Uint8Array[]) => concat(...parts);
const latin1 = (b: Uint8Array) => Buffer.from(b).toString("latin1");
function expectClean(bytes: Uint8Array): void {
  for (const mark of marks) expect(latin1(bytes), mark).not.toContain(mark);
}

describe("JPEG", () => {
  test("everything but the picture goes, and the picture stays byte for byte", () => {
    const { parts, removed } = cleanJpeg(camera());
    expect(removed).toBe(true);
    expect(joined(parts)).toEqual(plain);
    expectClean(joined(parts));
  });

  test("a plain picture is left alone", () => {
    expect(cleanJpeg(plain).removed).toBe(false);
    expect(joined(cleanJpeg(plain).parts)).toEqual(plain);
  });

  test.each([2, 3, 4, 5, 6, 7, 8])("a picture turned by %d stays turned, and cleaning twice is cleaning once", (turned) => {
    const once = joined(cleanJpeg(camera(turned)).parts);
    expect(once).toEqual(concat(start, jfif(), segment(0xe1, utf8("Exif\0\0"), orientationOnly(turned)), picture, end));
    expect(latin1(once)).not.toContain("secret");
    expect(cleanJpeg(once).removed).toBe(false);
  });

  const adobe = concat(utf8("Adobe"), Uint8Array.of(0, 100, 0, 0, 0, 0, 1));
  // Four blocks, a restart after each: 32 by 8 pixels.
  const interval = segment(0xdd, Uint8Array.of(0, 1));
  const broad = concat(tables.subarray(0, 69), segment(0xc0, Uint8Array.of(8, 0, 8, 0, 32, 1, 1, 0x11, 0)), tables.subarray(82), interval);
  const block = scan.subarray(10);
  const restart = (n: number) => Uint8Array.of(0xff, 0xd0 + n);
  const restarted = concat(scan, restart(0), block, restart(1), block, restart(2), block);

  test("restart markers, stuffed bytes and several scans survive; the Adobe segment loses what hangs on it", () => {
    // Eight bits of the value are ones, so that a byte is stuffed: category 9 in place of 5.
    const stuffed = concat(tables.subarray(0, 103), Uint8Array.of(9), tables.subarray(104), segment(0xda, Uint8Array.of(1, 1, 0, 0, 63, 0)), Uint8Array.of(0x3f, 0xff, 0x00, 0x3f));
    for (const scans of [concat(broad, restarted), concat(tables, scan, scan), stuffed]) {
      const cleaned = joined(cleanJpeg(concat(start, segment(0xee, adobe, utf8("secret")), scans, end)).parts);
      expect(cleaned).toEqual(concat(start, segment(0xee, adobe), scans, end));
    }
  });

  const dqt = (slot: number) => concat(Uint8Array.of(slot), new Uint8Array(58).fill(9), utf8("secret"));
  const places: [string, Uint8Array, Uint8Array][] = [
    ["behind the last block", concat(tables, scan, utf8("secret"), Uint8Array.of(0xff, 0, 0xff, 0)), picture],
    ["behind a fill byte", concat(tables, scan, Uint8Array.of(0xff, 0, 0xff, 0xff)), picture],
    ["in restarts after the last block", concat(tables, scan, restart(0), utf8("secret"), restart(1), utf8("secret")), picture],
    ["between a block and its restart", concat(broad, scan, utf8("secret"), restart(0), block, utf8("secret"), restart(1), block, restart(2), block, utf8("secret")), concat(broad, restarted)],
    ["between two scans", concat(tables, scan, utf8("secret"), scan), concat(tables, scan, scan)],
    ["behind the fields of a frame", concat(tables.subarray(0, 69), segment(0xc0, Uint8Array.of(8, 0, 8, 0, 8, 1, 1, 0x11, 0), utf8("secret")), tables.subarray(82), scan), picture],
    ["behind the fields of a scan", concat(tables, segment(0xda, Uint8Array.of(1, 1, 0, 0, 63, 0), utf8("secret")), block), picture],
    ["behind a table", concat(segment(0xdb, tables.subarray(4, 69), utf8("secret")), tables.subarray(69), scan), picture],
    ["behind a restart interval", concat(broad.subarray(0, -6), segment(0xdd, Uint8Array.of(0, 1), utf8("secret")), restarted), concat(broad, restarted)],
    ["in a table that nothing uses", concat(segment(0xdb, dqt(3)), tables, scan), picture],
    ["in one of two tables", concat(segment(0xdb, dqt(2), tables.subarray(4, 69)), tables.subarray(69), scan), picture],
    ["in a table that another replaces", concat(segment(0xdb, dqt(0)), tables, segment(0xc4, tables.subarray(86, 104)), scan), concat(tables.subarray(0, 82), tables.subarray(104), segment(0xc4, tables.subarray(86, 104)), scan)],
    ["in arithmetic conditioning and a number of lines", concat(tables, segment(0xcc, utf8("secret")), scan, segment(0xdc, Uint8Array.of(0, 8), utf8("secret"))), picture],
  ];
  test.each(places)("attack 22: what stands %s goes, and the picture stays", (_, hiding, bare) => {
    const { parts, removed } = cleanJpeg(concat(start, hiding, end));
    expect(removed).toBe(true);
    expect(latin1(joined(parts))).toBe(latin1(concat(start, bare, end)));
    expect(cleanJpeg(joined(parts)).removed).toBe(false);
  });

  test("a scan that stops before its last block, or whose restarts are in disorder, is left as it stands", () => {
    const early = concat(broad, scan, restart(0), block);
    const disorder = concat(broad, scan, restart(3), block, restart(1), block);
    for (const scans of [early, disorder]) expect(joined(cleanJpeg(concat(start, scans, end)).parts)).toEqual(concat(start, scans, end));
  });

  test("a picture of more restarts than a call takes arguments is cleaned", () => {
    const [width, height] = [8 * 500, 8 * 400];
    const head = concat(tables.subarray(0, 69), segment(0xc0, Uint8Array.of(8, height >> 8, height & 255, width >> 8, width & 255, 1, 1, 0x11, 0)), tables.subarray(82), interval, scan.subarray(0, 10));
    const coded = (between: Uint8Array) => concat(start, head, ...Array.from({ length: 100 }, (_, i) => concat(...Array.from({ length: 2000 }, (_, j) => concat(i + j > 0 ? restart((2000 * i + j - 1) & 7) : new Uint8Array(0), block, between)))), end);
    const bare = coded(new Uint8Array(0));
    expect(cleanJpeg(bare).removed).toBe(false);
    expect(Buffer.compare(joined(cleanJpeg(coded(utf8("secret"))).parts), bare)).toBe(0);
  });

  test("more scans and blocks than anybody would wait for are refused", () => {
    const many = concat(...Array<Uint8Array>(5000).fill(concat(tables.subarray(82), scan)));
    expect(() => cleanJpeg(concat(start, tables, many, end))).toThrow(expect.objectContaining({ kind: "broken" }) as Error);
    const huge = concat(tables.subarray(0, 69), segment(0xc0, Uint8Array.of(8, 255, 255, 255, 255, 1, 1, 0x11, 0)), tables.subarray(82), scan);
    expect(() => cleanJpeg(concat(start, huge, scan, end))).toThrow(expect.objectContaining({ kind: "broken" }) as Error);
  });

  const cases: [string, Uint8Array][] = [
    ["nothing", new Uint8Array(0)],
    ["only a start", start],
    ["no end", concat(start, jfif(), picture)],
    ["no picture", concat(start, jfif(), end)],
    ["a segment that runs over the end", concat(start, Uint8Array.of(0xff, 0xe1, 0xff, 0xff), utf8("Exif"))],
    ["a segment of length 1", concat(start, Uint8Array.of(0xff, 0xe1, 0, 1), picture, end)],
    ["bytes between segments", concat(start, utf8("x"), picture, end)],
    ["a second start", concat(start, start, picture, end)],
    ["a scan before any frame", concat(start, scan, end)],
    ["a scan of a plane that is not there", concat(start, tables, segment(0xda, Uint8Array.of(1, 7, 0, 0, 63, 0)), Uint8Array.of(0x34, 0x7f), end)],
    ["a second frame", concat(start, tables, tables, scan, end)],
    ["a frame of no width", concat(start, tables.subarray(0, 69), segment(0xc0, Uint8Array.of(8, 0, 8, 0, 0, 1, 1, 0x11, 0)), scan, end)],
    ["a picture in steps of size", concat(start, segment(0xde, Uint8Array.of(8, 0, 8, 0, 8, 1, 1, 0x11, 0)), picture, end)],
    ["a segment of an unknown kind", concat(start, segment(0xf5, utf8("secret")), picture, end)],
  ];
  test.each(cases)("%s is refused", (_, bytes) => {
    expect(() => cleanJpeg(bytes)).toThrow(expect.objectContaining({ kind: "broken" }) as Error);
  });

  test("cut or altered anywhere it is cleaned or refused, never something else", () => {
    const whole = camera(6);
    for (let i = 0; i < whole.length; i++) {
      const altered = whole.slice();
      altered[i]! ^= 0x55;
      for (const bytes of [whole.subarray(0, i), altered]) {
        try {
          cleanJpeg(bytes);
        } catch (error) {
          expect(error).toEqual(failure("broken"));
        }
      }
    }
  });

  test("attack 22: a photo with a place, a camera's name and a thumbnail, written by another program, gives none of it away", () => {
    if (!existsSync(exiftool)) throw new Error("this test needs exiftool (scripts/setup installs it)");
    const photo = join(folder, "photo.jpg");
    writeFileSync(photo, plain);
    const thumbnail = join(folder, "thumbnail.jpg");
    writeFileSync(thumbnail, plain);
    execFileSync(exiftool, ["-q", "-overwrite_original", "-GPSLatitude=42.26", "-GPSLatitudeRef=N", "-GPSLongitude=19.77", "-GPSLongitudeRef=E", "-Make=secret", "-Model=secret",
      "-SerialNumber=secret", "-DateTimeOriginal=2026:11:23 10:00:00", "-XMP:Creator=secret", "-IPTC:City=secret", "-Comment=secret", "-Orientation#=6", `-ThumbnailImage<=${thumbnail}`, photo]);
    const before = readFileSync(photo);
    expect(latin1(before)).toContain("secret");
    const { parts, removed } = cleanJpeg(concat(before, utf8("secret film after the end")));
    expect(removed).toBe(true);
    writeFileSync(photo, joined(parts));
    const told = JSON.parse(execFileSync(exiftool, ["-j", "-G", "-a", "-u", "-n", photo], { encoding: "utf8" })) as [{ [tag: string]: unknown }];
    const beyond = Object.keys(told[0]).filter((k) => !/^(SourceFile|ExifTool:|File:|JFIF:|Composite:(ImageSize|Megapixels)$)/.test(k));
    expect(beyond.filter((k) => k !== "EXIF:Orientation")).toEqual([]);
    expect(told[0]["EXIF:Orientation"]).toBe(6);
    expect(latin1(joined(parts))).not.toContain("secret");
    // Tables and coded pixels are the same bytes, so that any decoder gives the same pixels.
    expect(latin1(joined(parts))).toContain(latin1(picture));
  });
});

const crc = (b: Uint8Array) => {
  let c = 0xffffffff;
  for (const x of b) for (let k = 0, y = (c ^= x); k < 8; k++) c = y = y & 1 ? (y >>> 1) ^ 0xedb88320 : y >>> 1;
  return u32(~c >>> 0);
};
const chunk = (type: string, data: Uint8Array) => concat(u32(data.length), utf8(type), data, crc(concat(utf8(type), data)));

describe("PNG", () => {
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const header = chunk("IHDR", Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0));
  const image = concat(chunk("gAMA", u32(45455)), chunk("IDAT", deflateSync(Uint8Array.of(0, 128))));
  const whole = concat(signature, header, image, chunk("IEND", new Uint8Array(0)));
  const hiding = (exif: Uint8Array) => concat(
    signature, header, chunk("tEXt", utf8("Author\0secret")), chunk("iTXt", utf8("XML:com.adobe.xmp\0secret")), chunk("zTXt", utf8("secret")), chunk("tIME", new Uint8Array(7)), chunk("iCCP", utf8("secret")),
    chunk("eXIf", exif), chunk("prVt", utf8("secret")), image, chunk("IEND", new Uint8Array(0)), utf8("secret trailer"),
  );

  test("attack 22: texts, times, EXIF and what follows the end go; the picture stays byte for byte", () => {
    const { parts, removed } = cleanPng(hiding(cameraExif(1).subarray(6)));
    expect(removed).toBe(true);
    expect(joined(parts)).toEqual(whole);
    expect(cleanPng(whole).removed).toBe(false);
  });

  test("attack 22: a second chunk of a kind goes", () => {
    const twice = concat(signature, header, chunk("gAMA", u32(45455)), chunk("gAMA", utf8("GPS!")), image.subarray(16), chunk("IEND", new Uint8Array(0)));
    expect(joined(cleanPng(twice).parts)).toEqual(whole);
    expect(cleanPng(twice).removed).toBe(true);
  });

  test("an orientation stays, in a chunk of its own that is right by its check", () => {
    const cleaned = joined(cleanPng(hiding(cameraExif(8).subarray(6))).parts);
    expect(latin1(cleaned)).toContain(latin1(chunk("eXIf", orientationOnly(8))));
    expect(latin1(cleaned)).not.toContain("secret");
    expect(cleanPng(cleaned).removed).toBe(false);
  });

  test("what is no whole picture is refused", () => {
    const bad = [new Uint8Array(0), signature, whole.subarray(0, -1), concat(signature, image), concat(signature, header, chunk("IEND", new Uint8Array(0))), concat(signature, header, chunk("HIDE", utf8("x")), image), concat(whole.subarray(0, -4), utf8(""))];
    for (const bytes of bad) expect(() => cleanPng(bytes)).toThrow(expect.objectContaining({ kind: "broken" }) as Error);
  });
});

describe("WebP", () => {
  const little = (n: number) => u32(n).reverse();
  const riff = (type: string, data: Uint8Array) => concat(utf8(type), little(data.length), data, new Uint8Array(data.length & 1));
  const file = (...chunks: Uint8Array[]) => {
    const body = concat(utf8("WEBP"), ...chunks);
    return concat(utf8("RIFF"), little(body.length), body);
  };
  const image = riff("VP8L", Uint8Array.of(0x2f, 0, 0, 0, 0));
  const extended = (flags: number) => riff("VP8X", Uint8Array.of(flags, 0, 0, 0, 0, 0, 0, 0, 0, 0));

  test("attack 22: EXIF, XMP, colour profiles and trailers go, and the header no longer promises them", () => {
    const hiding = concat(file(extended(0x2c | 0x10), riff("ICCP", utf8("secret")), image, riff("EXIF", cameraExif(1)), riff("XMP ", utf8("secret")), riff("HIDE", utf8("secret!"))), utf8("secret"));
    const { parts, removed } = cleanWebp(hiding);
    expect(removed).toBe(true);
    expect(joined(parts)).toEqual(file(extended(0x10), image));
    expect(cleanWebp(file(image)).removed).toBe(false);
  });

  test("an orientation stays; frames are looked into", () => {
    const frame = (...inside: Uint8Array[]) => riff("ANMF", concat(new Uint8Array(16), ...inside));
    const cleaned = joined(cleanWebp(file(extended(0x0a), riff("ANIM", new Uint8Array(6)), frame(image, riff("HIDE", utf8("secret"))), riff("EXIF", cameraExif(6).subarray(6)))).parts);
    expect(cleaned).toEqual(file(extended(0x0a), riff("ANIM", new Uint8Array(6)), frame(image), riff("EXIF", orientationOnly(6))));
    expect(cleanWebp(cleaned).removed).toBe(false);
  });

  test("attack 22: what hides behind the fields of a chunk, and pictures behind another, go", () => {
    const header = (flags: number, reserved = 0, tail = "") => riff("VP8X", concat(Uint8Array.of(flags, reserved, reserved, reserved, 1, 0, 0, 2, 0, 0), utf8(tail))); // 2 by 3
    const anim = (tail = "") => riff("ANIM", concat(new Uint8Array(6), utf8(tail)));
    const frame = (last: number, ...inside: Uint8Array[]) => riff("ANMF", concat(new Uint8Array(6), Uint8Array.of(1, 0, 0, 2, 0, 0, 9, 0, 0, last), ...inside));
    const lossy = riff("VP8 ", utf8("picture"));
    const alpha = (first: number, tail = "") => riff("ALPH", concat(Uint8Array.of(first, 1, 2, 3, 4, 5, 6), utf8(tail)));
    const cases: [Uint8Array, Uint8Array][] = [
      [file(header(0xd1, 7, "secret"), image), file(header(0x10), image)],
      [file(image, riff("VP8L", utf8("secret")), riff("ALPH", utf8("secret"))), file(image)],
      [file(header(0x10), alpha(0xc4, "secret"), lossy, lossy), file(header(0x10), alpha(4), lossy)],
      [file(header(0x10), alpha(1), alpha(1, "secret"), lossy), file(header(0x10), alpha(1), lossy)],
      [file(header(0), alpha(0), image, riff("ANMF", utf8("secret secret secret"))), file(header(0), image)],
      [file(header(0), lossy, alpha(0), anim("secret")), file(header(0), lossy)],
      [file(header(2), anim("secret"), riff("VP8 ", utf8("secret")), frame(0xff, alpha(0, "secret"), lossy, image)), file(header(2), anim(), frame(3, alpha(0), lossy))],
    ];
    for (const [hiding, bare] of cases) {
      const { parts, removed } = cleanWebp(hiding);
      expect(removed).toBe(true);
      expect(latin1(joined(parts))).toBe(latin1(bare));
      expect(cleanWebp(bare).removed).toBe(false);
    }
    for (const bytes of [file(header(2), anim()), file(header(2), frame(0, lossy)), file(header(2), anim(), frame(0)), file(riff("VP8X", utf8("short")), image)]) {
      expect(() => cleanWebp(bytes)).toThrow(expect.objectContaining({ kind: "broken" }) as Error);
    }
  });

  test("what is no whole picture is refused", () => {
    const bad = [new Uint8Array(0), file(image).subarray(0, -1), file(), file(extended(0)), concat(file(image).subarray(0, 12), Uint8Array.of(1, 2, 3)), file(utf8("VP8L"), Uint8Array.of(255, 0, 0, 0))];
    for (const bytes of bad) expect(() => cleanWebp(bytes)).toThrow(expect.objectContaining({ kind: "broken" }) as Error);
  });
});

describe("files", () => {
  const choice = (bytes: Uint8Array, type = "", original = false) => ({ file: new File([concat(bytes)], "IMG_1234.jpg", { type }), original });
  const heic = concat(u32(24), utf8("ftypheic"), new Uint8Array(4), utf8("mif1heic"));

  test("a photo is known by its bytes, not by what it is called", async () => {
    const looked = await lookAt(choice(camera(), "text/plain"));
    expect(looked).toMatchObject({ found: "cleaned", type: "image/jpeg", size: plain.length });
    expect(new Uint8Array(await looked.content.arrayBuffer())).toEqual(plain);
    expect(await lookAt(choice(plain))).toMatchObject({ found: "nothing", type: "image/jpeg" });
    expect(await lookAt(choice(utf8("%PDF-1.7"), "application/pdf"))).toMatchObject({ found: "unknown", type: "application/pdf" });
    // A text that claims to be a JPEG is neither cleaned nor believed.
    expect(await lookAt(choice(utf8("hello"), "image/jpeg"))).toMatchObject({ found: "unknown", type: "application/octet-stream" });
    expect(await lookAt(choice(utf8("hello"), "text/html; <b>"))).toMatchObject({ type: "application/octet-stream" });
  });

  test("attack 22: HEIC is refused with a reason; as an original anything goes as it is", async () => {
    await expect(lookAt(choice(heic, "image/heic"))).rejects.toEqual(failure("heic"));
    expect(await lookAt(choice(heic, "", true))).toMatchObject({ found: "original", type: "image/heic" });
    const original = choice(camera(), "", true);
    expect((await lookAt(original)).content).toBe(original.file);
  });

  test("empty, too large, unreadable and damaged files are refused, each for its reason", async () => {
    await expect(lookAt(choice(new Uint8Array(0)))).rejects.toEqual(failure("empty"));
    const large = Object.defineProperty(choice(plain).file, "size", { value: (100 << 20) + 1 });
    await expect(lookAt({ file: large, original: true })).rejects.toEqual(failure("large"));
    const gone = Object.assign(choice(plain).file, { slice: () => ({ arrayBuffer: () => Promise.reject(new Error("gone")) }) });
    await expect(lookAt({ file: gone, original: false })).rejects.toEqual(failure("broken"));
    await expect(lookAt(choice(plain.subarray(0, -1)))).rejects.toEqual(failure("broken"));
  });

  test("an orientation that can't be read is upright", () => {
    expect(orientation(orientationOnly(3))).toBe(3);
    const odd = orientationOnly(3);
    odd[19] = 9;
    for (const bytes of [new Uint8Array(0), utf8("II*"), utf8("XX*\0\x08\0\0\0"), odd, orientationOnly(3).subarray(0, 15), concat(utf8("II"), Uint8Array.of(42, 0, 255, 255, 255, 255))]) expect(orientation(bytes)).toBe(1);
  });
});
