import { Decrypter, generateHybridIdentity, identityToRecipient } from "age-encryption";
import { describe, expect, test, vi } from "vitest";
import { blobSize, hashOf, newIdentity, padme, sealAttachment, sealedSize, type SealedBlob } from "../src/lib/attachment.ts";
import { base64, concat, hex, lp, sha256, text, u64, unbase64, unhex, utf8, type Bytes } from "../src/lib/bytes.ts";
import { newFollowUp, signFollowUp } from "../src/lib/followup.ts";
import { Failure } from "../src/lib/failure.ts";
import { checkReport } from "../src/lib/header.ts";
import { wordList } from "../src/lib/lists.ts";
import { replyIdentity, thread, threadId, threadSeed, toDigits, toWords } from "../src/lib/receipt.ts";
import { checkRecipient } from "../src/lib/recipients.ts";
import { pad, sealReport, shuffle, throwaway } from "../src/lib/seal.ts";
import { publicKey, verify } from "../src/lib/signing.ts";
import { readReceipt } from "../src/lib/typed.ts";
import { openReport, unpad, Unopened } from "./open.ts";
import { bytesOf, jsonOf } from "./vectors.ts";

const failure = (kind: string): unknown => expect.objectContaining({ name: "Failure", kind });

async function pair(): Promise<{ identity: string; recipient: string }> {
  const identity = await generateHybridIdentity();
  return { identity, recipient: await identityToRecipient(identity) };
}

describe("hashes", () => {
  const hashes = jsonOf("seal/hash.json") as { lp: { name: string; tag: string; fields: string[]; lp: string; sha256: string }[]; threads: { key: string; id: string }[] };

  test.each(hashes.lp)("lp, $name", async (v) => {
    const object = lp(v.tag, ...v.fields.map((f) => unhex(f)!));
    expect(hex(object)).toBe(v.lp);
    expect(hex(await sha256(object))).toBe(v.sha256);
  });

  test.each(hashes.threads)("thread $id", async ({ key, id }) => {
    expect(await threadId(unhex(key) ?? unbase64(key)!)).toBe(id);
  });

  test("texts have one spelling", () => {
    expect(unhex("0A")).toBeNull();
    expect(unhex("0")).toBeNull();
    for (const s of ["YQ", "YQ= ", "YR==", "Y Q==", "YQ==\n", "Y_=="]) expect(unbase64(s), s).toBeNull();
    expect(unbase64("YQ==")).toEqual(utf8("a"));
  });
});

describe("keys", () => {
  const keys = jsonOf("seal/keys.json") as { keys: { identity: string; recipient: string }[]; refused_recipients: { name: string; text: string }[] };

  test.each(keys.keys)("$recipient", async ({ identity, recipient }) => {
    expect(await identityToRecipient(identity)).toBe(recipient);
    expect(() => checkRecipient(recipient)).not.toThrow();
  });

  test.each(keys.refused_recipients)("attack 01: a roster's recipient, $name, is refused and nothing is sealed", async ({ text }) => {
    expect(() => checkRecipient(text)).toThrow(Failure);
    const { recipient } = await pair();
    await expect(sealReport(utf8("{}"), [recipient, text], 8)).rejects.toEqual(failure("seal"));
  });

  test("attack 02: zero recipients is an error, not a file for nobody", async () => {
    await expect(sealReport(utf8("{}"), [], 8)).rejects.toEqual(failure("nobody"));
  });
});

