import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { hex, sha256, text, utf8, type Bytes } from "../src/lib/bytes.ts";
import { dayOf } from "../src/lib/field.ts";
import { languages } from "../src/strings/index.ts";
import { certificate, Organisation } from "./organisation.ts";

// The built app behind a server on loopback, for tests in a real browser.

const dist = join(import.meta.dirname, "../dist");
const codebook = join(import.meta.dirname, "../../../vault/codebook");
/** The rules that intake/harden.go sends. */
const rules = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; media-src blob:; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types peerwitness";
const types: { readonly [end: string]: string } = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8" };

export function launch(): Promise<Browser> {
  return puppeteer.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
}

/**
 * press presses what a finger could: it brings the target to the middle first, since what only the sticky foot covers counts
 * as in view for page.click, which then presses the foot. A target that something still covers is an error.
 */
export async function press(page: Page, selector: string): Promise<void> {
  const target = await page.waitForSelector(selector);
  const over = await target!.evaluate((e) => {
    e.scrollIntoView({ block: "center", behavior: "instant" });
    const { left, top, width, height } = e.getBoundingClientRect();
    const there = document.elementFromPoint(left + width / 2, top + height / 2);
    return there && (e.contains(there) || [...((e as HTMLInputElement).labels ?? [])].some((l) => l.contains(there))) ? "" : (there ? `<${there.localName}> ${there.textContent.slice(0, 80)}` : "nothing");
  });
  if (over !== "") throw new Error(`${selector} is covered by ${over}`);
  await target!.click();
}

type Text = { readonly [lang: string]: string };
const phoneLists = ["teller", "asked", "perpetrator", "population", "gender", "age", "how_many", "ground", "consequence", "urgency", "need", "consent", "service", "outcome"];

/** What vault/codebook's WithCodes does, bytes apart. */
function withCodes(book: Bytes, words: Bytes, lang: string): Bytes {
  const only = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(only);
    if (typeof value !== "object" || value === null) return value;
    return lang in value ? { [lang]: (value as Text)[lang] } : Object.fromEntries(Object.entries(value).map(([k, v]) => [k, only(v)]));
  };
  const { version, groups, lists } = JSON.parse(text(book)) as { version: number; groups: unknown; lists: { [name: string]: unknown } };
  const codes = { version, languages: [lang], groups: only(groups), lists: only(Object.fromEntries(phoneLists.map((name) => [name, lists[name]]))) };
  return utf8(JSON.stringify({ ...JSON.parse(text(words)) as object, codebook: codes }));
}

type Labelled = { readonly code: string; readonly [field: string]: unknown };
const fields = ["label", "help", "you", "them", "label_under_18", "peer"];

/** What vault/codebook's Draft makes of the codebook for a language that ships as a draft. */
function drafted(book: Bytes, lang: string): Bytes {
  const codes = JSON.parse(readFileSync(join(codebook, `drafts/${lang}/codes.json`), "utf8")) as { [key: string]: string };
  const into = (at: string, item: Labelled) => ({ ...item, ...Object.fromEntries(fields.filter((f) => f in item).map((f) => [f, { [lang]: codes[`${at}/${item.code}/${f}`] }])) });
  const { groups, lists, ...rest } = JSON.parse(text(book)) as { groups: (Labelled & { acts: Labelled[] })[]; lists: { [name: string]: Labelled[] } };
  return utf8(JSON.stringify({
    ...rest,
    groups: groups.map((g) => ({ ...into("group", g), acts: g.acts.map((a) => into(`act/${g.code}`, a)) })),
    lists: Object.fromEntries(Object.entries(lists).map(([name, items]) => [name, items.map((item) => into(name, item))])),
  }));
}

/** What it makes of the words: they have the app's own sentences on agreeing. */
const withApp = (lang: string): Bytes => utf8(JSON.stringify({ ...JSON.parse(text(file(`drafts/${lang}/texts.json`))) as object, app: JSON.parse(text(file(`drafts/${lang}/app.json`))) as object }));

