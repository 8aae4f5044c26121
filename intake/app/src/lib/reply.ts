import { Decrypter } from "age-encryption";
import { base64nopad } from "./base.ts";
import { hex, lp, sha256, text, unbase64, type Bytes } from "./bytes.ts";
import { dayOf } from "./field.ts";
import { uniqueKeys, whole } from "./keys.ts";
import { isLowOrder } from "./recipients.ts";
import { verify } from "./signing.ts";
import type { Said } from "./types.ts";

// What the desk answered, PROTOCOL.md §7 (Reply). Whoever serves a bucket may put anything in it, and whoever knows a
// report may seal to its receipt: only a signature inside, by somebody on the roster, makes an answer of a slot.

/** A slot's length in bytes, and that of the padded text inside. */
export const slotSize = 4096;
const plainSize = 2437;

const header = /^age-encryption\.org\/v1\n-> mlkem768x25519 ([A-Za-z0-9+/]{1494})\n([A-Za-z0-9+/]{43})\n--- ([A-Za-z0-9+/]{43})\n/;

/** Me is what a receipt's holder tries slots with: the identity that opens her answers, and the id of her thread. */
export type Me = { readonly identity: string; readonly thread: string };

/** KeyOf is the signing key of a person who may answer; undefined for anybody else. */
export type KeyOf = (person: string) => Bytes | undefined;

/** SlotError is what is wrong with a slot by itself. With the first three it is somebody else's, or no slot at all. */
export type SlotError = "shape" | "stanza" | "not-for-us" | "damaged" | "padding" | "content" | "thread" | "author" | "signature" | "";

type Body = { readonly thread: string; readonly desk: string; readonly n: number; readonly former: string; readonly author: string; readonly day: string; readonly more: boolean; readonly text: string };

/** Opened is a slot tried by itself. With an `error` a body tells only what somebody wrote. */
export type Opened = { readonly error: SlotError; readonly body?: Body };

/** openSlot tries one slot. It never throws. */
export async function openSlot(slot: Bytes, me: Me, keyOf: KeyOf): Promise<Opened> {
  const parts = header.exec(new TextDecoder("latin1").decode(slot));
  if (!parts || slot.length !== slotSize) return { error: "shape" };
  try {
    const [share] = parts.slice(1).map((line) => base64nopad.decode(line));
    if (isLowOrder(share!.subarray(-32))) return { error: "stanza" };
  } catch {
    return { error: "shape" };
  }
  let padded: Uint8Array;
  try {
    const age = new Decrypter();
    age.addIdentity(me.identity);
    padded = await age.decrypt(slot);
  } catch (error) {
    return { error: /no identity matched/.test(String(error)) ? "not-for-us" : "damaged" };
  }
  const plain = unpad(padded);
  if (!plain) return { error: "padding" };
  const envelope = readObject(plain);
  const source = envelope?.["body"];
  const sig = envelope?.["sig"];
  const body = typeof source === "string" ? readBody(source) : null;
  if (!body) return { error: "content" };
  if (body.thread !== me.thread) return { error: "thread", body };
  const key = keyOf(body.author);
  if (!key) return { error: "author", body };
  const signature = typeof sig === "string" ? unbase64(sig) : null;
  const good = signature !== null && (await verify(key, signature, lp("peerwitness/reply-body/v1", source as string)));
  return { error: good ? "" : "signature", body };
}

function unpad(padded: Uint8Array): Uint8Array | null {
  if (padded.length !== plainSize) return null;
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  if (length > plainSize - 4 || padded.subarray(4 + length).some((b) => b !== 0)) return null;
  return padded.subarray(4, 4 + length);
}

type Fields = { readonly [key: string]: unknown };

function readObject(source: Uint8Array | string): Fields | null {
  try {
    const s = typeof source === "string" ? source : text(source);
    const value: unknown = JSON.parse(s);
    return typeof value === "object" && value !== null && !Array.isArray(value) && uniqueKeys(s) ? (value as Fields) : null;
  } catch {
    return null;
  }
}

