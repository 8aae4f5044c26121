import { sha256 as incremental } from "@noble/hashes/sha2.js";
import { Encrypter, generateHybridIdentity, identityToRecipient } from "age-encryption";
import { hex, sha256, u64 } from "./bytes.ts";
import { Failure } from "./failure.ts";
import { streamSize } from "./header.ts";
import { checkRecipient } from "./recipients.ts";

// Attachments, PROTOCOL.md §5. They are read as streams: a film on a cheap phone must not have to fit its memory.

/** The largest file that can be attached, 100 MiB. */
export const maxFile = 100 << 20;
/** The length of every blob of a file but its last. */
export const blobSize = 1 << 20;

// One stanza: intro, the stanza's two lines, the line of the MAC.
const headerSize = "age-encryption.org/v1\n".length + "-> mlkem768x25519 ".length + 1494 + 1 + 43 + 1 + "--- ".length + 43 + 1;

/** padme rounds a length up so that it tells little about the file: at most 12 % more. */
export function padme(length: number): number {
  if (length < 2) return length;
  const e = Math.floor(Math.log2(length));
  const s = Math.floor(Math.log2(e)) + 1;
  const step = 2 ** Math.max(0, e - s);
  return Math.ceil(length / step) * step;
}

/** sealedSize is the length of the age file that a content of so many bytes becomes. */
export function sealedSize(size: number): number {
  return headerSize + streamSize(padme(8 + size));
}

/** hashOf is the hex SHA-256 of a file, read piece by piece. A Failure `broken` when it can't be read to its end. */
export async function hashOf(file: Blob): Promise<string> {
  const hash = incremental.create();
  for await (const piece of pieces(file)) hash.update(piece);
  return hex(hash.digest());
}

async function* pieces(file: Blob): AsyncGenerator<Uint8Array> {
  let n = 0;
  try {
    const reader = file.stream().getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      n += value.length;
      yield value;
    }
  } catch {
    throw new Failure("broken", "reading the file failed");
  }
  if (n !== file.size) throw new Failure("broken", "the file changed while it was read");
}

/** newIdentity is the fresh key of one attachment; it travels in the report. */
export function newIdentity(): Promise<string> {
  return generateHybridIdentity();
}

/** SealedBlob is a piece of a sealed file. The browser may keep its bytes out of memory: they are ciphertext. */
export type SealedBlob = { readonly name: string; readonly bytes: Blob };

/**
 * sealAttachment pads a content, seals it to its identity and cuts it into blobs. `sha256` is the hash that the report
 * announced: a Failure `broken` when the content does not have it any more. `alive` may throw to stop half way.
 */
export async function sealAttachment(content: Blob, announced: string, identity: string, alive: () => void = () => undefined): Promise<SealedBlob[]> {
  const recipient = await identityToRecipient(identity);
  checkRecipient(recipient);
  const age = new Encrypter();
  age.addRecipient(recipient);
  const hash = incremental.create();
  const source = padded(content, (piece) => {
    alive();
    hash.update(piece);
  });
  const sealed = await age.encrypt(toStream(source));
  const blobs = await cut(sealed);
  if (hex(hash.digest()) !== announced) throw new Failure("broken", "the file is not the one that was looked at");
  if (blobs.reduce((n, b) => n + b.bytes.size, 0) !== sealedSize(content.size)) throw new Failure("seal", "a sealed file of another size than announced");
  return blobs;
}

async function* padded(content: Blob, seen: (piece: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  yield u64(content.size);
  for await (const piece of pieces(content)) {
    seen(piece);
    yield piece;
  }
  let zeros = padme(8 + content.size) - 8 - content.size;
  for (; zeros > 0; zeros -= blobSize) yield new Uint8Array(Math.min(zeros, blobSize));
}

function toStream(source: AsyncGenerator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await source.next();
      if (next.done) controller.close();
      else controller.enqueue(next.value);
    },
  });
}

async function cut(stream: ReadableStream<Uint8Array>): Promise<SealedBlob[]> {
  const blobs: SealedBlob[] = [];
  let buffer = new Uint8Array(blobSize);
  let used = 0;
  const flush = async () => {
    const bytes = buffer.slice(0, used);
    blobs.push({ name: hex(await sha256(bytes)), bytes: new Blob([bytes]) });
    buffer = new Uint8Array(blobSize);
    used = 0;
  };
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    for (let at = 0; at < value.length; ) {
      const n = Math.min(value.length - at, blobSize - used);
      buffer.set(value.subarray(at, at + n), used);
      at += n;
      used += n;
      if (used === blobSize) await flush();
    }
  }
  if (used > 0) await flush();
  return blobs;
}
