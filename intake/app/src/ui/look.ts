import type { Texts } from "../lib/session.ts";
import { title } from "./config.ts";

// How the page looks to who glances at it: a name, an icon and a colour that the organisation chose out of a few and signed
// with its words, so that nobody else can have the page call itself something that gives its holder away.

/** Line drawings of ordinary things, on a 24 × 24 grid. public/icons has the same for the phone's own screen. */
const icons: Readonly<Record<string, string>> = {
  page: "M7 3.5h7l4 4v13H7zM14 3.5v4h4M10 12h5M10 15.5h5",
  leaf: "M5 19C5 10 10 5 19.5 4.5 20 14 15 19 8 19M5 20.5 13 12",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 2.5v2.5M12 19v2.5M2.5 12H5M19 12h2.5M5.5 5.5 7 7M17 17l1.5 1.5M18.5 5.5 17 7M7 17l-1.5 1.5",
  cup: "M5 8.5h11v5.5a5 5 0 0 1-5 5h-1a5 5 0 0 1-5-5zM16 10h1.5a2.5 2.5 0 0 1 0 5H16M9 3v2.5M12 3v2.5",
  boat: "M3.5 15h17l-3 4.5h-11zM12 15V3.5L18.5 12H12M12 6l-5.5 6H12",
};
const colours = ["teal", "green", "blue", "violet", "brown"];

/** Look is how the page looks. */
export type Look = { readonly name: string; readonly icon: string; readonly colour: string };

/** look is what the words ask for; what is missing, unknown or no plain short name is as it is without. */
export function look(texts: Texts | null): Look {
  const { name, icon, colour } = texts?.look ?? {};
  const plain = typeof name === "string" && name.trim() !== "" && Array.from(name).length <= 20 && !/[\p{C}\p{Zl}\p{Zp}<>]/u.test(name);
  return {
    name: plain ? name : title,
    icon: typeof icon === "string" && Object.hasOwn(icons, icon) ? icon : "page",
    colour: typeof colour === "string" && colours.includes(colour) ? colour : colours[0]!,
  };
}

/** wear gives the page a look: its name in the tab and in lists of pages, its icon there, its colour. */
export function wear({ name, icon, colour }: Look): void {
  document.title = name;
  document.documentElement.dataset["colour"] = colour;
  const link = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke="#555" stroke-width="2"><path d="${icons[icon]!}"/></svg>`;
  if (link) link.href = `data:image/svg+xml,${encodeURIComponent(drawing)}`;
}