describe("receipts", () => {
  type Receipt = { entropy: string; en: string[]; es: string[]; fr: string[]; pt: string[]; digits: string; reply_identity: string; reply_recipient: string; thread_public: string; thread_id: string; bucket: string };
  const { receipts, typed, refused } = jsonOf("seal/receipts.json") as { receipts: Receipt[]; typed: { name: string; text: string; lang: string; entropy: string }[]; refused: { name: string; text: string; lang: string }[] };

  test.each(receipts)("$digits", async (v) => {
    const entropy = unhex(v.entropy)!;
    for (const lang of ["en", "es", "fr", "pt"] as const) expect(await toWords(entropy, (await wordList(lang))!)).toEqual(v[lang]);
    expect((await toDigits(entropy)).join(" ")).toBe(v.digits);
    expect(await replyIdentity(entropy)).toBe(v.reply_identity);
    expect(await thread(entropy)).toEqual({ id: v.thread_id, key: v.thread_public, reply: v.reply_recipient, bucket: v.bucket });
  });

  test.each(typed)("typed: $name", async ({ text, lang, entropy }) => {
    const read = await readReceipt(text, await wordList(lang));
    expect(read && hex(read)).toBe(entropy);
  });

  test.each(refused)("refused: $name", async ({ text, lang }) => {
    expect(await readReceipt(text, await wordList(lang))).toBeNull();
  });
});

describe("padding", () => {
  const padding = jsonOf("seal/padding.json") as { sizes: { json: number; padded: number }[]; too_large: number[]; unpad: { name: string; size: number; length: number; nonzero: number; ok: boolean }[] };

  test.each(padding.sizes)("$json bytes become $padded", ({ json, padded }) => {
    const p = pad(new Uint8Array(json).fill(0x20));
    expect(p.length).toBe(padded);
    expect(unpad(p).length).toBe(json);
  });

  test.each(padding.too_large)("%d bytes are too large", (n) => {
    expect(() => pad(new Uint8Array(n))).toThrow(Failure);
  });

  test.each(padding.unpad)("unpad, $name: $ok", ({ size, length, nonzero, ok }) => {
    const padded = new Uint8Array(size);
    if (size >= 4) new DataView(padded.buffer).setUint32(0, length);
    if (nonzero >= 0) padded[nonzero] = 1;
    if (ok) expect(unpad(padded).length).toBe(length);
    else expect(() => unpad(padded)).toThrow(Unopened);
  });

  test.each(jsonOf("seal/padme.json") as { length: number; padded: number }[])("padme of $length", ({ length, padded }) => {
    expect(padme(length)).toBe(padded);
  });
});

describe("reports sealed in Go", () => {
  type Sealed = { name: string; file: string; cut: number; append: string; flip: number; slots: number; identity: string; error: string; json: string };

  test.each(jsonOf("seal/sealed.json") as Sealed[])("$name", async (v) => {
    const whole = bytesOf("seal", v.file);
    const file = concat(whole.subarray(0, whole.length - v.cut), unhex(v.append)!);
    if (v.flip >= 0) file[v.flip]! ^= 1;
    const opening = openReport(file, v.slots, v.identity);
    if (v.error === "") expect(await opening).toBe(v.json);
    else await expect(opening).rejects.toThrow(v.error);
  });
});

describe("reports sealed here", () => {
  test("every recipient opens it, nobody else, and the throwaway keys given are used up", async () => {
    const [a, b, other] = await Promise.all([pair(), pair(), pair()]);
    const spares = await Promise.all([throwaway(), throwaway()]);
    const file = await sealReport(utf8('{"v":1}'), [a.recipient, b.recipient], 8, spares);
    expect(spares).toEqual([]);
    expect(() => checkReport(file, 8)).not.toThrow();
    expect(() => checkReport(file, 16)).toThrow(Failure);
    expect(await openReport(file, 8, a.identity)).toBe('{"v":1}');
    expect(await openReport(file, 8, b.identity)).toBe('{"v":1}');
    await expect(openReport(file, 8, other.identity)).rejects.toThrow("not-for-us");
  });

  test("nobody comes twice, and no more people than slots", async () => {
    const people = await Promise.all(Array.from({ length: 9 }, pair));
    const recipients = people.map((p) => p.recipient);
    await expect(sealReport(utf8("{}"), [recipients[0]!, recipients[0]!], 8)).rejects.toEqual(failure("seal"));
    await expect(sealReport(utf8("{}"), recipients, 8)).rejects.toEqual(failure("seal"));
  });

  test("a person's place in the header is any of them", async () => {
    // Which stanza opens is seen by damaging one after the other.
    const { identity, recipient } = await pair();
    const places = new Set<number>();
    for (let i = 0; i < 12; i++) places.add(await placeOf(await sealReport(utf8("{}"), [recipient], 8), identity));
    expect(places.size).toBeGreaterThan(2); // by chance: less than one in a hundred million
  });

  test("a shuffle reaches every order alike", () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const list = ["a", "b", "c"];
      shuffle(list);
      counts.set(list.join(""), (counts.get(list.join("")) ?? 0) + 1);
    }
    expect(counts.size).toBe(6);
    for (const n of counts.values()) expect(Math.abs(n - 1000)).toBeLessThan(200);
  });

  test("attack 20: one against seven people, ten English against 9,000 Burmese characters: the same length", async () => {
    const people = await Promise.all(Array.from({ length: 7 }, async () => (await pair()).recipient));
    const burmese = "မြန်မာ".repeat(1500);
    expect(burmese.length).toBe(9000);
    const lengths = new Set<number>();
    for (const [recipients, story] of [[people.slice(0, 1), "ten letter"], [people, burmese]] as const) {
      lengths.add((await sealReport(utf8(JSON.stringify({ story })), recipients, 8)).length);
    }
    expect(lengths.size).toBe(1);
  });
});

