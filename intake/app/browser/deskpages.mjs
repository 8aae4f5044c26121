// Every page of the workstation, as its routes have them: nothing for axe-core to find, nothing wider than the window, at 1280
// and 800 px and at 320; with cases of every kind, and with a report that tries to be more than text (attack 23).
// SCREENSHOTS=DIR keeps pictures.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Desk } from "./desk.mjs";
import { accessible } from "./form.mjs";
import { bin, check, chromium, cleanUp, demo, picture, root, run, temporaryFolder } from "./tools.mjs";

const widths = [1280, 800, 320];

// What is no page of its own: files, and what a page shows inside.
const files = ["/launch", "/static/desk.css", "/enrol/qr.png", "/deadlines.ics", "/take-out/file", "/now", "/case/{id}/file/{n}", "/case/{id}/file/{n}/download", "/figures/{period}/{file}"];

const evil = `PRACTICE Evilmark. <script>fetch("http://127.0.0.1:9/x")</script><img src="http://127.0.0.1:9/y" onerror="document.title='owned'">
<svg onload="document.title='owned'"><a href="javascript:document.title='owned'">press</a></svg><style>*{background:url(http://127.0.0.1:9/z)}</style>
{{.Data}} ../../../../etc/passwd =cmd|' /C calc'!A0 \u202egnirts desrever\u202c \u001b[31mred \u0007 ${"W".repeat(400)} ${"\u0301".repeat(300)}`;

/** The addresses of the workstation's pages, as its own table of routes has them. */
async function routes() {
  const go = await readFile(join(root, "review/ui/routes.go"), "utf8");
  return [...go.matchAll(/\bget\("([^"]+)"/g)].map((m) => m[1].replace(/\{(\w+):[^/]*\}/g, "{$1}"));
}

async function sends(org, report) {
  const dir = await temporaryFolder("reports");
  const file = join(dir, "report.json");
  await writeFile(file, JSON.stringify({ practice: true, consent: ["legal-help", "count-me"], ...report }));
  const { hash, origin } = new URL(org.phone);
  await run(bin("peerwitness"), ["report", "--roster", origin, "--root", new URLSearchParams(hash.slice(1)).get("root"), "--desk", "street", "--in", file, "--send", origin]);
}

/** Pages that are reached by way of another one. */
const ways = ["/sheet/columns", "/sheet/check", "/sheet/progress"];

/** Brings a spreadsheet in as practice, and looks at each page on the way. */
async function bringsIn(desk, visited) {
  const { page } = desk;
  await page.goto(new URL("/sheet", desk.inbox).href);
  await (await page.$("#file")).uploadFile(join(root, "testdata/sheets/kobo.xlsx"));
  await desk.press("Read the file");
  await visited("/sheet/columns", "sheet-columns");
  await page.click("[name=practice]");
  if (!await page.$eval("#source", (e) => e.value)) await page.type("#source", "PRACTICE 2024");
  await page.select("#desk", "street");
  // The example's regions are another organisation's.
  await page.$$eval("select[name^=f]", (all) => all.filter((s) => /^(region|part)$/.test(s.value)).forEach((s) => { s.selectedIndex = 0; }));
  await desk.press("Do the dry run");
  await visited("/sheet/check", "sheet-check");
  const agreed = await page.$("[name=agreed]");
  if (agreed) await agreed.click();
  const first = await page.$eval("form[action='/sheet/import'] button", (b) => b.textContent.trim());
  await desk.press(first);
  await visited("/sheet/progress", "sheet-progress");
  check(await page.evaluate(() => /\d/.test(document.querySelector("main").textContent)), "a spreadsheet's rows come in, and the page says how far it is");
  if (await page.$("form[action='/sheet/stop']")) await desk.press("Stop");
}

/** A page at each width: nothing too wide, nothing for axe-core to find. */
async function look(page, name) {
  for (const width of widths) {
    await page.setViewport({ width, height: 800 });
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 0) throw new Error(`${name} is ${over} px too wide at ${width} px`);
    if (width !== 800) await accessible(page, `${name} at ${width} px`, width === 1280);
    if (width !== 320) await picture(page, `desk/${name}-${width}`);
  }
  await page.setViewport({ width: 1280, height: 800 });
}

