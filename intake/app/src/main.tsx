import { render } from "preact";
import { rootOf } from "./lib/session.ts";
import { language, languages, preferred } from "./strings/index.ts";
import { App } from "./ui/app.tsx";
import { title } from "./ui/config.ts";
import { dress } from "./ui/dress.ts";

async function start(): Promise<void> {
  dress();
  document.title = title;
  const wanted = preferred(navigator.languages, languages);
  let spoken = wanted;
  // Words that can't be fetched: English may be in the browser's cache. Without any the page's own line stays.
  const words = await wanted.load().catch(() => (spoken = language("en")).load());
  document.documentElement.lang = spoken.locale;
  document.documentElement.dir = spoken.dir;
  const link = { root: rootOf(location.hash), practice: new URLSearchParams(location.hash.replace(/^#/, "")).has("practice") };
  const place = document.getElementById("app");
  place?.replaceChildren();
  if (place) render(<App link={link} tag={spoken.tag} words={words} />, place);
}

// A link followed in a page that is open already: what it pins, and whether it is practice, count from the beginning.
addEventListener("hashchange", () => location.reload());

void start().catch(() => undefined);
