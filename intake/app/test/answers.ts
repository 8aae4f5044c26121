import { Encrypter } from "age-encryption";
import { base64, concat, hex, lp, sha256, u32, utf8, type Bytes } from "../src/lib/bytes.ts";
import { thread } from "../src/lib/receipt.ts";
import { sign } from "../src/lib/signing.ts";
import type { Advocate } from "./organisation.ts";

// The desk's side of an answer: the phone never seals one.

export type Answering = { readonly to: Bytes; readonly by: Advocate; readonly n?: number; readonly former?: string; readonly text?: string; readonly more?: boolean; readonly desk?: string; readonly day?: string };

/** answer is one slot, and its hash for the next one's `former`. */
export async function answer({ to, by, n = 0, former = "", text = "PRACTICE. We read it.", more = false, desk = "street", day = "2026-11-24" }: Answering): Promise<{ slot: Bytes; hash: string; bucket: string }> {
  const { id, reply, bucket } = await thread(to);
  const body = JSON.stringify({ thread: id, desk, n, former, author: by.id, roster: 1, day, more, text });
  const json = utf8(JSON.stringify({ body, sig: base64(await sign(by.seed, lp("peerwitness/reply-body/v1", body))) }));
  const age = new Encrypter();
  age.addRecipient(reply);
  const slot = concat(await age.encrypt(concat(u32(json.length), json, new Uint8Array(2437 - 4 - json.length))));
  return { slot, hash: hex(await sha256(slot)), bucket };
}
