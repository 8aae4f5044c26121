// What the browser tests share: a browser of their own, a demo organisation of
// their own, a proxy that counts and keeps what passes, and a way to end all of it.
import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import http from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import puppeteer from "puppeteer-core";

export const root = fileURLToPath(new URL("../../../", import.meta.url));

export const run = promisify(execFile);
export const bin = (name) => join(root, "bin", name);

/** A picture of the page for docs/img; SCREENSHOTS=DIR asks for them. */
export async function picture(page, name) {
  const dir = process.env.SCREENSHOTS;
  if (!dir) return;
  const path = join(root, dir, `${name}.png`);
  await mkdir(dirname(path), { recursive: true });
  await page.screenshot({ path, optimizeForSpeed: false });
}

const undo = [];
/** Registers something to be undone at the end, last first. */
export const later = (f) => undo.push(f);
export async function cleanUp() {
  while (undo.length > 0) {
    try {
      await undo.pop()();
    } catch (e) {
      console.error("while cleaning up:", e.message);
    }
  }
}

export const check = (ok, what) => {
  if (!ok) throw new Error(`did not hold: ${what}`);
  console.log(`ok   ${what}`);
};

export async function until(what, seconds, f) {
  // A busy computer is no failure: at least a minute.
  const end = Date.now() + Math.max(seconds, 60) * 1000;
  for (;;) {
    const got = await f();
    if (got) return got;
    if (Date.now() > end) throw new Error(`waited ${Math.max(seconds, 60)} s in vain: ${what}`);
    await new Promise((r) => setTimeout(r, 100));
  }
}

