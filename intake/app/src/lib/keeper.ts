import type { Api } from "./api.ts";
import { base64, hex, sha256, text, unbase64, type Bytes } from "./bytes.ts";
import { Failure, Refusal, kindOf } from "./failure.ts";
import { dayOf } from "./field.ts";
import { adopt, fingerprint, parseRoster, type Roster } from "./roster.ts";
import { checkSheet, openers, parseSheet, type Certificate, type Checked, type Opener, type Sheet } from "./sheet.ts";
import type { Store } from "./store.ts";
import type { OrganisationData } from "./types.ts";

// What this phone holds on to between visits, so that a server can't take it back: the newest roster, whose roots it
// has seen, the newest certificates, and every revocation. And the codebook and words that the roster names, so that
// the steps and numbers that help are there without a connection.

const rosterKey = "roster";
const sheetKey = "sheet";
const certificatesPerPerson = 3;
const freshFor = 600_000; // milliseconds
const aheadFor = 172_800_000; // two days, as for certificates

type HeldRoster = { readonly note: string; readonly roots: readonly string[] };
type HeldSheet = { readonly certificates: readonly string[]; readonly revocations: readonly string[] };

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((x): x is string => typeof x === "string") : [];
}

/** Keeper fetches the roster and the desks' sheets and never goes back behind what it has once held. */
export class Keeper {
  readonly #api: Api;
  readonly #store: Store;
  readonly #now: () => Date;
  readonly #last = new Map<string, { readonly at: number; readonly roster: Roster; readonly people: Opener[] }>();

  /** Everybody whom a revocation took out that this phone has seen in this visit or kept from earlier ones. */
  readonly revoked = new Set<string>();

  constructor(api: Api, store: Store, now: () => Date) {
    this.#api = api;
    this.#store = store;
    this.#now = now;
  }

