// The phone form as a browser test walks it.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { until } from "./tools.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** No finding of axe-core on the page as it stands. Runs beside the page's own scripts, past its CSP. `colours`: contrast is looked at too, which takes longest. */
export async function accessible(page, what, colours = true) {
  // Half a megabyte, once a document and not once a screen.
  if (await page.evaluate(() => !globalThis.axe)) await page.evaluate(axe);
  const found = await page.evaluate((on) => globalThis.axe.run(document, { resultTypes: ["violations"], rules: { "color-contrast": { enabled: on } } }), colours);
  const said = found.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(", ")}`);
  if (said.length > 0) throw new Error(`axe-core on ${what}: ${said.join("; ")}`);
}

export const id = (name) => `[data-testid="${name}"]`;

/** Presses what a finger could: brought to the middle first, since what only the sticky foot covers counts as in view. */
export async function press(page, name) {
  const target = await page.waitForSelector(id(name));
  await target.evaluate((e) => e.scrollIntoView({ block: "center", behavior: "instant" }));
  await target.click();
}

/** Walks the phone form to screen `end`: `answers` says what to do on a screen; what it does not name is passed by. */
export async function walk(page, answers, end, look = () => undefined) {
  const seen = [];
  for (;;) {
    const screen = await page.$eval("form[data-testid^=screen-], div[data-testid^=screen-]", (f) => f.dataset.testid.slice(7));
    if (seen.at(-1) === screen) throw new Error(`stuck on screen ${screen}: ${await page.$eval("#problems", (p) => p.textContent).catch(() => "no reason shown")}`);
    seen.push(screen);
    await look(screen);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) throw new Error(`screen ${screen} is ${overflow} px too wide`);
    await answers[screen]?.();
    if (screen === end) return seen;
    await page.click(id("next"));
    await until(`the screen after ${screen}`, 5, () => page.$eval("form[data-testid^=screen-], div[data-testid^=screen-]", (f, was) => f.dataset.testid.slice(7) !== was, screen).catch(() => false));
  }
}
