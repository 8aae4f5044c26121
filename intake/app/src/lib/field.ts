import { unbase64, type Bytes } from "./bytes.ts";
import { Refusal } from "./failure.ts";
import { checkRecipient } from "./recipients.ts";
import { strictJson, type Json, type JsonObject } from "./strict.ts";

/**
 * Field is one value of strictly read JSON, asked for as what the protocol says must stand there. A missing key or
 * another type is a Refusal `shape`, never a default.
 */
export class Field {
  readonly #value: Json | undefined;
  readonly #path: string;

  constructor(value: Json | undefined, path: string) {
    this.#value = value;
    this.#path = path;
  }

  static document(source: string, what: string): Field {
    return new Field(strictJson(source), what);
  }

  fail(why: string): never {
    throw new Refusal("shape", `${this.#path}: ${why}`);
  }

  #object(): JsonObject {
    const v = this.#value;
    if (typeof v !== "object" || v === null || Array.isArray(v)) this.fail("not an object");
    return v as JsonObject;
  }

  get(key: string): Field {
    const o = this.#object();
    const child = new Field(o[key], `${this.#path}.${key}`);
    if (!(key in o)) child.fail("missing");
    return child;
  }

  list(limit: number): Field[] {
    const v = this.#value;
    if (!Array.isArray(v)) this.fail("not a list");
    if ((v as readonly Json[]).length > limit) this.fail("too long a list");
    return (v as readonly Json[]).map((item, i) => new Field(item, `${this.#path}[${i}]`));
  }

  /** A list of at most `limit` values, none of them twice. */
  distinct(limit: number, read: (item: Field) => string): string[] {
    const values = this.list(limit).map(read);
    if (new Set(values).size !== values.length) this.fail("a value twice");
    return values;
  }

  /** The value's own bytes again: strict JSON has one spelling but for the order of keys, which objects keep. */
  source(): string {
    return JSON.stringify(this.#value);
  }

  text(): string {
    if (typeof this.#value !== "string") this.fail("not a text");
    return this.#value;
  }

  whole(min: number, max: number): number {
    const n = this.#value;
    if (typeof n !== "number" || n < min || n > max) this.fail(`not a whole number from ${min} to ${max}`);
    return n;
  }

  /** A text that people are shown: not empty, of at most `limit` code points, nothing that turns other text around. */
  shown(limit: number): string {
    const s = this.text();
    // strictJson let no control character through.
    if (/[\u202a-\u202e\u2066-\u2069]/.test(s)) this.fail("a character that turns the direction of text");
    if (/^ *$/.test(s)) this.fail("empty");
    if (Array.from(s).length > limit) this.fail(`over ${limit} characters`);
    return s;
  }

  #matching(form: RegExp, what: string): string {
    const s = this.text();
    if (!form.test(s)) this.fail(`not ${what}`);
    return s;
  }

  slug(): string {
    return this.#matching(/^[a-z0-9][a-z0-9-]{0,31}$/, "an id of a-z, 0-9 and -");
  }

  person(): string {
    return this.#matching(/^p-[0-9a-f]{16}$/, "a person id");
  }

  hash(): string {
    return this.#matching(/^[0-9a-f]{64}$/, "64 lower-case hex digits");
  }

  /** A day of the years 1970 to 9999. Such texts compare as days do. */
  day(): string {
    const s = this.#matching(/^(?:19[7-9]\d|[2-9]\d{3})-\d{2}-\d{2}$/, "a day");
    if (dayOf(Date.parse(`${s}T00:00:00Z`)) !== s) this.fail("not a day");
    return s;
  }

  recipient(): string {
    const s = this.text();
    try {
      checkRecipient(s);
    } catch (error) {
      this.fail((error as Error).message);
    }
    return s;
  }

  /** Base64 of exactly that many bytes. */
  bytes(size: number): Bytes {
    const b = unbase64(this.text());
    if (!b || b.length !== size) this.fail(`not the base64 of ${size} bytes`);
    return b;
  }

  /** An object from language tags in lower case to something. */
  byLanguage(min: number, read: (value: Field) => string): { readonly [lang: string]: string } {
    const tags = Object.keys(this.#object());
    if (tags.length < min || tags.length > 64) this.fail("too few or too many languages");
    return Object.fromEntries(tags.map((tag) => {
      if (tag.length > 35 || !/^[a-z]{2,8}(?:-[a-z0-9]{1,8})*$/.test(tag)) this.fail("not a language tag in lower case");
      return [tag, read(this.get(tag))];
    }));
  }
}

/** dayOf is the day of a moment, UTC, as it stands in JSON; empty for what is no moment. */
export function dayOf(time: number | Date): string {
  const d = new Date(time);
  return Number.isNaN(d.getTime()) ? "" : d.toISOString().slice(0, 10);
}
