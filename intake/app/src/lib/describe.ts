import { hashOf, newIdentity, sealedSize } from "./attachment.ts";
import { lookAt, type Looked } from "./clean.ts";
import type { Described } from "./compose.ts";
import { Failure } from "./failure.ts";
import type { FileChoice } from "./types.ts";

/** What a ticket lets follow, in bytes (PROTOCOL.md §9). */
const quota = 128 << 20;

/** describeAll looks at a report's files, one after the other, and makes a key for each. A Failure `broken`, `heic`, … or `large`. */
export async function describeAll(choices: readonly FileChoice[]): Promise<Described[]> {
  const looked: Looked[] = [];
  for (const choice of choices) looked.push(await lookAt(choice));
  if (looked.reduce((n, l) => n + sealedSize(l.size), 0) > quota) throw new Failure("large", "files over 128 MiB together");
  const all: Described[] = [];
  for (const [place, { content, type }] of looked.entries()) {
    const { file } = choices[place]!;
    const chosen = await hashOf(file);
    const cleaned = content !== file;
    const sha256 = cleaned ? await hashOf(content) : chosen;
    const identity = await newIdentity();
    const said = {
      n: place, sha256: chosen, size: file.size, type, identity, sealed_size: sealedSize(content.size),
      ...(cleaned ? { cleaned: true, sealed_sha256: sha256 } : {}),
    };
    all.push({ place, content, sha256, identity, said });
  }
  return all;
}
