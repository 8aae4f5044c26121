import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

// The names of the app's texts are for people who read the sources. In the bundle a language is a list, and `t.next` is a
// place in it: the names would stand in the script and again in every language, 1.4 kB of a first visit.

export type Node = { readonly type: string; readonly start: number; readonly end: number; readonly [key: string]: unknown };
type Patch = { readonly start: number; readonly end: number; readonly text: string };

export function* nodes(value: unknown): Generator<Node> {
  if (typeof value !== "object" || value === null) return;
  if (typeof (value as Node).type === "string") yield value as Node;
  for (const v of Object.values(value)) yield* nodes(v);
}

const nameOf = (node: unknown) => ((node as Node | undefined)?.type === "Identifier" ? ((node as Node)["name"] as string) : "");

/** Whether an expression is `t` or ends in `.t`: in src/ui that is the texts, and nothing else may be called so. */
function isTexts(node: Node): boolean {
  return nameOf(node) === "t" || (node.type === "MemberExpression" && node["computed"] === false && nameOf(node["property"]) === "t");
}

function patched(code: string, patches: readonly Patch[]): string {
  let out = "";
  let at = 0;
  for (const p of [...patches].sort((a, b) => a.start - b.start)) {
    out += code.slice(at, p.start) + p.text;
    at = p.end;
  }
  return out + code.slice(at);
}

/** list turns the object that a language is into the list of its texts, in the order of `names`. */
export function list(code: string, program: unknown, names: readonly string[]): string {
  const object = [...nodes(program)].find((n) => n.type === "ObjectExpression");
  const texts = new Map((object?.["properties"] as readonly Node[] | undefined)?.map((p) => [nameOf(p["key"]), p["value"] as Node]));
  if (!object || texts.size !== names.length) throw new Error("a language with other texts than English");
  const values = names.map((name) => {
    const value = texts.get(name);
    if (!value) throw new Error(`a language without ${name}`);
    return code.slice(value.start, value.end);
  });
  return patched(code, [{ start: object.start, end: object.end, text: `[${values.join(", ")}]` }]);
}

/** place turns every `t.name` into a place of the list. What can't be turned is an error: it would be undefined on the phone. */
export function place(code: string, program: unknown, names: readonly string[]): string {
  const patches: Patch[] = [];
  for (const n of nodes(program)) {
    if (n.type === "VariableDeclarator" && n["init"] && isTexts(n["init"] as Node) && (n["id"] as Node).type === "ObjectPattern") throw new Error("texts taken apart");
    if (n.type !== "MemberExpression" || !isTexts(n["object"] as Node)) continue;
    const property = n["property"] as Node;
    const at = names.indexOf(nameOf(property));
    if (n["computed"] !== false || n["optional"] !== false || at < 0) throw new Error(`${code.slice(n.start, n.end)} is no text`);
    patches.push({ start: (n["object"] as Node).end, end: n.end, text: `[${at}]` });
  }
  return patched(code, patches);
}

/** namesOf are the names of the texts, in English's order. */
export function namesOf(root: string): string[] {
  return [...readFileSync(join(root, "src/strings/en.ts"), "utf8").matchAll(/^ {2}(\w+):/gm)].map((m) => m[1]!);
}

/** texts is the plugin. */
export function texts(root: string): Plugin {
  let names: readonly string[] = [];
  return {
    name: "texts",
    apply: "build",
    enforce: "post",
    buildStart() {
      names = namesOf(root);
    },
    transform(code, id) {
      const file = id.startsWith(`${root}/src/`) ? id.slice(root.length + 5) : "";
      if (/^strings\/[a-z]{2,3}(?:-[a-z]{2})?\.ts$/.test(file)) return { code: list(code, this.parse(code), names), map: null };
      return /^ui\/.*\.tsx?$/.test(file) ? { code: place(code, this.parse(code), names), map: null } : null;
    },
  };
}
