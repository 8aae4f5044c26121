import { generateHybridIdentity, identityToRecipient } from "age-encryption";
import { base64, concat, hex, lp, sha256, u32, utf8, type Bytes } from "../src/lib/bytes.ts";
import { publicKey, sign } from "../src/lib/signing.ts";

// A whole organisation with throwaway keys, and a server of it in memory that can be made to fail.

export type Advocate = { readonly id: string; readonly seed: Bytes; readonly identity: string; readonly recipient: string };

export const today = new Date("2026-11-23T12:00:00Z");

/** A key that is always the same for a name. */
const seedOf = (name: string) => sha256(utf8(`test key ${name}`));

async function rootKey(name: string): Promise<{ verifier: string; line: (text: string) => Promise<string> }> {
  const seed = await seedOf(name);
  const key = concat(Uint8Array.of(1), await publicKey(seed));
  const hash = (await sha256(concat(utf8(`${name}\n`), key))).subarray(0, 4);
  return {
    verifier: `${name}+${hex(hash)}+${base64(key)}`,
    line: async (text) => `\u2014 ${name} ${base64(concat(hash, await sign(seed, utf8(text))))}\n`,
  };
}

export async function advocate(n: number): Promise<Advocate> {
  const identity = await generateHybridIdentity();
  return { id: `p-${String(n).padStart(16, "0")}`, seed: await seedOf(`advocate ${n}`), identity, recipient: await identityToRecipient(identity) };
}

export async function certificate(by: Advocate, recipient = by.recipient, from = "2026-11-01", until = "2026-12-16"): Promise<string> {
  const epoch = Number(from.slice(0, 4)) * 100 + Number(from.slice(5, 7));
  const sig = base64(await sign(by.seed, lp("peerwitness/certificate/v1", by.id, u32(epoch), recipient, from, until)));
  return JSON.stringify({ person: by.id, epoch, recipient, from, until, sig });
}

export async function revocation(of: Advocate, lead: Advocate): Promise<string> {
  const [roster, heads] = ["22".repeat(32), "33".repeat(32)];
  const sig = base64(await sign(lead.seed, lp("peerwitness/revocation/v1", of.id, roster, lead.id, heads)));
  return JSON.stringify({ person: of.id, roster, by: lead.id, heads, sig });
}

const bucketPath = /^\/v1\/buckets\/b([01]{0,16})$/;

type Server = { calls: string[]; slots: { prefix: string; slot: Bytes }[]; deposits: Map<string, { desk: string; report: Bytes }>; blobs: Map<string, Bytes> };

/** Fault answers a request in the server's place, before (`undefined`: not) or after it was carried out. */
export type Fault = (method: string, path: string) => "drop" | "lose" | Response | undefined;

export class Organisation {
  readonly server: Server = { calls: [], slots: [], deposits: new Map(), blobs: new Map() };
  readonly advocates: readonly Advocate[];
  readonly recovery: { readonly identity: string; readonly recipient: string };
  readonly files = new Map<string, Bytes>();
  note: Bytes = new Uint8Array(0);
  sheet = "";
  fault: Fault = () => undefined;

  private constructor(advocates: readonly Advocate[], recovery: { identity: string; recipient: string }) {
    this.advocates = advocates;
    this.recovery = recovery;
  }

  static async make(people = 2): Promise<Organisation> {
    const identity = await generateHybridIdentity();
    const org = new Organisation(await Promise.all(Array.from({ length: people }, (_, i) => advocate(i + 1))), { identity, recipient: await identityToRecipient(identity) });
    await org.publish({});
    org.certify(...await Promise.all(org.advocates.map((a) => certificate(a))));
    return org;
  }

  certify(...certificates: string[]): void {
    this.sheet = `{"desk":"street","certificates":[${certificates.join()}],"revocations":[]}`;
  }

  revoke(...revocations: string[]): void {
    this.sheet = this.sheet.replace('"revocations":[]', `"revocations":[${revocations.join()}]`);
  }

