// How the page feels on a phone, against design.md's budgets: the longest task on the page's own thread while a story is
// typed, with the processor slowed six times; and how much memory a film of 100 MiB takes that is sealed while it goes.
import { open, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { id, press, walk } from "./form.mjs";
import { chromium, cleanUp, demo, temporaryFolder, until } from "./tools.mjs";

const limits = { task: 50, memory: 64 };
let worst = 0;
const say = (what, value, limit, unit) => {
  worst = Math.max(worst, value / limit);
  console.log(`${what}: ${Math.round(value)} ${unit}, limit ${limit}, ratio ${(value / limit).toFixed(2)}`);
};

/** Memory of a process and all below it, in MiB by process: RssAnon of Linux. */
async function memory(root) {
  const parents = new Map();
  for (const pid of (await readdir("/proc")).filter((p) => /^\d+$/.test(p))) {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    parents.set(pid, stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  }
  const used = new Map();
  for (const pid of parents.keys()) {
    let at = pid;
    while (at && at !== String(root) && at !== "1" && at !== "0") at = parents.get(at);
    if (at !== String(root)) continue;
    const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
    used.set(pid, Number(/RssAnon:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
  }
  return used;
}

async function phone(browser, org) {
  const page = await browser.newPage();
  await page.setViewport({ width: 360, height: 640, isMobile: true, hasTouch: true });
  await page.goto(org.phone);
  await page.waitForSelector(id("screen-first"));
  return page;
}

async function typing(browser, org) {
  const page = await phone(browser, org);
  const session = await page.createCDPSession();
  await session.send("Emulation.setCPUThrottlingRate", { rate: 6 });
  await walk(page, { desk: () => page.click(id("desk-street")) }, "story");
  await page.evaluate(() => {
    globalThis.tasks = [];
    new PerformanceObserver((list) => globalThis.tasks.push(...list.getEntries().map((e) => e.duration))).observe({ type: "longtask", buffered: false });
  });
  await page.type(id("story"), "PRACTICE. Two people at the steps took what I had with me and asked for more. ".repeat(3));
  await new Promise((r) => setTimeout(r, 500));
  const tasks = await page.evaluate(() => globalThis.tasks);
  say("longest task while typing, processor slowed six times, ms", Math.max(0, ...tasks), limits.task, "ms");
  await page.close();
}

async function film(browser, org) {
  const file = join(await temporaryFolder("film"), "film.bin");
  const handle = await open(file, "w");
  const piece = Buffer.alloc(1 << 20);
  for (let i = 0; i < 100; i++) {
    piece.writeUInt32BE(i * 2654435761 % 4294967296, 0);
    await handle.write(piece);
  }
  await handle.close();
  const page = await phone(browser, org);
  await walk(page, {
    desk: () => page.click(id("desk-street")),
    files: async () => {
      await until("the copy sealed", 20, () => page.$eval(id("files-input"), (f) => !f.disabled));
      await (await page.$(id("files-input"))).uploadFile(file);
      await until("the film looked at", 60, () => page.$$eval(id("file"), (l) => l.length === 1 && l[0].dataset.found !== "checking"));
    },
  }, "check");
  const root = browser.process().pid;
  const before = await memory(root);
  const peak = new Map();
  const began = performance.now();
  await press(page, "next");
  await until("the film sent", 300, async () => {
    for (const [pid, n] of await memory(root)) peak.set(pid, Math.max(peak.get(pid) ?? 0, n));
    return page.$(id("words"));
  });
  const grew = [...peak].filter(([pid]) => pid !== String(root)).map(([pid, n]) => n - (before.get(pid) ?? 0));
  console.log(`100 MiB sealed and sent in ${Math.round((performance.now() - began) / 1000)} s; the browser's own process, which holds what waits to be sent as it sees fit, grew by ${Math.round(peak.get(String(root)) - before.get(String(root)))} MiB`);
  say("a 100 MiB film's memory in the page, MiB", Math.max(...grew), limits.memory, "MiB");
  await page.close();
}

try {
  const org = await demo("--reports", "100");
  const browser = await chromium();
  await typing(browser, org);
  await film(browser, org);
  console.log(`worst ratio to a budget: ${worst.toFixed(2)}`);
  if (worst > 1) process.exitCode = 1;
} catch (e) {
  console.error(`error: ${e.stack}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
