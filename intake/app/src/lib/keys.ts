// What JSON.parse does not tell of a source: keys that come twice, and how a number is written. Both matter where
// another reader of the same bytes must not see something else.

const maxDepth = 32;
const key = /^[a-z0-9_-]{1,64}$/;

/** Strings and brackets of JSON that JSON.parse has taken; a colon after a string makes it a key. */
const token = /("(?:[^"\\]|\\.)*")\s*(:\s*([^\s,}\]]*))?|[{}[\]]/gs;

/** uniqueKeys tells whether every object of a valid JSON source has each key once, all of a–z, 0–9, _ and -, at most 32 deep. */
export function uniqueKeys(source: string): boolean {
  const open: Set<string>[] = [];
  for (const { name, bracket } of tokens(source)) {
    if (bracket === "{" || bracket === "[") {
      if (open.push(new Set()) > maxDepth) return false;
    } else if (bracket) open.pop();
    else if (name !== undefined) {
      const keys = open[open.length - 1];
      if (!keys || keys.has(name) || !key.test(name)) return false;
      keys.add(name);
    }
  }
  return true;
}

/** whole is the whole number, zero or more, under a key of a valid JSON object's own; null when there is none, also for `1.0` and `1e0`. */
export function whole(source: string, wanted: string): number | null {
  let depth = 0;
  for (const { name, bracket, value } of tokens(source)) {
    if (bracket) depth += bracket === "{" || bracket === "[" ? 1 : -1;
    else if (depth === 1 && name === wanted) return value && /^(?:0|[1-9]\d*)$/.test(value) ? Number(value) : null;
  }
  return null;
}

function* tokens(source: string): Generator<{ name?: string; value?: string; bracket?: string }> {
  token.lastIndex = 0;
  for (let m = token.exec(source); m; m = token.exec(source)) {
    const [all, string, colon, value] = m;
    if (!string) yield { bracket: all };
    else if (colon !== undefined) {
      // The value is read on its own: it may begin with a bracket or a string.
      token.lastIndex -= value?.length ?? 0;
      yield { name: JSON.parse(string) as string, value: value ?? "" };
    }
  }
}
