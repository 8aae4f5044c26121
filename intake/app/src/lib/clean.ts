import type { Bytes } from "./bytes.ts";
import { ascii, type Cleaned } from "./exif.ts";
import { Failure } from "./failure.ts";
import { cleanJpeg } from "./jpeg.ts";
import { cleanPng } from "./png.ts";
import { cleanFilm, isFilm } from "./mp4.ts";
import type { FileChoice, Prepared } from "./types.ts";
import { maxFile } from "./attachment.ts";
import { cleanWebp } from "./webp.ts";

/** Looked is a file as it would be sent: `content` is the file itself unless something was taken out of it. */
export type Looked = Prepared & { readonly content: Blob };

const cleaners: { readonly [type: string]: (file: Uint8Array) => Cleaned } = {
  "image/jpeg": cleanJpeg,
  "image/png": cleanPng,
  "image/webp": cleanWebp,
};

/**
 * lookAt says what a file is by its own bytes, and takes out what it hides when it is a picture or a film that we know. A Failure
 * `empty`, `large`, `broken`, or `heic`: a photo format that hides much and can't be cleaned here. An original is only measured.
 */
export async function lookAt({ file, original }: FileChoice): Promise<Looked> {
  if (file.size === 0) throw new Failure("empty", "an empty file");
  if (file.size > maxFile) throw new Failure("large", "a file over 100 MiB");
  const type = sniff(await read(file.slice(0, 64)), file.type);
  const asIs = (found: Prepared["found"]): Looked => ({ content: file, size: file.size, type, found });
  if (original) return asIs("original");
  if (type === "image/heic") throw new Failure("heic", "HEIC is not cleaned");
  if (films.includes(type)) {
    const film = await cleanFilm(file);
    if (!film) return asIs("unknown");
    if (!film.removed) return asIs("nothing");
    const content = new Blob([...film.parts]);
    return { content, size: content.size, type, found: "cleaned" };
  }
  const clean = cleaners[type];
  if (!clean) return asIs("unknown");
  const { parts, removed } = clean(await read(file));
  if (!removed) return asIs("nothing");
  const content = new Blob(parts as Bytes[]);
  return { content, size: content.size, type, found: "cleaned" };
}

async function read(file: Blob): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.arrayBuffer());
  } catch {
    throw new Failure("broken", "reading the file failed");
  }
}

const films: readonly string[] = ["video/mp4", "video/quicktime", "audio/mp4", "video/3gpp"];

/** A file's kind by its first bytes; what the phone calls it counts only for kinds that we don't know. */
function sniff(head: Uint8Array, called: string): string {
  const s = ascii(head);
  if (s.startsWith("\xff\xd8\xff")) return "image/jpeg";
  if (s.startsWith("\x89PNG\r\n\x1a\n")) return "image/png";
  if (s.startsWith("RIFF") && s.slice(8, 12) === "WEBP") return "image/webp";
  // The brands of an ISO media file: the major one, then those it is compatible with.
  if (s.slice(4, 8) === "ftyp" && /hei[cxms]|hev[cxms]|mif1|msf1|avi[fs]/.test(s.slice(8))) return "image/heic";
  if (isFilm(head)) return s.startsWith("ftyp3g", 4) ? "video/3gpp" : s.startsWith("ftypM4A", 4) ? "audio/mp4" : s.startsWith("ftyp", 4) && !s.startsWith("qt", 8) ? "video/mp4" : "video/quicktime";
  // A wrong name must not make a picture pass for something that needs no cleaning, or the other way round.
  return /^[a-z]+\/[a-z0-9.+-]{1,80}$/.test(called) && !(called in cleaners) && !films.includes(called) ? called : "application/octet-stream";
}