const file = (name: string): Bytes => new Uint8Array(readFileSync(join(codebook, name)));

/**
 * An organisation whose certificates are good on the day of the test: the browser has the machine's clock. English and French
 * are on, and `also` one more. `audio` are recordings of screens, put into the English words.
 */
async function organisation(audio: { readonly [screen: string]: Bytes } = {}, also = ""): Promise<Organisation> {
  const org = await Organisation.make(7);
  const book = file("codebook.json");
  const named = hex(await sha256(book));
  org.files.set(`/v1/codebook/${named}`, book);
  const heard: { [screen: string]: { sha256: string; type: string } } = {};
  for (const [screen, bytes] of Object.entries(audio)) {
    heard[screen] = { sha256: hex(await sha256(bytes)), type: "audio/wav" };
    org.files.set(`/v1/audio/${heard[screen].sha256}`, bytes);
  }
  const texts: { [lang: string]: string } = {};
  for (const { tag, draft } of languages.filter((l) => !l.draft || l.tag === also)) {
    // As `peerwitness roster new` puts the codes of one language into its words.
    const words = withCodes(draft ? drafted(book, tag) : book, draft ? withApp(tag) : file(`texts/${tag}.json`), tag);
    const whole = tag === "en" ? utf8(JSON.stringify({ ...JSON.parse(text(words)) as object, audio: heard })) : words;
    texts[tag] = hex(await sha256(whole));
    org.files.set(`/v1/texts/${texts[tag]}/${tag}`, whole);
  }
  const day = (ahead: number) => dayOf(Date.now() + ahead * 86_400_000);
  await org.publish({ codebook: named, texts, issued: day(-1), expires: day(300) });
  org.certify(...await Promise.all(org.advocates.map((a) => certificate(a, a.recipient, day(-1), day(44)))));
  return org;
}

/** Site serves the app and one organisation at a time, and counts what is fetched. */
export class Site {
  readonly requests: { path: string; bytes: number }[] = [];
  #organisation: Organisation | null = null;
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response).catch(() => response.writeHead(404).end()));
  }

  static async open(): Promise<Site> {
    const site = new Site();
    await new Promise<void>((done) => site.#server.listen(0, "127.0.0.1", done));
    return site;
  }

  /** fresh replaces the organisation by a new one and begins to count anew. */
  async fresh(audio?: { readonly [screen: string]: Bytes }, also?: string): Promise<Organisation> {
    this.requests.length = 0;
    return (this.#organisation = await organisation(audio, also));
  }

  get organisation(): Organisation {
    return this.#organisation!;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", "http://test").pathname;
    const method = request.method ?? "GET";
    response.setHeader("Content-Security-Policy", rules);
    let answer: Response;
    if (path.startsWith("/v1/")) {
      const parts: Uint8Array[] = [];
      for await (const part of request) parts.push(part as Uint8Array);
      const type = request.headers["content-type"] ?? "";
      const body = new Uint8Array(Buffer.concat(parts));
      const form = type.startsWith("multipart/") ? await new Response(body, { headers: { "Content-Type": type } }).formData() : null;
      answer = await this.#organisation!.fetch(path, { method, body: method === "GET" ? null : (form ?? body) });
    } else answer = new Response(readFileSync(join(dist, path === "/" ? "index.html" : path)), { headers: { "Content-Type": types[path.split(".").pop()!] ?? types["html"]! } });
    const body = brotliCompressSync(new Uint8Array(await answer.arrayBuffer()));
    if (method === "GET") this.requests.push({ path, bytes: body.length });
    response.writeHead(answer.status, { "Content-Encoding": "br", "Content-Type": answer.headers.get("Content-Type") ?? "application/json", "Cache-Control": path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache", ...(path.startsWith("/assets/worker-") ? { "Service-Worker-Allowed": "/" } : {}) });
    response.end(body);
  }
}