/** The stanza whose damage keeps an identity from opening a file. */
async function placeOf(file: Bytes, identity: string): Promise<number> {
  const head = new TextDecoder("latin1").decode(file.subarray(0, 25 << 10));
  let at = 0;
  for (let n = 0; n < 8; n++) {
    at = head.indexOf("-> ", at + 1);
    const damaged = file.slice();
    const place = at + "-> mlkem768x25519 ".length + 100;
    damaged[place] = damaged[place] === 0x41 ? 0x42 : 0x41;
    try {
      await openReport(damaged, 8, identity);
    } catch (error) {
      // Either the wrong stanza was damaged (then the header's seal fails) or the right one (then nothing matches).
      if ((error as Error).message === "not-for-us") return n;
    }
  }
  throw new Error("no stanza opens it");
}

describe("follow-ups", () => {
  type FollowUp = { name: string; entropy: string; thread_key: string; desk: string; json: string; parses: boolean; genuine: boolean };

  test.each((jsonOf("seal/follow-ups.json") as FollowUp[]).filter((v) => v.parses))("$name: genuine $genuine", async (v) => {
    const { thread: id, body, sig } = JSON.parse(v.json) as { thread: string; body: string; sig: string };
    const seed = await threadSeed(unhex(v.entropy)!);
    const key = unbase64(v.thread_key)!;
    const statement = lp("peerwitness/follow-up/v1", v.desk, id, body);
    const genuine = id === (await threadId(key)) && (await verify(key, unbase64(sig)!, statement));
    expect(genuine).toBe(v.genuine);
    if (v.genuine) expect(await signFollowUp(v.desk, body, seed)).toBe(sig);
  });

  test("one made here names its report, has an id of its own, and verifies", async () => {
    const seed = await threadSeed(new Uint8Array(16).fill(7));
    const json = JSON.parse(await newFollowUp("street", { of: "00".repeat(16), seq: 1, attachments: [{ n: 0, blobs: ["ab".repeat(32)] }] }, seed)) as { [key: string]: string };
    const body = JSON.parse(json["body"]!) as { report: string; of: string };
    expect(body.of).toBe("00".repeat(16));
    expect(body.report).toMatch(/^[0-9a-f]{32}$/);
    expect(await verify(await publicKey(seed), unbase64(json["sig"]!)!, lp("peerwitness/follow-up/v1", "street", json["thread"]!, json["body"]!))).toBe(true);
  });
});