  /** Signs and serves a roster that differs from the usual one as given. */
  async publish(change: object, signedBy = ["root-a", "root-b"]): Promise<Bytes> {
    const roots = await Promise.all(["root-a", "root-b", "root-c"].map(rootKey));
    const codebook = utf8('{"version":1,"languages":["en"],"groups":[],"lists":{"need":[]}}');
    const words = utf8('{"lang":"en","not_a_call":"PRACTICE"}');
    const [c, w] = [hex(await sha256(codebook)), hex(await sha256(words))];
    this.files.set(`/v1/codebook/${c}`, codebook);
    this.files.set(`/v1/texts/${w}/en`, words);
    const roster = {
      organisation: "Practice", version: 1, former: "", issued: "2026-01-01", expires: "2026-12-31", roots: roots.map((r) => r.verifier), threshold: 2,
      desks: [{ id: "street", labels: { en: "Street" }, topics: [], regions: [], people: this.advocates.map((a) => a.id), slots: 8 }],
      regions: [],
      people: await Promise.all(this.advocates.map(async (a, i) => ({ id: a.id, name: `Advocate ${i + 1}`, roles: i === 0 ? ["advocate", "lead"] : ["advocate"], personal: a.recipient, signing: base64(await publicKey(a.seed)) }))),
      recovery: this.recovery.recipient, codebook: c, texts: { en: w },
      policy: { answers_days: 60, unclaimed_days: 180, no_consent_days: 30, closed_years: 6, bucket_bits: 0 },
      ...change,
    };
    const text = `peerwitness/roster/v1\n${JSON.stringify(roster)}\n`;
    const lines = await Promise.all(signedBy.map(async (name) => (await rootKey(name)).line(text)));
    return (this.note = utf8(`${text}\n${lines.join("")}`));
  }

  /** fetch is the server. */
  readonly fetch = async (path: string, init: RequestInit): Promise<Response> => {
    const method = init.method ?? "GET";
    this.server.calls.push(`${method} ${path.replace(/[0-9a-f]{64}/, "HASH")}`);
    const fault = this.fault(method, path);
    if (fault === "drop") throw new TypeError("Failed to fetch");
    if (init.signal?.aborted) throw new DOMException("aborted", "AbortError");
    if (fault instanceof Response) return fault;
    const answer = await this.#answer(method, path, init);
    if (fault === "lose") throw new TypeError("Failed to fetch"); // carried out, but the answer never came
    return answer;
  };

  async #answer(method: string, path: string, init: RequestInit): Promise<Response> {
    const { deposits, blobs } = this.server;
    const json = (status: number, value: object) => new Response(JSON.stringify(value), { status });
    const bucket = bucketPath.exec(path)?.[1];
    if (method === "GET" && bucket !== undefined) {
      return new Response(concat(...this.server.slots.filter((s) => s.prefix.startsWith(bucket) || bucket.startsWith(s.prefix)).map((s) => s.slot)));
    }
    if (method === "GET") {
      const file = path === "/v1/roster" ? this.note : path === "/v1/desks/street" ? utf8(this.sheet) : this.files.get(path);
      return file ? new Response(file) : json(404, { error: "not found" });
    }
    if (path === "/v1/deposits") {
      const form = init.body as FormData;
      const desk = form.get("desk") as string;
      const report = new Uint8Array(await (form.get("report") as File).arrayBuffer());
      const id = hex(await sha256(lp("peerwitness/deposit/v1", desk, report)));
      const known = deposits.has(id);
      deposits.set(id, { desk, report });
      return json(known ? 200 : 201, { id, day: "2026-11-23", ticket: `ticket-of-${id}` });
    }
    const ticket = new Headers(init.headers).get("Peerwitness-Ticket") ?? "";
    if (!deposits.has(ticket.replace("ticket-of-", ""))) return json(403, { error: "no ticket" });
    if (path === "/v1/blobs/missing") {
      const { blobs: asked } = JSON.parse(init.body as string) as { blobs: string[] };
      return json(200, { missing: asked.filter((b) => !blobs.has(b)) });
    }
    const name = path.slice("/v1/blobs/".length);
    const bytes = new Uint8Array(await new Response(init.body ?? null).arrayBuffer());
    if (hex(await sha256(bytes)) !== name) return json(422, { error: "another hash" });
    const known = blobs.has(name);
    blobs.set(name, bytes);
    return new Response(null, { status: known ? 200 : 201 });
  }
}

