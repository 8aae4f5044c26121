import { wordList } from "../src/lib/lists.ts";
import { rootWords } from "../src/lib/rootwords.ts";
import { describe, expect, test } from "vitest";
import { text, unbase64, utf8, concat } from "../src/lib/bytes.ts";
import { Failure, Refusal } from "../src/lib/failure.ts";
import { checkRecipient } from "../src/lib/recipients.ts";
import { adopt, fingerprint, parseRoster } from "../src/lib/roster.ts";
import { checkCertificate, checkRevocation, choose, parseSheet, type Certificate } from "../src/lib/sheet.ts";
import { strictJson } from "../src/lib/strict.ts";
import { bytesOf, jsonOf } from "./vectors.ts";

type Adoption = { file: string; held?: string; root?: string; now: string; want: string; version?: number; hash?: string; fingerprint?: string };

const noon = (day: string) => new Date(`${day}T12:00:00Z`);
const adoptions = jsonOf("roster/index.json") as Adoption[];

async function reasonOf(doing: Promise<unknown>): Promise<string> {
  try {
    await doing;
  } catch (error) {
    if (error instanceof Refusal) return error.reason;
    throw error;
  }
  return "ok";
}

async function checkAdoption(v: Adoption): Promise<void> {
  const held = v.held === undefined ? null : await parseRoster(bytesOf("roster", v.held));
  const adopting = adopt(held, bytesOf("roster", v.file), v.root ?? null, noon(v.now));
  expect(await reasonOf(adopting)).toBe(v.want);
  if (v.want !== "ok") return;
  const roster = await adopting;
  expect(roster.version).toBe(v.version);
  expect(roster.hash).toBe(v.hash);
  expect(await fingerprint(roster)).toBe(v.fingerprint);
}

describe("rosters", () => {
  test("there are vectors of every kind", () => {
    expect([...new Set(adoptions.map((v) => v.want))].sort()).toEqual(["chain", "expired", "ok", "older", "root", "shape", "signatures", "threshold"]);
  });

  test.each(adoptions)("$file after $held on $now: $want", checkAdoption);

  test("a note over 1 MiB is refused before it is read", async () => {
    const big = concat(bytesOf("roster/first.note"), utf8(`— nobody ${"A".repeat(1 << 20)}\n`));
    expect(await reasonOf(parseRoster(big))).toBe("shape");
  });

  // The lead's name for what these vectors together withstand.
  test("attack 13: older, expired, one distinct key short, one key under two names, duplicate keys: refused, the former stays", async () => {
    const named = { "one-key-short.note": "threshold", "same-key-two-names.note": "threshold", "json-duplicate-key.note": "shape", "json-case-folded.note": "shape" };
    for (const [file, want] of Object.entries(named)) {
      const v = adoptions.find((x) => x.file === file && x.want !== "ok");
      expect(v?.want, file).toBe(want);
      await checkAdoption(v!);
    }
    const held = await parseRoster(bytesOf("roster/first.note"));
    const now = noon("2026-11-23");
    // Shown to a reader that holds the first, each of these is refused as well: nothing of it is taken over.
    for (const file of Object.keys(named)) await expect(adopt(held, bytesOf("roster", file), null, now)).rejects.toThrow(Refusal);
    const second = await adopt(held, bytesOf("roster/second.note"), null, now);
    expect(await reasonOf(adopt(second, bytesOf("roster/first.note"), null, now))).toBe("older");
    expect(await reasonOf(adopt(held, bytesOf("roster/second.note"), null, noon("2099-01-01")))).toBe("expired");
  });
});

describe("strict JSON", () => {
  test.each(jsonOf("roster/strict.json") as { name: string; base64: string; ok: boolean }[])("$name: $ok", ({ base64, ok }) => {
    const read = () => strictJson(text(unbase64(base64)!));
    if (ok) expect(read).not.toThrow();
    else expect(read).toThrow();
  });

  test("a key __proto__ is only a key", () => {
    const o = strictJson('{"__proto__":{"polluted":1}}');
    expect(Object.keys(o as object)).toEqual(["__proto__"]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });
});

describe("recipients", () => {
  test.each(jsonOf("roster/recipients.json") as { name: string; recipient: string; ok: boolean }[])("$name: $ok", ({ recipient, ok }) => {
    if (ok) expect(() => checkRecipient(recipient)).not.toThrow();
    else expect(() => checkRecipient(recipient)).toThrow(Failure);
  });
});

type Items = { name: string; json: string; want: string }[];
type Choice = { name: string; now: string; certs: string[] | Certificate[]; wantEpoch: number; wantFrom: string; wantCurrent: boolean };
const certificates = jsonOf("roster/certificates.json") as { roster: string; certs: Items; revocations: Items; choose: Choice[] };

describe("certificates and revocations", async () => {
  const roster = await parseRoster(bytesOf("roster", certificates.roster));

  test.each(certificates.certs)("certificate $name: $want", async ({ json, want }) => {
    expect(await reasonOf(checkCertificate(roster, json))).toBe(want);
  });

  test.each(certificates.revocations)("revocation $name: $want", async ({ json, want }) => {
    expect(await reasonOf(checkRevocation(roster, json))).toBe(want);
  });

  test.each(certificates.choose)("choosing, $name", async ({ now, certs, wantEpoch, wantFrom, wantCurrent }) => {
    const checked = await Promise.all(certs.map((c) => checkCertificate(roster, typeof c === "string" ? c : JSON.stringify(c))));
    const chosen = choose(checked, noon(now));
    expect(chosen?.certificate.epoch ?? 0).toBe(wantEpoch);
    expect(chosen?.certificate.from ?? "").toBe(wantFrom);
    expect(chosen?.current ?? false).toBe(wantCurrent);
  });

  test("a sheet keeps the text of its items", () => {
    const json = certificates.certs[0]!.json;
    expect(parseSheet(`{"desk":"street","certificates":[${json}],"revocations":[]}`).certificates).toEqual([json]);
    expect(() => parseSheet('{"desk":"street","certificates":[]}')).toThrow(Refusal);
  });
});

test("root keys as words, the same in Go", async () => {
  const cases = jsonOf("seal/root-words.json") as { fingerprint: string; words: { [lang: string]: string[] } }[];
  expect(cases.length).toBeGreaterThanOrEqual(3);
  for (const c of cases) {
    for (const [lang, words] of Object.entries(c.words)) {
      const plain = (list: readonly string[]) => list.map((w) => w.normalize("NFKD"));
      expect(plain(rootWords(c.fingerprint, (await wordList(lang))!))).toEqual(plain(words));
    }
  }
  for (const bad of ["", "AAAA", `${cases[0]!.fingerprint}A`]) expect(rootWords(bad, (await wordList("en"))!)).toEqual([]);
});