describe("attachments", () => {
  const content = Uint8Array.from({ length: 70_000 }, (_, i) => (i * 7) % 251);
  type Attachment = { name: string; attachment: { identity: string; sealed_size: number; size: number }; file: string; cut: number; blobs: string[]; content: string; error: string };
  const attachments = jsonOf("seal/attachments.json") as Attachment[];

  test.each(attachments.filter((v) => v.error === ""))("sealed in Go: $name", async (v) => {
    const blob = bytesOf("seal", v.file);
    expect(hex(await sha256(blob))).toBe(v.blobs[0]);
    expect(sealedSize(content.length)).toBe(blob.length);
    expect(hex(await sha256(await openAttachment([blob], v.attachment.identity)))).toBe(v.content);
  });

  test.each([0x1ffff8, 70_000, 1, 65_528, blobSize * 2 + 5])("a file of %d bytes comes out as it went in", async (size) => {
    const file = new Blob([new Uint8Array(size).map((_, i) => i * 31)]);
    const identity = await newIdentity();
    const blobs = await all(sealAttachment(file, await hashOf(file), identity));
    for (const [i, { name, bytes }] of blobs.entries()) {
      expect(hex(await sha256(bytes))).toBe(name);
      expect(bytes.length === blobSize || (i === blobs.length - 1 && bytes.length < blobSize)).toBe(true);
    }
    expect(blobs.reduce((n, b) => n + b.bytes.length, 0)).toBe(sealedSize(size));
    const opened = await openAttachment(blobs.map((b) => b.bytes), identity);
    expect(hex(await sha256(opened))).toBe(await hashOf(file));
  });

  test("a file that is not the one announced is not sent", async () => {
    await expect(all(sealAttachment(new Blob([content]), "00".repeat(32), await newIdentity()))).rejects.toEqual(failure("broken"));
  });

  test("a file that can't be read is broken", async () => {
    const unreadable = Object.assign(new Blob([content]), { stream: () => new ReadableStream({ pull: () => Promise.reject(new Error("NotReadable")) }) });
    await expect(hashOf(unreadable)).rejects.toEqual(failure("broken"));
    await expect(all(sealAttachment(unreadable, "00".repeat(32), await newIdentity()))).rejects.toEqual(failure("broken"));
  });

  test("a large file is read no faster than its pieces are taken, and let go of when they are not", async () => {
    let read = 0;
    let ended = false;
    const film = Object.assign(new Blob([new Uint8Array(64 << 20)]), {
      stream: () => new ReadableStream({
        pull: (c) => { read++; c.enqueue(new Uint8Array(1 << 20)); },
        cancel: () => { ended = true; },
      }, { highWaterMark: 0 }),
    });
    const pieces = sealAttachment(film, "00".repeat(32), await newIdentity());
    for (let i = 0; i < 3; i++) await pieces.next();
    expect(read).toBeLessThanOrEqual(6);
    await pieces.return(undefined);
    await vi.waitFor(() => expect(ended).toBe(true), 10_000);
  });
});

async function all(given: AsyncIterable<SealedBlob>): Promise<SealedBlob[]> {
  const list: SealedBlob[] = [];
  for await (const { name, bytes } of given) list.push({ name, bytes: bytes.slice() });
  return list;
}

async function openAttachment(blobs: Uint8Array[], identity: string): Promise<Bytes> {
  const age = new Decrypter();
  age.addIdentity(identity);
  const padded = await age.decrypt(concat(...blobs));
  const length = Number(new DataView(padded.buffer, padded.byteOffset).getBigUint64(0));
  expect(padded.subarray(0, 8)).toEqual(u64(length));
  expect(padded.length).toBe(padme(8 + length));
  expect(padded.subarray(8 + length).every((b) => b === 0)).toBe(true);
  return concat(padded.subarray(8, 8 + length));
}

describe("Ed25519 for browsers without it", () => {
  test("gives the same keys and signatures as the browser's own", async () => {
    const { ed25519 } = await import("../src/lib/ed25519.ts");
    const seed = new Uint8Array(32).fill(9);
    expect(base64(ed25519.getPublicKey(seed))).toBe(base64(await publicKey(seed)));
    const message = utf8("message");
    const signature = new Uint8Array(ed25519.sign(message, seed));
    expect(await verify(await publicKey(seed), signature, message)).toBe(true);
    expect(ed25519.verify(signature, message, await publicKey(seed), { zip215: false })).toBe(true);
    expect(await verify(await publicKey(seed), signature, utf8("another"))).toBe(false);
    expect(text(message)).toBe("message");
  });
});
