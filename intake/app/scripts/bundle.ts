import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";
import { nodes, type Node } from "./texts.ts";

// What goes into the bundle, and what does not. Everything here gives the same bytes for the same sources.

/** The app's folder. */
export const root = join(import.meta.dirname, "..");

/**
 * buildId names the bundle: a hash over the name and bytes of each file that it is made from. Reports carry it, so that
 * a desk can tell which build sealed one; whoever builds the same sources gets the same id.
 */
export function buildId(): string {
  const inputs = ["index.html", "package-lock.json", "package.json", "scripts/bundle.ts", "scripts/texts.ts", "tsconfig.json", "vite.config.ts"];
  for (const folder of ["src", "public"]) {
    try {
      for (const file of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
        if (file.isFile() && !/\.test\.tsx?$/.test(file.name)) inputs.push(join(file.parentPath, file.name).slice(root.length + 1));
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  const hash = createHash("sha256");
  for (const input of inputs.sort()) {
    const bytes = readFileSync(join(root, input));
    hash.update(`${input}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest("hex").slice(0, 16);
}

/**
 * lean keeps out of the worker what it does not run: other kinds of recipients (src/lib/absent.ts stands in their place),
 * codings (src/lib/base.ts), Ed25519 for browsers that have none, and opening. A file that two chunks need stays in the worker with all that
 * either uses of it, so a query makes copies for those chunks: of the curves for Ed25519, and of age's own files, but not
 * of what they stand on, for opening answers. (So nothing in that chunk may use age's files by another way, or the worker
 * falls into two files, which costs the first visit a request; test/browser.test.ts counts.)
 */
export function lean(): Plugin {
  const instead: { readonly [module: string]: string } = {
    "@noble/curves/nist.js": "src/lib/absent.ts",
    "@noble/hashes/scrypt.js": "src/lib/absent.ts",
    "@scure/base": "src/lib/base.ts",
    "./x25519.js": "src/lib/absent.ts", // age's own, for classic recipients
  };
  /** Age's own list of recipients and identities, less all but the hybrid ones; the copy for opening gets a copy of it. */
  const hybrid = "\0age-hybrid.js";
  const recipients = join(root, "node_modules/age-encryption/dist/recipients.js");
  const curves = join(root, "src/lib/ed25519.ts");
  const opening = join(root, "src/lib/reply.ts");
  return {
    name: "lean",
    apply: "build",
    enforce: "pre",
    async resolveId(source, importer = "") {
      if (source === "./recipients.js" && /\/age-encryption\/dist\/index\.js(?:\?apart)?$/.test(importer)) return hybrid + importer.slice(importer.indexOf(".js") + 3);
      if (importer.startsWith(hybrid)) return null;
      const other = instead[source];
      if (other) return join(root, other);
      const copied = importer.endsWith("?apart");
      const age = importer === opening ? source === "age-encryption" : copied && importer.includes("/age-encryption/") && source.startsWith(".");
      const ed25519 = importer === curves || (copied && !importer.includes("/age-encryption/"));
      if (!age && !ed25519) return null;
      const found = await this.resolve(source, importer, { skipSelf: true });
      return found && `${found.id}?apart`;
    },
    load(id) {
      if (!id.startsWith(hybrid)) return null;
      const kept = "HybridRecipient, HybridIdentity, generateHybridIdentity, identityToRecipient";
      const left = ["ScryptIdentity", "ScryptRecipient", "X25519Identity", "X25519Recipient", "TagRecipient", "HybridTagRecipient", "generateIdentity", "generateX25519Identity"];
      return `export { ${kept} } from ${JSON.stringify(recipients + id.slice(hybrid.length))};
import { absent } from ${JSON.stringify(join(root, "src/lib/absent.ts"))};
export { ${left.map((name) => `absent as ${name}`).join(", ")} };`;
    },
  };
}

/** pack writes a sorted list of words without what each has in common with the one before: how many letters that is, and the rest. */
export function pack(words: readonly string[]): string {
  let last = "";
  return words.map((word) => {
    let same = 0;
    while (same < last.length && last[same] === word[same]) same++;
    last = word;
    if (same > 9 || /\d/.test(word)) throw new Error(`${word} can't be packed`);
    return `${same}${word.slice(same)}`;
  }).join("");
}

/** packed carries the official lists of words packed, a fifth shorter on the line, and makes them whole when they are loaded. */
export function packed(): Plugin {
  return {
    name: "packed-words",
    apply: "build",
    enforce: "pre",
    async transform(_, id) {
      if (!/\/@scure\/bip39\/wordlists\/[a-z-]+\.js$/.test(id)) return null;
      const { wordlist } = (await import(id)) as { wordlist: readonly string[] };
      const code = `let last = "";
export const wordlist = Array.from(${JSON.stringify(pack(wordlist))}.matchAll(/(\\d)(\\D*)/g), ([, same, rest]) => (last = last.slice(0, same) + rest));`;
      return { code, map: null };
    },
  };
}

/** Whether leaving an expression out changes nothing: no call, no assignment. */
const idle = (node: Node) => [...nodes(node)].every((n) => ["Literal", "TemplateLiteral", "TemplateElement", "BinaryExpression", "LogicalExpression", "ConditionalExpression", "UnaryExpression", "Identifier", "MemberExpression"].includes(n.type));

/**
 * terse leaves out what errors say to developers, 1.6 kB of a first visit. Nobody reads it on a phone: screens go by an
 * error's kind. Which errors are thrown, and when, stays as it is; the tests run on the sources, messages included.
 */
export function terse(): Plugin {
  const read = /no identity matched/; // src/lib/reply.ts tells by it a slot for somebody else from a damaged one
  const from: { readonly [name: string]: number } = { Error: 0, TypeError: 0, RangeError: 0, Failure: 1, Refusal: 1 };
  return {
    name: "terse-errors",
    apply: "build",
    enforce: "post",
    transform(code, id) {
      if (id.startsWith("\0") || !/\.[jt]sx?(?:\?apart)?$/.test(id)) return null;
      const cuts: { readonly start: number; readonly end: number }[] = [];
      for (const n of nodes(this.parse(code))) {
        if (n.type !== "NewExpression" && n.type !== "CallExpression") continue;
        const callee = n["callee"] as Node;
        const name = (callee.type === "MemberExpression" ? (callee["property"] as Node) : callee)["name"] as string;
        const given = n["arguments"] as readonly Node[];
        // Our own ways to throw are called so, and not only they: there what is said must be plainly that.
        const own = (name === "fail" || name === "broken") && ["Literal", "TemplateLiteral"].includes(given[0]?.type ?? "");
        const first = own ? 0 : callee.type === "Identifier" ? from[name] : undefined;
        const said = first === undefined ? [] : given.slice(first);
        if (said.length !== 1 || !idle(said[0]!) || read.test(code.slice(said[0]!.start, said[0]!.end))) continue;
        cuts.push({ start: first === 0 ? said[0]!.start : given[first! - 1]!.end, end: said[0]!.end });
      }
      let out = "";
      let at = 0;
      for (const c of cuts.sort((a, b) => a.start - b.start)) {
        out += code.slice(at, c.start);
        at = c.end;
      }
      return { code: out + code.slice(at), map: null };
    },
  };
}

/** plain makes a lazy import nothing more than one: no file of ours has styles that would have to be there before it. */
export function plain(): Plugin {
  return {
    name: "plain-imports",
    apply: "build",
    enforce: "pre",
    load: (id) => (id === "\0vite/preload-helper.js" ? "export const __vitePreload = (load) => load();" : null),
  };
}

/** licences adds licences.txt: the notices of every package that the app may carry, the worker's too. */
export function licences(): Plugin {
  return {
    name: "licences",
    apply: "build",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "licences.txt", source: notices() });
    },
  };
}

function notices(): string {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: { [path: string]: { version?: string; dev?: boolean } } };
  const texts: string[] = [];
  for (const [path, { version, dev }] of Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (path === "" || dev) continue;
    const file = readdirSync(join(root, path)).find((f) => /^licen[cs]e/i.test(f));
    if (!file) throw new Error(`${path} has no licence to show`);
    texts.push(`${path.replace(/^.*node_modules\//, "")} ${version ?? ""}\n\n${readFileSync(join(root, path, file), "utf8").trim()}\n`);
  }
  return texts.join(`\n${"-".repeat(72)}\n\n`);
}