export async function temporaryFolder(name) {
  const dir = await mkdtemp(join(tmpdir(), `peerwitness-${name}-`));
  later(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

const quietly = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

/** Both browsers, headless, with a profile of their own, a microphone that is none, and no network but loopback. */
export const browsers = {
  chromium: (profile) => puppeteer.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, userDataDir: profile, args: quietly }),
  firefox: (profile) => puppeteer.launch({
    browser: "firefox", executablePath: process.env.FIREFOX ?? "/usr/bin/firefox-esr", headless: true, userDataDir: profile,
    // As a person's Firefox is, where the driver would have it forget: sessions are kept, and often.
    extraPrefsFirefox: { "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true, "browser.sessionstore.resume_from_crash": true, "browser.sessionstore.interval": 1000, "browser.sessionstore.privacy_level": 0, "browser.formfill.enable": true },
  }),
};

/** One of the two, in a profile folder that goes with it. */
export async function launch(name) {
  const browser = await browsers[name](await temporaryFolder(name));
  later(() => browser.close().catch(() => undefined));
  // Several browsers share two cores with other tests: what takes long has not failed.
  const newPage = browser.newPage.bind(browser);
  browser.newPage = async () => {
    const page = await newPage();
    page.setDefaultTimeout(120_000);
    return page;
  };
  return browser;
}
export const chromium = () => launch("chromium");

/** A phone's page. Only Chromium plays a phone's own ways. */
export async function phonePage(browser) {
  const page = await browser.newPage();
  const chrome = (await browser.version()).toLowerCase().includes("chrome");
  await page.setViewport({ width: 360, height: 640, deviceScaleFactor: 1, ...(chrome ? { isMobile: true, hasTouch: true } : {}) });
  return page;
}

/**
 * Starts `peerwitness demo` and waits until it has printed its addresses. What
 * it prints is its interface here as for a person.
 */
export async function demo(...flags) {
  const dir = join(await temporaryFolder("demo"), "organisation");
  const child = spawn(join(root, "bin/peerwitness"), ["demo", "--dir", dir, ...flags], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((r) => child.on("exit", r));
  later(async () => {
    child.kill("SIGINT");
    const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
    await ended;
    clearTimeout(timer);
  });
  let text = "";
  for (const out of [child.stdout, child.stderr]) out.on("data", (d) => { text += d; });
  const last = (word) => [...text.matchAll(new RegExp(`^\\s*${word}  +(\\S.*?)(?:  .*)?$`, "gm"))].at(-1)?.[1];
  await until("the demo's addresses", 240, () => {
    if (child.exitCode !== null) throw new Error(`the demo ended by itself (${child.exitCode}):\n${text}`);
    return last("phone") && last("desk") && last("passphrase") && last("sign-in code");
  });
  const used = new Set();
  return {
    dir, phone: last("phone"), desk: last("desk"), passphrase: last("passphrase"),
    /** A sign-in code that this run has not used yet. */
    code: async () => {
      const c = await until("a fresh code", 70, () => (used.has(last("sign-in code")) ? undefined : last("sign-in code")));
      used.add(c);
      return c;
    },
  };
}

/**
 * The public side of a demo, where nothing is asked of its desk: `phone`, and `dir` with its files. It is the one that stands
 * for all tests of a run, whose whereabouts are in the file that STANDING_DEMO names (browser/standing.mjs), or one of its own.
 */
export async function publicDemo() {
  const file = process.env.STANDING_DEMO;
  if (!file) return demo("--reports", "100");
  return JSON.parse(await until("the demo that stands for all tests", 240, () => readFile(file, "utf8").catch(() => undefined)));
}

/**
 * A plain HTTP proxy on loopback in front of `target`. Keeps every request's
 * method, path and body, and counts the bytes of bodies and headers that came back.
 * While `fault` says so of a request, its connection is cut: `true`, before anything of it is read; "half", in the middle of
 * its body; "answered", once the server has taken all of it, before the phone hears so. What `hold` gives for one is waited for first.
 */
export async function proxy(target) {
  const to = new URL(target);
  const seen = [];
  const site = { url: "", seen, fault: () => false, hold: () => undefined };
  const server = http.createServer(async (req, res) => {
    const fault = site.fault(req);
    if (fault === true) return req.socket.destroy();
    await site.hold(req);
    const began = performance.now();
    const parts = [];
    const half = Number(req.headers["content-length"] ?? 0) / 2;
    let came = 0;
    req.on("data", (d) => {
      parts.push(d);
      came += d.length;
      if (fault === "half" && came >= half) req.socket.destroy();
    });
    req.on("end", () => {
      if (fault === "half") return req.socket.destroy();
      const body = Buffer.concat(parts);
      const entry = { method: req.method, path: req.url, headers: req.headers, body, began, bytes: 0, status: 0 };
      seen.push(entry);
      const up = http.request({ host: to.hostname, port: to.port, method: req.method, path: req.url, headers: { ...req.headers, host: to.host } }, (answer) => {
        entry.status = answer.statusCode;
        if (fault === "answered") {
          answer.resume();
          return req.socket.destroy();
        }
        entry.bytes = answer.rawHeaders.reduce((n, h) => n + h.length + 2, 20);
        res.writeHead(answer.statusCode, answer.rawHeaders);
        answer.on("data", (d) => { entry.bytes += d.length; });
        answer.pipe(res);
      });
      up.on("error", () => res.destroy());
      up.end(body);
    });
  });
  await new Promise((r) => server.listen(0, "127.0.0.1", r));
  later(() => new Promise((r) => { server.closeAllConnections(); server.close(r); }));
  site.url = `http://127.0.0.1:${server.address().port}`;
  return site;
}

/** The bytes of one part of a multipart body. */
export function part(entry, name) {
  const boundary = /boundary="?([^";]+)/.exec(entry.headers["content-type"])[1];
  const body = entry.body;
  const mark = Buffer.from(`--${boundary}`);
  for (let at = body.indexOf(mark); at >= 0; ) {
    const next = body.indexOf(mark, at + mark.length);
    if (next < 0) return undefined;
    const head = body.indexOf("\r\n\r\n", at);
    if (body.subarray(at, head).toString().includes(`name="${name}"`)) return body.subarray(head + 4, next - 2);
    at = next;
  }
  return undefined;
}
