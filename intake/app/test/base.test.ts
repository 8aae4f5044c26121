import * as scure from "@scure/base";
import { describe, expect, test } from "vitest";
import { random } from "../src/lib/bytes.ts";
import * as ours from "../src/lib/base.ts";

// In the bundle our coding stands where @scure/base does here, so it has to say yes and no to the same things.

function outcome<T>(of: () => T): T | "refused" {
  try {
    return of();
  } catch {
    return "refused";
  }
}

describe("bech32 and base64 as @scure/base has them", () => {
  test.each([0, 1, 2, 3, 4, 5, 16, 31, 32, 33, 1088, 1216])("%d bytes", (n) => {
    const bytes = random(n);
    for (const prefix of ["age1pq", "AGE-SECRET-KEY-PQ-", "a1b"]) {
      const text = scure.bech32.encode(prefix, scure.bech32.toWords(bytes), false);
      expect(ours.bech32.encodeFromBytes(prefix, bytes)).toBe(text);
      for (const spelt of [text, text.toUpperCase()]) {
        expect(ours.bech32.decode(spelt)).toEqual({ ...scure.bech32.decode(spelt as `${string}1${string}`, false) });
        expect(ours.bech32.decodeToBytes(spelt).bytes).toEqual(bytes);
      }
    }
    const text = scure.base64nopad.encode(bytes);
    expect(ours.base64nopad.encode(bytes)).toBe(text);
    expect(ours.base64nopad.decode(text)).toEqual(bytes);
  });

  test("every change of one character is refused by both", () => {
    const text = scure.bech32.encode("age1pq", scure.bech32.toWords(random(40)), false);
    for (let i = 0; i < text.length; i++) {
      for (const c of "q1bQ \u00e9") {
        const changed = text.slice(0, i) + c + text.slice(i + 1);
        const theirs = outcome(() => scure.bech32.decode(changed as `${string}1${string}`, false).words);
        expect(outcome(() => ours.bech32.decode(changed).words), changed).toEqual(theirs);
        if (changed !== text) expect(theirs).toBe("refused");
      }
    }
  });

  test("words with bits left over, odd texts and odd base64 are refused by both", () => {
    for (const words of [[1], [31, 31], [0], [0, 0, 0], [0, 1], [0, 4], [31, 28]]) {
      expect(outcome(() => ours.bech32.fromWords(words)), String(words)).toEqual(outcome(() => scure.bech32.fromWords(words)));
    }
    for (const text of ["", "1", "a1", "1qqqqqq", "abc", "a1qqqqqq", "A1B2", "pq1\u0000qqqqqq"]) {
      expect(outcome(() => ours.bech32.decode(text).words), text).toEqual(outcome(() => scure.bech32.decode(text as `${string}1${string}`, false).words));
    }
    for (const text of ["", "Y", "YQ", "YR", "YQ==", "Y Q", "YQ\n", "Y_", "YWE", "YWF", "YWFh"]) {
      expect(outcome(() => ours.base64nopad.decode(text)), JSON.stringify(text)).toEqual(outcome(() => scure.base64nopad.decode(text)));
    }
  });
});
