import { Field } from "./field.ts";
import type { Desk, Labels, Policy, Region } from "./types.ts";

// The roster's JSON, rules 2 and 3 of PROTOCOL.md §3. Limits are those of package vault/roster.

export type Person = {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly personal: string;
  readonly signing: Uint8Array<ArrayBuffer>;
};

export type RosterDesk = Desk & { readonly people: readonly string[]; readonly slots: 8 | 16 };

/** Shape is what a roster says, well-formed, before anybody's signature was looked at. */
export type Shape = {
  readonly organisation: string;
  readonly version: number;
  readonly former: string;
  readonly issued: string;
  readonly expires: string;
  readonly roots: readonly string[];
  readonly threshold: number;
  readonly desks: readonly RosterDesk[];
  readonly regions: readonly Region[];
  readonly people: readonly Person[];
  readonly recovery: string;
  readonly codebook: string;
  readonly texts: Labels;
  readonly policy: Policy;
};

const roles = ["advocate", "lead", "keeper", "partner", "community"];
const maxRegions = 200;

/** readShape reads the JSON line of a roster, or throws a Refusal `shape`. */
export function readShape(line: string): Shape {
  const n = Field.document(line, "roster");
  const former = n.get("former");
  const people = readPeople(n.get("people"));
  const regions = readRegions(n.get("regions"));
  const roots = n.get("roots").list(9).map((r) => r.text());
  if (roots.length === 0) n.get("roots").fail("empty");
  const shape: Shape = {
    organisation: n.get("organisation").shown(200),
    version: n.get("version").whole(1, Number.MAX_SAFE_INTEGER),
    former: former.text() === "" ? "" : former.hash(),
    issued: n.get("issued").day(),
    expires: n.get("expires").day(),
    roots,
    threshold: n.get("threshold").whole(1, roots.length),
    desks: readDesks(n.get("desks"), people, regions),
    regions,
    people,
    recovery: n.get("recovery").recipient(),
    codebook: n.get("codebook").hash(),
    texts: n.get("texts").byLanguage(0, (t) => t.hash()),
    policy: readPolicy(n.get("policy")),
  };
  if (shape.issued > shape.expires) n.get("expires").fail("before the day of issue");
  return shape;
}

function readPolicy(n: Field): Policy {
  const days = (key: string) => n.get(key).whole(1, 36_500);
  return {
    answers_days: days("answers_days"),
    unclaimed_days: days("unclaimed_days"),
    no_consent_days: days("no_consent_days"),
    closed_years: n.get("closed_years").whole(1, 100),
    bucket_bits: n.get("bucket_bits").whole(0, 16),
  };
}

function readLabels(n: Field): Labels {
  return n.byLanguage(1, (label) => label.shown(120));
}

function readPeople(n: Field): Person[] {
  const people = n.list(500).map((p) => ({
    id: p.get("id").person(),
    name: p.get("name").shown(80),
    roles: p.get("roles").distinct(roles.length, (r) => (roles.includes(r.text()) ? r.text() : r.fail("not a role"))),
    personal: p.get("personal").recipient(),
    signing: p.get("signing").bytes(32),
  }));
  unique(n, people.map((p) => p.id), "two people with one id");
  unique(n, people.map((p) => p.signing.join()), "two people with one signing key");
  return people;
}

function readRegions(n: Field): Region[] {
  const regions = n.list(maxRegions).map((r) => {
    const parts = r.get("parts").list(maxRegions).map((p) => ({ id: p.get("id").slug(), labels: readLabels(p.get("labels")) }));
    unique(r, parts.map((p) => p.id), "two parts with one id");
    return { id: r.get("id").slug(), labels: readLabels(r.get("labels")), parts };
  });
  unique(n, regions.map((r) => r.id), "two regions with one id");
  return regions;
}

function readDesks(n: Field, people: readonly Person[], regions: readonly Region[]): RosterDesk[] {
  const desks = n.list(64).map((d) => {
    const slots = d.get("slots").whole(8, 16);
    if (slots !== 8 && slots !== 16) return d.fail("neither 8 nor 16 slots");
    const desk: RosterDesk = {
      id: d.get("id").slug(),
      labels: readLabels(d.get("labels")),
      topics: d.get("topics").distinct(64, (t) => t.slug()),
      regions: d.get("regions").distinct(maxRegions, (r) => (regions.some((x) => x.id === r.slug()) ? r.slug() : r.fail("not one of the regions"))),
      people: d.get("people").distinct(500, (p) => (people.some((x) => x.id === p.person()) ? p.person() : p.fail("not one of the people"))),
      slots,
    };
    if (desk.people.length < 1 || desk.people.length > slots - 1) d.fail("too few or too many people");
    return desk;
  });
  unique(n, desks.map((d) => d.id), "two desks with one id");
  return desks;
}

function unique(n: Field, values: readonly string[], why: string): void {
  if (new Set(values).size !== values.length) n.fail(why);
}