/** Null for what does not say all that an answer says. What stands there besides is passed over. */
function readBody(source: string): Body | null {
  const o = readObject(source);
  if (!o) return null;
  const of = (key: string, form: RegExp) => (typeof o[key] === "string" && form.test(o[key]) ? o[key] : null);
  // As a Go reader does: what is missing or null is zero, no, or empty.
  const n = (o["n"] ?? null) === null ? 0 : whole(source, "n");
  const roster = whole(source, "roster");
  const thread = of("thread", /^[0-9a-f]{32}$/);
  const desk = of("desk", /^[a-z0-9][a-z0-9-]{0,31}$/);
  const author = of("author", /^p-[0-9a-f]{16}$/);
  const day = of("day", /^(?:19[7-9]|[2-9]\d\d)\d-\d\d-\d\d$/);
  const [former, more, said] = [o["former"] ?? "", o["more"] ?? false, o["text"] ?? ""];
  if (n === null || n > 0xffffffff || !roster || !thread || !desk || !author || !day || dayOf(Date.parse(`${day}T00:00:00Z`)) !== day) return null;
  if (typeof former !== "string" || !(n === 0 ? /^$/ : /^[0-9a-f]{64}$/).test(former)) return null;
  if (typeof more !== "boolean" || typeof said !== "string") return null;
  return { thread, desk, n, former, author, day, more, text: said };
}

/** Replies is what a bucket holds for one receipt. */
export type Replies = {
  readonly said: readonly Said[];
  /** How many slots there were before the first that is there. */
  readonly runOut: number;
  /** What became of each slot given, in order: `unconfirmed` was sealed to this receipt and is not to be believed. */
  readonly states: readonly { readonly state: "other" | "answer" | "unconfirmed"; readonly error: SlotError }[];
};

/**
 * readReplies tries every slot of a bucket, all of them whatever the first ones give, and puts together what the desk
 * said, oldest first. The slots of one message are joined. Of two slots with one number the first in the bucket counts;
 * one that does not name the slot before it is unconfirmed, unless it is the first that is there. The same bytes again are passed over.
 */
export async function readReplies(slots: readonly Bytes[], me: Me, keyOf: KeyOf): Promise<Replies> {
  const states: { state: "other" | "answer" | "unconfirmed"; error: SlotError }[] = [];
  const good: { body: Body; at: number }[] = [];
  const seen = new Set<string>();
  // Slots that can be named as the one before: also those whose author has left since, so that what came after still stands.
  const links = new Set<string>();
  for (const [at, slot] of slots.entries()) {
    const sum = hex(await sha256(slot));
    if (seen.has(sum)) {
      states.push({ state: "other", error: "" });
      continue;
    }
    seen.add(sum);
    const { error, body } = await openSlot(slot, me, keyOf);
    states.push({ state: error === "shape" || error === "stanza" || error === "not-for-us" ? "other" : "unconfirmed", error });
    if (body?.thread === me.thread) links.add(`${body.n} ${sum}`);
    if (body && error === "") good.push({ body, at });
  }
  good.sort((a, b) => a.body.n - b.body.n);
  const said: { n: number; day: string; desk: string; text: string; whole: boolean }[] = [];
  let last: Body | null = null;
  let runOut = 0;
  for (const { body, at } of good) {
    if (last && (body.n === last.n || !links.has(`${body.n - 1} ${body.former}`))) continue;
    states[at]!.state = "answer";
    const open = said[said.length - 1];
    if (!last) runOut = body.n;
    if (open && last?.more && body.n === last.n + 1) {
      open.text += body.text;
      open.whole = !body.more;
    } else said.push({ n: body.n, day: body.day, desk: body.desk, text: body.text, whole: !body.more });
    last = body;
  }
  return { said, runOut, states };
}
