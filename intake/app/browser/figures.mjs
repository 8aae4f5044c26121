// The pages of a release, opened from a folder as somebody would who was sent it:
// node figures.mjs FOLDER. Each language, phone and desk, light and dark: no finding
// of axe-core, nothing wider than the window, nothing on the console, nothing fetched.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { accessible } from "./form.mjs";
import { check, chromium, cleanUp } from "./tools.mjs";

const folder = process.argv[2];
try {
  const browser = await chromium();
  for (const file of ["en.html", "fr.html"]) {
    for (const [width, height, scheme] of [[360, 640, "light"], [1280, 800, "light"], [360, 640, "dark"], [1280, 800, "dark"]]) {
      const page = await browser.newPage();
      const said = [];
      const asked = [];
      page.on("console", (m) => said.push(m.text()));
      page.on("request", (r) => asked.push(r.url()));
      await page.setViewport({ width, height });
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await page.goto(pathToFileURL(join(folder, file)).href);
      const what = `${file}, ${width} wide, ${scheme}`;
      const seen = await page.evaluate(() => ({
        over: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        styled: getComputedStyle(document.querySelector("svg.slim")).display !== getComputedStyle(document.querySelector("svg.wide")).display,
        cut: [...document.querySelectorAll("svg")].filter((s) => s.getBoundingClientRect().width > 0)
          .flatMap((s) => [...s.querySelectorAll("text, rect:not(pattern rect)")].filter((t) => {
            const a = s.getBoundingClientRect(), b = t.getBoundingClientRect();
            return b.left < a.left - 1 || b.right > a.right + 1;
          }).map((t) => t.textContent)),
      }));
      check(seen.over <= 0 && seen.styled && seen.cut.length === 0, `${what}: fits, and one drawing of the two shows${seen.cut.length > 0 ? `; cut: ${seen.cut}` : ""}`);
      check(said.length === 0 && asked.length === 1, `${what}: fetches nothing, says nothing`);
      await accessible(page, what);
      await page.close();
    }
  }
  console.log("ok   the pages of a release");
} finally {
  await cleanUp();
}
