import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Bytes } from "../src/lib/bytes.ts";

/** The folder that the Go tests read too. */
export const vectors = join(import.meta.dirname, "../../../testdata/vectors");

export function bytesOf(...path: string[]): Bytes {
  return new Uint8Array(readFileSync(join(vectors, ...path)));
}

/** jsonOf reads a file of vectors. Each test says itself what it expects to be in it. */
export function jsonOf(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(vectors, ...path), "utf8"));
}