  /**
   * roster is the roster to go by now, and why it is one kept from before, if it is. With none kept, a Failure:
   * `offline`, `server`, `refused`, `roster`, `root`, `expired`, or `clock` (see #checkClock). `root` too when the link names other roots than any that
   * led to the kept one: then the link or what was seen before is not the organisation's, and the phone can't tell which.
   */
  async roster(root: string | null): Promise<{ roster: Roster; kept: OrganisationData["kept"] }> {
    const { held, roots } = await this.#held();
    if (held) this.#checkClock(held);
    if (held && root !== null && !roots.includes(root)) throw new Failure("root", "the link names other roots than this phone has seen");
    let note;
    try {
      note = await this.#api.roster(held !== null);
    } catch (error) {
      if (held) return { roster: held, kept: "offline" };
      throw error;
    }
    try {
      const roster = await adopt(held, note, root, this.#now());
      this.#checkClock(roster);
      if (roster !== held) {
        const seen = [...new Set([...roots, await fingerprint(roster)])];
        await this.#keep(rosterKey, { note: base64(note), roots: seen } satisfies HeldRoster);
        await this.#prune(roster).catch(() => undefined);
      }
      return { roster, kept: "" };
    } catch (error) {
      if (held && error instanceof Refusal) return { roster: held, kept: "refused" };
      throw error;
    }
  }

  /** By a clock that is behind the roster no certificate has begun: the peer is told to look at her phone's date. */
  #checkClock(roster: Roster): void {
    if (roster.issued > dayOf(this.#now().getTime() + aheadFor)) throw new Failure("clock", "the roster is from the future");
  }

  /** codebook is the codebook that a roster names, from this phone if it is kept. A Failure as from Api. */
  codebook({ codebook }: Roster): Promise<Bytes> {
    return this.#document(codebook, () => this.#api.codebook(codebook));
  }

  /** text is the organisation's words in a language, or in its base language, or in English, or in what there is; null without any. */
  async text({ texts }: Roster, lang: string): Promise<Bytes | null> {
    const wanted = lang.toLowerCase();
    const tag = [wanted, wanted.split("-")[0]!, "en"].find((t) => t in texts) ?? Object.keys(texts)[0];
    const hash = tag === undefined ? undefined : texts[tag];
    return hash === undefined ? null : this.#document(hash, () => this.#api.text(hash, tag!));
  }

  /** A document is named by its hash: one that is kept is as good as a new one, and a damaged one is fetched again. */
  async #document(hash: string, fetch: () => Promise<Bytes>): Promise<Bytes> {
    const key = `document/${hash}`;
    const kept = await this.#store.get(key).catch(() => null);
    if (kept instanceof Uint8Array && hex(await sha256(kept as Bytes)) === hash) return kept as Bytes;
    const bytes = await fetch();
    await this.#store.put(key, bytes).catch(() => undefined);
    return bytes;
  }

  /** Of documents only those stay that the roster names. */
  async #prune({ codebook, texts }: Roster): Promise<void> {
    const named = [codebook, ...Object.values(texts)];
    for (const key of await this.#store.keys("document/")) if (!named.includes(key.slice("document/".length))) await this.#store.remove(key);
  }

  async #held(): Promise<{ held: Roster | null; roots: string[] }> {
    const value = (await this.#read(rosterKey)) as Partial<HeldRoster>;
    const note = typeof value.note === "string" ? unbase64(value.note) : null;
    if (!note) return { held: null, roots: [] };
    try {
      return { held: await parseRoster(note), roots: texts(value.roots) };
    } catch (error) {
      // Nobody but this app writes it: it is damaged, or an older version's.
      if (error instanceof Refusal) return { held: null, roots: [] };
      throw error;
    }
  }

  /**
   * openers are the people of a desk with what to seal to today, asked for again when the last answer is over ten minutes
   * old: a revocation may have come. When no sheet can be had the kept one is used, if it has anything for that desk; else
   * a Failure `offline`, `server` or `refused`.
   */
  async openers(roster: Roster, desk: string): Promise<Opener[]> {
    const now = this.#now().getTime();
    const last = this.#last.get(desk);
    if (last && last.roster === roster && Math.abs(now - last.at) < freshFor) return last.people;
    const { people, served } = await this.#ask(roster, desk);
    if (served) this.#last.set(desk, { at: now, roster, people });
    return people;
  }

  async #ask(roster: Roster, desk: string): Promise<{ people: Opener[]; served: boolean }> {
    const kept = await this.#keptSheet();
    let served: Sheet | null = null;
    let failure: Failure | null = null;
    try {
      served = parseSheet(text(await this.#api.sheet(desk, kept.certificates.length > 0)));
      if (served.desk !== desk) failure = new Failure("server", "another desk's sheet");
    } catch (error) {
      failure = error instanceof Refusal || error instanceof TypeError ? new Failure("server", "a malformed sheet") : new Failure(kindOf(error), "fetching the sheet failed");
    }
    const good = failure ? null : served;
    const both: Sheet = {
      desk,
      certificates: [...new Set([...(good?.certificates ?? []), ...kept.certificates])],
      revocations: [...new Set([...(good?.revocations ?? []), ...kept.revocations])],
    };
    const checked = await checkSheet(roster, both);
    for (const v of checked.revocations) this.revoked.add(v.person);
    const people = openers(roster, desk, checked, this.#now());
    if (failure && !people.some((p) => p.recipient !== "")) throw failure;
    await this.#keep(sheetKey, newest(checked));
    return { people, served: !failure };
  }

  async #keptSheet(): Promise<HeldSheet> {
    const value = (await this.#read(sheetKey)) as Partial<HeldSheet>;
    return { certificates: texts(value.certificates), revocations: texts(value.revocations) };
  }

  // Storage that fails (full, forbidden, cleared half way) is no reason not to send a report.
  async #read(key: string): Promise<object> {
    const value = await this.#store.get(key).catch(() => null);
    return typeof value === "object" && value !== null ? value : {};
  }

  async #keep(key: string, value: object): Promise<void> {
    await this.#store.put(key, value).catch(() => undefined);
  }
}

/** What is worth keeping of a sheet, written again in the protocol's order of keys. */
function newest(checked: Checked): HeldSheet {
  const later = (a: Certificate, b: Certificate) => b.epoch - a.epoch || (a.from < b.from ? 1 : -1);
  const certificates: string[] = [];
  for (const person of new Set(checked.certificates.map((c) => c.person))) {
    const hers = checked.certificates.filter((c) => c.person === person).sort(later);
    certificates.push(...hers.slice(0, certificatesPerPerson).map((c) => JSON.stringify(c)));
  }
  return { certificates, revocations: checked.revocations.map((v) => JSON.stringify(v)) };
}