try {
  const org = await demo("--reports", "100");
  await sends(org, { lang: "en", answers: { groups: ["police"], acts: ["extortion"], who: ["police"], who_text: evil, urgency: "in-custody-now", story: evil, where: { place: evil.slice(0, 900) } }, contact: { name: evil.slice(0, 900), reach: evil.slice(0, 900) } });
  await sends(org, { lang: "ar", answers: { groups: ["police"], acts: ["arrest"], urgency: "danger-now", story: "PRACTICE أوقفتنا الشرطة قرب الجسر وأخذت هاتفي ونقودي. قال رقم الشارة ١٢٣٤٥.", who_text: "الشارة AB-١٢٣٤٥" } });
  const browser = await chromium();
  const desk = await Desk.open(browser, org);
  const { page } = desk;
  const outside = [];
  const home = new URL(desk.inbox).origin;
  page.on("request", (r) => r.url().startsWith("data:") || new URL(r.url()).origin === home || outside.push(r.url()));
  page.on("dialog", (d) => { outside.push(`dialog ${d.message()}`); void d.dismiss(); });

  await desk.press("Sync now");
  const hostile = await desk.find("Evilmark");
  const arabic = await desk.find("أوقفتنا");
  check(hostile && arabic, "both reports are in the inbox");
  const at = (path, url) => path.replace("/case/{id}", new URL(url).pathname);

  const all = await routes();
  const pages = all.filter((r) => !files.includes(r));
  const seen = [];
  const visited = async (route, name) => {
    if (ways.includes(route) && new URL(page.url()).pathname !== route) throw new Error(`${page.url()} in place of ${route}: ${await page.$eval("main", (m) => m.textContent.slice(0, 300))}`);
    await look(page, name);
    if (!seen.includes(route)) seen.push(route);
  };
  const visit = async (route, name, url) => {
    await page.goto(new URL(at(route, url), desk.inbox).href);
    if (new URL(page.url()).pathname !== at(route, url)) throw new Error(`${route} leads to ${page.url()}`);
    await visited(route, name);
  };
  const nameOf = (route) => route.replace(/[{}]/g, "").replaceAll("/", "-").replace(/^-/, "") || "inbox";

  await visit("/case/{id}", "case-not-taken", arabic);
  for (const [url, kind] of [[hostile, "hostile"], [arabic, "arabic"]]) {
    await page.goto(url);
    await desk.press("Take this case");
    for (const route of pages.filter((r) => r.includes("{id}"))) await visit(route, `${nameOf(route)}-${kind}`, url);
  }
  for (const route of pages.filter((r) => !r.includes("{") && r !== "/unlock" && r !== "/enrol" && !ways.includes(r))) await visit(route, nameOf(route), hostile);
  await bringsIn(desk, visited);
  check(outside.length === 0 && await page.title() !== "owned", `a hostile report asks nothing of anybody and runs nothing ${outside.join(" ")}`);

  await page.goto(arabic);
  await desk.unfold("Add a task or a deadline");
  await page.select("#task-kind", "hearing");
  await page.type("#task-what", "PRACTICE district court");
  await page.$eval("#task-day", (e) => { e.value = "2031-02-03"; });
  await desk.press("Add a task or a deadline");
  check(await desk.shows(".tasks", "PRACTICE district court"), "a hearing is in the case's list");
  await visit("/deadlines", "deadlines-full", arabic);

  await desk.press("Lock");
  for (const route of ["/unlock", "/enrol"]) await visit(route, nameOf(route), hostile);
  const missing = pages.filter((r) => !seen.includes(r));
  check(missing.length === 0, `each of the desk's ${pages.length} pages was visited ${missing.join(" ")}`);
  check(files.every((f) => all.includes(f)), "what is no page is still a route");
  console.log("the desk's pages: all of it held");
} catch (e) {
  console.error(`error: ${e.stack}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}
