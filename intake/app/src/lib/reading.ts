import type { Api } from "./api.ts";
import { unhex, type Bytes } from "./bytes.ts";
import { Failure, kindOf } from "./failure.ts";
import type { Keeper } from "./keeper.ts";
import type { Thread } from "./receipt.ts";
import { readReplies, slotSize } from "./reply.ts";
import type { Roster } from "./roster.ts";
import type { Answers } from "./types.ts";

// Coming back with the words. Only who does fetches this part of the app.

/**
 * readAnswers fetches the bucket of a receipt's thread and reads it with the receipt's reply identity. Right and wrong words make the same requests: first the sheet of
 * every desk, for the revocations and so that nothing tells which desk answered; then the bucket, last of all. Nothing is
 * fetched after a slot was opened. A Failure `offline`, `server` or `refused`.
 */
export async function readAnswers(api: Api, keeper: Keeper, roster: Roster, { id, bucket }: Thread, identity: string): Promise<Answers> {
  for (const desk of roster.desks) {
    await keeper.openers(roster, desk.id).catch((error: unknown) => {
      // A desk that the server knows no more keeps nobody from the others' answers.
      if (kindOf(error) !== "refused") throw error;
    });
  }
  const bytes = await api.bucket(prefixOf(bucket, roster.policy.bucket_bits));
  if (bytes.length % slotSize !== 0) throw new Failure("server", "a bucket that is not whole slots");
  const slots = Array.from({ length: bytes.length / slotSize }, (_, i) => bytes.slice(i * slotSize, (i + 1) * slotSize));
  const keyOf = (person: string): Bytes | undefined => {
    const p = roster.people.find((x) => x.id === person);
    return p && !keeper.revoked.has(person) && (p.roles.includes("advocate") || p.roles.includes("lead")) ? p.signing : undefined;
  };
  const { said, runOut, states } = await readReplies(slots, { identity, thread: id }, keyOf);
  return { said, runOut, unconfirmed: states.filter((s) => s.state === "unconfirmed").length };
}

/** prefixOf is the first bits of a bucket value as characters 0 and 1. */
export function prefixOf(bucket: string, bits: number): string {
  return Array.from(unhex(bucket)!, (b) => b.toString(2).padStart(8, "0")).join("").slice(0, bits);
}
