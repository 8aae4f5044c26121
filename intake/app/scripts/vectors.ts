import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateHybridIdentity, identityToRecipient } from "age-encryption";
import { utf8 } from "../src/lib/bytes.ts";
import { compose } from "../src/lib/compose.ts";
import { newFollowUp } from "../src/lib/followup.ts";
import { sealReport } from "../src/lib/seal.ts";
import type { Submission } from "../src/lib/types.ts";

// Writes testdata/vectors/seal-ts: files that this app sealed and the Go tests must open, with their throwaway keys.

const folder = join(import.meta.dirname, "../../../testdata/vectors/seal-ts");
const now = new Date("2026-11-23T12:00:00Z");
const roster = "11".repeat(32);
const plain: Submission = { desk: "street", lang: "en", answers: { story: "PRACTICE. They asked for money." }, consent: [], leftOut: [], files: [], receipt: false, practice: true };
const burmese = "မြန်မာ ".repeat(2000);

type Made = { readonly name: string; readonly slots: 8 | 16; readonly people: number; readonly json: Uint8Array };

async function report(s: Submission): Promise<Uint8Array> {
  return (await compose(s, roster, s.acceptExpired ?? false, null, now)).json;
}

const made: Made[] = [
  { name: "short", slots: 8, people: 1, json: await report(plain) },
  { name: "seven-people", slots: 8, people: 7, json: await report({ ...plain, contact: { name: "K", reach: "knock" }, consent: ["legal-help", "count-me"] }) },
  { name: "sixteen-slots", slots: 16, people: 3, json: await report({ ...plain, acceptExpired: true, answers: { story: `PRACTICE ${burmese}`, when: { kind: "date", date: "2026-11-20", hour: 14 } } }) },
  {
    name: "with-a-file", slots: 8, people: 2,
    json: await report({ ...plain, files: [{ file: new File(["PRACTICE: a plain text"], "a.txt", { type: "text/plain" }), original: false }] }),
  },
  {
    name: "follow-up", slots: 8, people: 2,
    json: utf8(await newFollowUp("street", { of: "00112233445566778899aabbccddeeff", seq: 1, text: `PRACTICE “${burmese.slice(0, 20)}” \ud83d\ude80`, attachments: [{ n: 0, blobs: ["ab".repeat(32)] }] }, new Uint8Array(32).fill(5))),
  },
];

mkdirSync(folder, { recursive: true });
const index = [];
for (const { name, slots, people, json } of made) {
  const identities = [];
  for (let i = 0; i < people; i++) identities.push(await generateHybridIdentity());
  const recipients = [];
  for (const identity of identities) recipients.push(await identityToRecipient(identity));
  writeFileSync(join(folder, `${name}.age`), await sealReport(json, recipients, slots));
  index.push({ file: `${name}.age`, identity: identities.at(-1), slots, json: new TextDecoder().decode(json) });
}
writeFileSync(join(folder, "index.json"), `${JSON.stringify(index, null, 1)}\n`);
