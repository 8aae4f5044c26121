import { Refusal } from "./failure.ts";

// Signed JSON has one form (PROTOCOL.md §3 rule 2), so that no two readers see different things in the same bytes.

/** Json is a value of strictly read JSON. Objects have no prototype, so that no key means anything but itself. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

const maxDepth = 32;

/**
 * strictJson reads JSON without white space outside strings, without any escape but `\"` and `\\`, without control
 * characters and U+2028/2029, with keys of `[a-z0-9_-]+` that come once in an object, whole numbers up to 2^53 − 1
 * and at most 32 levels. Everything else is a Refusal `shape`.
 */
export function strictJson(source: string): Json {
  const reader = new Reader(source);
  const value = reader.value(0);
  if (reader.at !== source.length) reader.fail("something after the end");
  return value;
}

class Reader {
  at = 0;
  readonly #s: string;

  constructor(source: string) {
    this.#s = source;
  }

  fail(why: string): never {
    throw new Refusal("shape", `JSON at ${this.at}: ${why}`);
  }

  #take(c: string): boolean {
    if (this.#s[this.at] !== c) return false;
    this.at++;
    return true;
  }

  value(depth: number): Json {
    const opening = this.#s[this.at];
    if (opening === "{" || opening === "[") {
      if (depth === maxDepth) this.fail("nested too deep");
      this.at++;
      return opening === "{" ? this.#object(depth) : this.#array(depth);
    }
    if (this.#take('"')) return this.#text();
    for (const [word, value] of [["true", true], ["false", false], ["null", null]] as const) {
      if (this.#s.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    return this.#number();
  }

  #object(depth: number): JsonObject {
    const o = Object.create(null) as { [key: string]: Json };
    if (this.#take("}")) return o;
    for (;;) {
      if (!this.#take('"')) this.fail("expected a key");
      const key = this.#text();
      if (!/^[a-z0-9_-]+$/.test(key)) this.fail("a key of other characters than a-z, 0-9, _ and -");
      if (key in o) this.fail("a key twice in an object");
      if (!this.#take(":")) this.fail("expected a colon");
      o[key] = this.value(depth + 1);
      if (this.#take("}")) return o;
      if (!this.#take(",")) this.fail("expected a comma");
    }
  }

  #array(depth: number): Json[] {
    const list: Json[] = [];
    if (this.#take("]")) return list;
    for (;;) {
      list.push(this.value(depth + 1));
      if (this.#take("]")) return list;
      if (!this.#take(",")) this.fail("expected a comma");
    }
  }

  /** The rest of a string whose opening quote was taken. */
  #text(): string {
    const start = this.at;
    for (; this.at < this.#s.length; this.at++) {
      const c = this.#s.charCodeAt(this.at);
      if (c === 0x22) {
        const raw = this.#s.slice(start, this.at++);
        return raw.replace(/\\(.)/gs, "$1");
      }
      if (c === 0x5c) {
        const next = this.#s[++this.at];
        if (next !== '"' && next !== "\\") this.fail("an escape other than of a quote or backslash");
      } else if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || c === 0x2028 || c === 0x2029) this.fail("a control character or separator");
    }
    return this.fail("a text without an end");
  }

  #number(): number {
    const found = /(?:0|-?[1-9][0-9]{0,15})(?![0-9])/y;
    found.lastIndex = this.at;
    const m = found.exec(this.#s);
    const n = Number(m?.[0]);
    if (!m || !Number.isSafeInteger(n)) this.fail("expected a value");
    this.at += m[0].length;
    return n;
  }
}
