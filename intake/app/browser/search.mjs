// Looks for text in everything that a browser left in its profile folder, through the
// ways in which browsers pack what they keep: UTF-8 and UTF-16, gzip, deflate and brotli, Firefox's
// jsonlz4 files, and the snappy blocks of leveldb's tables. SQLite's pages hold text as it is.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from "node:zlib";

const limit = 64 << 20; // of what is unpacked

/** The files under `folder` that hold any of `needles`, as "file: needle (how it was packed)". */
export async function traces(folder, needles) {
  const forms = needles.flatMap((n) => [[n, Buffer.from(n, "utf8")], [n, Buffer.from(n, "utf16le")], [n, Buffer.from(n, "utf16le").swap16()]]);
  const found = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const bytes = await readFile(path).catch(() => Buffer.alloc(0)); // gone meanwhile
    for (const [how, unpacked] of unpack(bytes)) {
      for (const [needle, form] of forms) if (unpacked.includes(form)) found.push(`${path.slice(folder.length + 1)}: ${needle}${how ? ` (${how})` : ""}`);
    }
  }
  return [...new Set(found)];
}

function* unpack(bytes) {
  yield ["", bytes];
  const whole = (how, open) => {
    try {
      return [[how, open()]];
    } catch {
      return []; // not packed so
    }
  };
  if (bytes.subarray(0, 8).toString("latin1") === "mozLz40\0") yield* whole("jsonlz4", () => lz4(bytes.subarray(12), bytes.readUInt32LE(8)));
  for (let at = bytes.indexOf(Buffer.from([0x1f, 0x8b, 8])); at >= 0; at = bytes.indexOf(Buffer.from([0x1f, 0x8b, 8]), at + 1)) {
    yield* whole("gzip", () => gunzipSync(bytes.subarray(at), { maxOutputLength: limit, finishFlush: 2 }));
  }
  for (const [how, open] of [["deflate", inflateSync], ["raw deflate", inflateRawSync], ["brotli", brotliDecompressSync]]) {
    yield* whole(how, () => open(bytes, { maxOutputLength: limit }));
  }
  if (bytes.length > 48 && bytes.readBigUInt64LE(bytes.length - 8) === 0xdb4775248b80fb57n) yield* tableBlocks(bytes);
}

/** An LZ4 block of `size` bytes unpacked. Throws for one that is not of the form. */
export function lz4(block, size) {
  if (size > limit) throw new Error("too large");
  const out = Buffer.alloc(size);
  let at = 0, to = 0;
  const more = (n) => {
    if (n < 15) return n;
    for (let b = 255; b === 255; n += b) b = block.readUInt8(at++);
    return n;
  };
  while (at < block.length) {
    const token = block.readUInt8(at++);
    const literals = more(token >> 4);
    if (at + literals > block.length || to + literals > size) throw new Error("cut short");
    block.copy(out, to, at, at + literals);
    at += literals;
    to += literals;
    if (at >= block.length) break;
    const back = block.readUInt16LE(at);
    at += 2;
    to = repeat(out, to, back, more(token & 15) + 4);
  }
  return out.subarray(0, to);
}

/** Snappy's raw form. Throws for bytes that are not of it. */
export function snappy(block) {
  let at = 0;
  const varint = () => {
    for (let n = 0, shift = 0; shift < 35; shift += 7) {
      const b = block.readUInt8(at++);
      n += (b & 127) * 2 ** shift;
      if (b < 128) return n;
    }
    throw new Error("no number");
  };
  const size = varint();
  if (size > limit) throw new Error("too large");
  const out = Buffer.alloc(size);
  let to = 0;
  while (at < block.length) {
    const tag = block.readUInt8(at++);
    if ((tag & 3) === 0) {
      let n = (tag >> 2) + 1;
      if (n > 60) {
        const wide = n - 60;
        n = block.readUIntLE(at, wide) + 1;
        at += wide;
      }
      if (at + n > block.length || to + n > size) throw new Error("cut short");
      block.copy(out, to, at, at + n);
      at += n;
      to += n;
    } else if ((tag & 3) === 1) {
      to = repeat(out, to, ((tag >> 5) << 8) | block.readUInt8(at++), ((tag >> 2) & 7) + 4);
    } else {
      const wide = (tag & 3) === 2 ? 2 : 4;
      const back = block.readUIntLE(at, wide);
      at += wide;
      to = repeat(out, to, back, (tag >> 2) + 1);
    }
  }
  return out.subarray(0, to);
}

/** Copies `n` bytes from `back` before `to`; they may overlap with what they make. */
function repeat(out, to, back, n) {
  if (back === 0 || back > to || to + n > out.length) throw new Error("refers outside");
  for (let i = 0; i < n; i++) out[to + i] = out[to + i - back];
  return to + n;
}

/** The data blocks of a leveldb table, found by its index. */
function* tableBlocks(bytes) {
  try {
    const footer = bytes.subarray(bytes.length - 48);
    let [, at] = handle(footer, 0); // past the metaindex's
    const [index] = handle(footer, at);
    const entries = block(bytes, index);
    const end = entries.length - 4 - 4 * entries.readUInt32LE(entries.length - 4);
    for (at = 0; at < end; ) {
      const [shared, a] = number(entries, at);
      const [rest, b] = number(entries, a);
      const [size, c] = number(entries, b);
      if (shared > 1 << 20) return;
      yield ["leveldb", block(bytes, handle(entries, c + rest)[0])];
      at = c + rest + size;
    }
  } catch {
    // a table that is cut short: what could be read was
  }
}

function block(bytes, { offset, size }) {
  const body = bytes.subarray(offset, offset + size);
  return bytes.readUInt8(offset + size) === 1 ? snappy(body) : body;
}

function handle(bytes, at) {
  const [offset, a] = number(bytes, at);
  const [size, b] = number(bytes, a);
  return [{ offset, size }, b];
}

function number(bytes, at) {
  for (let n = 0, shift = 0; shift < 49; shift += 7) {
    const b = bytes.readUInt8(at++);
    n += (b & 127) * 2 ** shift;
    if (b < 128) return [n, at];
  }
  throw new Error("no number");
}
