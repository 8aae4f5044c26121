import { base64, hex, lp, random, type Bytes } from "./bytes.ts";
import { threadId } from "./receipt.ts";
import { publicKey, sign } from "./signing.ts";

/**
 * Message is what a follow-up says, PROTOCOL.md §4. `of` is the report's id, which who comes back with her words alone
 * does not know; `blobs` are names in hex, in order; `new`
 * describes a file that the report did not announce.
 */
export type Message = {
  readonly of?: string;
  readonly seq: number;
  readonly text?: string;
  readonly withdraw?: readonly string[];
  readonly helped?: string;
  readonly attachments?: readonly { readonly n: number; readonly blobs: readonly string[]; readonly new?: object }[];
};

/** newFollowUp is the JSON of a follow-up for a desk, signed with the thread's seed, with a random id of its own. */
export async function newFollowUp(desk: string, message: Message, seed: Bytes): Promise<string> {
  const body = JSON.stringify({ report: hex(random(16)), ...message });
  const thread = await threadId(await publicKey(seed));
  return JSON.stringify({ v: 1, kind: "follow-up", thread, body, sig: await signFollowUp(desk, body, seed) });
}

/** signFollowUp is the signature, in base64, over a body as it stands. */
export async function signFollowUp(desk: string, body: string, seed: Bytes): Promise<string> {
  const thread = await threadId(await publicKey(seed));
  return base64(await sign(seed, lp("peerwitness/follow-up/v1", desk, thread, body)));
}
