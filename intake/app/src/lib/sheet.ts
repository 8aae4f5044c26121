import { base64, lp, u32, type Bytes } from "./bytes.ts";
import { Refusal } from "./failure.ts";
import { Field, dayOf } from "./field.ts";
import type { Roster } from "./roster.ts";
import type { Person } from "./shape.ts";
import { verify } from "./signing.ts";

// A desk's sheet: certificates to seal to, and revocations (PROTOCOL.md §3). Nobody has to trust who serves it.

/** Certificate says that reports for a person may be sealed to a recipient for a while. */
export type Certificate = {
  readonly person: string;
  readonly epoch: number;
  readonly recipient: string;
  readonly from: string;
  readonly until: string;
  readonly sig: string;
};

/** Revocation takes a person out. It outlives the roster it was made under. */
export type Revocation = { readonly person: string; readonly roster: string; readonly by: string; readonly heads: string; readonly sig: string };

/** Sheet is what was served for a desk; each item is the JSON of one certificate or revocation, unchecked. */
export type Sheet = { readonly desk: string; readonly certificates: readonly string[]; readonly revocations: readonly string[] };

/** Opener is one of a desk's people. `recipient` is empty when nothing can be sealed to her. */
export type Opener = { readonly person: Person; readonly recipient: string; readonly current: boolean; readonly revoked: boolean };

const dayMs = 86_400_000;
const certificateDays = 45;
const aheadDays = 2;
const maxItem = 16 << 10;
const maxItems = 4096;

function memberOf(roster: Roster, id: string): Person | undefined {
  return roster.people.find((p) => p.id === id);
}

/**
 * checkCertificate reads a certificate and checks its form, that its person is on the roster and that her roster key
 * signed it; a Refusal `shape`, `person` or `signatures` else. Whether it is current is for choose.
 */
export async function checkCertificate(roster: Roster, json: string): Promise<Certificate> {
  if (json.length > maxItem) throw new Refusal("shape", "certificate: too long");
  const n = Field.document(json, "certificate");
  const from = n.get("from").day();
  const sig = n.get("sig").bytes(64);
  const c: Certificate = {
    person: n.get("person").person(),
    epoch: n.get("epoch").whole(1, 999_912),
    recipient: n.get("recipient").recipient(),
    from,
    until: n.get("until").day(),
    sig: base64(sig),
  };
  if (c.epoch !== Number(from.slice(0, 4)) * 100 + Number(from.slice(5, 7))) n.fail("epoch is not the month of its first day");
  if (c.until !== dayOf(Date.parse(`${from}T00:00:00Z`) + certificateDays * dayMs)) n.fail("last day is not 45 days after the first");
  const statement = lp("peerwitness/certificate/v1", c.person, u32(c.epoch), c.recipient, c.from, c.until);
  await checkSigned(memberOf(roster, c.person), sig, statement);
  return c;
}

/**
 * checkRevocation reads a revocation and checks its form, that whoever signed it is a lead of this roster, and her
 * signature; a Refusal else. The revoked person need not be on the roster any more.
 */
export async function checkRevocation(roster: Roster, json: string): Promise<Revocation> {
  if (json.length > maxItem) throw new Refusal("shape", "revocation: too long");
  const n = Field.document(json, "revocation");
  const sig = n.get("sig").bytes(64);
  const v: Revocation = {
    person: n.get("person").person(), roster: n.get("roster").hash(), by: n.get("by").person(), heads: n.get("heads").hash(), sig: base64(sig),
  };
  const by = memberOf(roster, v.by);
  const statement = lp("peerwitness/revocation/v1", v.person, v.roster, v.by, v.heads);
  await checkSigned(by?.roles.includes("lead") ? by : undefined, sig, statement);
  return v;
}

async function checkSigned(by: Person | undefined, sig: Bytes, statement: Bytes): Promise<void> {
  if (!by) throw new Refusal("person", "nobody on the roster in that role");
  if (!(await verify(by.signing, sig, statement))) throw new Refusal("signatures", "the signature does not match");
}

/**
 * choose is which of one person's checked certificates to seal to: of those good today, UTC, the highest epoch
 * (`current` then), or else the highest epoch of all that begin at most two days ahead. Within an epoch the later first
 * day wins, then the recipient lower in byte order. Null when there is none.
 */
export function choose(certificates: readonly Certificate[], now: Date): { certificate: Certificate; current: boolean } | null {
  const today = dayOf(now);
  const limit = dayOf(now.getTime() + aheadDays * dayMs);
  let best: { certificate: Certificate; current: boolean } | null = null;
  for (const certificate of certificates) {
    if (certificate.from > limit) continue;
    const current = certificate.from <= today && today <= certificate.until;
    if (!best || (current && !best.current) || (current === best.current && supersedes(certificate, best.certificate))) best = { certificate, current };
  }
  return best;
}

function supersedes(a: Certificate, b: Certificate): boolean {
  if (a.epoch !== b.epoch) return a.epoch > b.epoch;
  if (a.from !== b.from) return a.from > b.from;
  return a.recipient < b.recipient;
}

/** parseSheet reads a sheet as it was served, in the strict form; a Refusal `shape` for any other. */
export function parseSheet(source: string): Sheet {
  const n = Field.document(source, "sheet");
  const items = (key: string) => n.get(key).list(maxItems).map((item) => item.source());
  return { desk: n.get("desk").slug(), certificates: items("certificates"), revocations: items("revocations") };
}

/** Checked is what of a sheet passed its check, and how many items did not. */
export type Checked = { readonly certificates: readonly Certificate[]; readonly revocations: readonly Revocation[]; readonly refused: number };

/** checkSheet checks every item of a sheet. What fails counts for nothing, so that one bad item stops no report. */
export async function checkSheet(roster: Roster, sheet: Sheet): Promise<Checked> {
  let refused = 0;
  const passing = async <T>(items: readonly string[], check: (roster: Roster, json: string) => Promise<T>): Promise<T[]> => {
    const out: T[] = [];
    for (const json of items) {
      try {
        out.push(await check(roster, json));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refused++;
      }
    }
    return out;
  };
  return { certificates: await passing(sheet.certificates, checkCertificate), revocations: await passing(sheet.revocations, checkRevocation), refused };
}

/** openers are a desk's people in the roster's order, each with what to seal to today. No such desk: a Refusal. */
export function openers(roster: Roster, desk: string, checked: Checked, now: Date): Opener[] {
  const d = roster.desks.find((x) => x.id === desk);
  if (!d) throw new Refusal("shape", "no such desk");
  return d.people.map((id) => {
    const person = memberOf(roster, id)!; // readShape saw to it
    const revoked = checked.revocations.some((v) => v.person === id);
    const chosen = revoked ? null : choose(checked.certificates.filter((c) => c.person === id), now);
    return { person, recipient: chosen?.certificate.recipient ?? "", current: chosen?.current ?? false, revoked };
  });
}
