import { sha256 as incremental } from "@noble/hashes/sha2.js";
import { Encrypter, generateHybridIdentity, identityToRecipient } from "age-encryption";
import { hex, sha256, u64, type Bytes } from "./bytes.ts";
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
  const reader = file.stream().getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(() => {
        throw new Failure("broken", "reading the file failed");
      });
      if (done) break;
      n += value.length;
      yield value;
    }
  } finally {
    // Left half way: the file that was being read is let go of.
    await reader.cancel().catch(() => undefined);
  }
  if (n !== file.size) throw new Failure("broken", "the file changed while it was read");
}

/** newIdentity is the fresh key of one attachment; it travels in the report. */
export function newIdentity(): Promise<string> {
  return generateHybridIdentity();
}

/** SealedBlob is a piece of a sealed file: ciphertext, and its name. The bytes are good until the next piece is asked for. */
export type SealedBlob = { readonly name: string; readonly bytes: Bytes };

/**
 * sealAttachment pads a content, seals it to its identity and gives it piece by piece: what was given need not be held on
 * to, so a film takes no more memory than a photo. `announced` is the hash that the report announced: a Failure `broken`
 * after the last piece when the content does not have it any more. What is left behind then names nothing.
 */
export async function* sealAttachment(content: Blob, announced: string, identity: string): AsyncGenerator<SealedBlob, undefined> {
  const recipient = await identityToRecipient(identity);
  checkRecipient(recipient);
  const age = new Encrypter();
  age.addRecipient(recipient);
  const hash = incremental.create();
  let size = 0;
  for await (const piece of cut(await age.encrypt(toStream(padded(content, (p) => hash.update(p)))))) {
    size += piece.bytes.length;
    yield piece;
  }
  if (hex(hash.digest()) !== announced) throw new Failure("broken", "the file is not the one that was looked at");
  if (size !== sealedSize(content.size)) throw new Failure("seal", "a sealed file of another size than announced");
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
    cancel: () => void source.return(undefined),
  });
}

async function* cut(stream: ReadableStream<Uint8Array>): AsyncGenerator<SealedBlob, void, void> {
  // One for all pieces: a film would leave a hundred behind, faster than a phone clears up.
  const buffer = new Uint8Array(blobSize);
  let used = 0;
  const piece = async (bytes: Bytes): Promise<SealedBlob> => ({ name: hex(await sha256(bytes)), bytes });
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      for (let at = 0; at < value.length; ) {
        const n = Math.min(value.length - at, blobSize - used);
        buffer.set(value.subarray(at, at + n), used);
        at += n;
        used += n;
        if (used < blobSize) continue;
        used = 0;
        yield await piece(buffer);
      }
    }
    if (used > 0) yield await piece(buffer.subarray(0, used));
  } finally {
    await reader.cancel().catch(() => undefined); // left half way
  }
}
