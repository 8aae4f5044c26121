import { createServer, type Server } from "node:http";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";
import puppeteer, { type Browser } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hex, sha256, type Bytes } from "../src/lib/bytes.ts";
import { dayOf } from "../src/lib/field.ts";
import { openReport } from "./open.ts";
import { certificate, Organisation } from "./organisation.ts";

// The built app in Debian's Chromium, under the rules that the server sends (intake/harden.go).

const chromium = "/usr/bin/chromium";
const dist = join(import.meta.dirname, "../dist");
const codebook = join(import.meta.dirname, "../../../vault/codebook");
const rules = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; media-src blob:; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types peerwitness";
/** design.md §6. The desk has as many people as its eight slots take. */
const limit = 90_000;
const types: { readonly [end: string]: string } = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8" };

type Visit = { readonly requests: { path: string; bytes: number }[]; readonly organisation: Organisation };

let browser: Browser;
let server: Server;
let visit: Visit;

/** An organisation whose certificates are good on the day of the test: the browser has the machine's clock. */
async function organisation(): Promise<Organisation> {
  const org = await Organisation.make(7);
  const documents: [string, Bytes][] = [];
  for (const name of ["codebook.json", "texts/en.json", "texts/fr.json"]) documents.push([name, new Uint8Array(readFileSync(join(codebook, name)))]);
  const [book, en, fr] = await Promise.all(documents.map(async ([, bytes]) => hex(await sha256(bytes))));
  org.files.set(`/v1/codebook/${book!}`, documents[0]![1]).set(`/v1/texts/${en!}/en`, documents[1]![1]).set(`/v1/texts/${fr!}/fr`, documents[2]![1]);
  const day = (ahead: number) => dayOf(Date.now() + ahead * 86_400_000);
  await org.publish({ codebook: book, texts: { en, fr }, issued: day(-1), expires: day(300) });
  org.certify(...await Promise.all(org.advocates.map((a) => certificate(a, a.recipient, day(-1), day(44)))));
  return org;
}

beforeAll(async () => {
  browser = await puppeteer.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"] });
  server = createServer((request, response) => {
    void (async () => {
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
        answer = await visit.organisation.fetch(path, { method, body: method === "GET" ? null : (form ?? body) });
      } else answer = new Response(readFileSync(join(dist, path === "/" ? "index.html" : path)), { headers: { "Content-Type": types[path.split(".").pop()!] ?? types["html"]! } });
      const body = brotliCompressSync(new Uint8Array(await answer.arrayBuffer()));
      if (method === "GET") visit.requests.push({ path, bytes: body.length });
      response.writeHead(answer.status, { "Content-Encoding": "br", "Content-Type": answer.headers.get("Content-Type") ?? "application/json", "Cache-Control": "no-cache" });
      response.end(body);
    })().catch(() => response.writeHead(404).end());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
}, 60_000);

afterAll(async () => {
  await browser.close();
  server.closeAllConnections();
  await new Promise((done) => server.close(done));
});

describe("the first visit", () => {
  test.each(["en", "fr"])("in %s: a report is sent within 8 requests and 90 kB, and the page breaks none of its rules", { timeout: 120_000 }, async (lang) => {
    visit = { requests: [], organisation: await organisation() };
    const context = await browser.createBrowserContext();
    try {
      const page = await context.newPage();
      await page.setViewport({ width: 360, height: 640 });
      await page.evaluateOnNewDocument((tag: string) => {
        Object.defineProperty(navigator, "languages", { value: [tag] });
        document.addEventListener("securitypolicyviolation", (e) => console.error(`rule broken: ${e.violatedDirective} ${e.blockedURI}`));
      }, lang);
      const complaints: string[] = [];
      page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
      page.on("pageerror", (e) => complaints.push(String(e)));
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page.waitForSelector("[data-testid=screen-first]", { timeout: 20_000 });
      for (let i = 0; i < 60 && !(await page.$("[data-testid=words], [data-testid=sending-now]")); i++) {
        await page.click("[data-testid=next]");
        await new Promise((done) => setTimeout(done, 50));
      }
      await page.waitForSelector("[data-testid=words]", { timeout: 30_000 });
      expect(await page.$$("[data-testid=words] li")).toHaveLength(12);
      expect(await page.evaluate(() => document.documentElement.lang)).toBe(lang);
      expect(await page.evaluate(() => getComputedStyle(document.querySelector("[data-testid=next]")!).minHeight)).not.toBe("auto");
      expect(complaints).toEqual([]);
      const [deposit] = visit.organisation.server.deposits.values();
      expect(JSON.parse(await openReport(deposit!.report, 8, visit.organisation.advocates[0]!.identity))).toMatchObject({ kind: "report", lang });
      const bytes = visit.requests.reduce((n, r) => n + r.bytes, 0);
      process.stdout.write(`first visit, ${lang}: ${visit.requests.length} requests of 8, ${bytes} bytes of ${limit}\n${visit.requests.map((r) => `  ${r.bytes} ${r.path.slice(0, 60)}`).join("\n")}\n`);
      expect(visit.requests.length).toBeLessThanOrEqual(8);
      expect(bytes).toBeLessThanOrEqual(limit);
    } finally {
      await context.close();
    }
  });
});
