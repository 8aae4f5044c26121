// Putting the page on the phone's own screen. The browser is told of it only when she asks, so a first visit pays nothing
// and no browser offers it by itself.

type Prompt = Event & { prompt(): Promise<unknown> };

let held: Prompt | null = null;

/** asked is the browser's own question, ready to be shown, if it has one. */
export function asked(): Prompt | null {
  return held;
}

/** askToInstall links what the browser needs for it, in a language, and tells when its question is ready. It returns what ends that. */
export function askToInstall(lang: string, icon: string, ready: () => void): () => void {
  const hold = (e: Event) => {
    e.preventDefault();
    held = e as Prompt;
    ready();
  };
  addEventListener("beforeinstallprompt", hold);
  offerInstall(lang, icon);
  return () => removeEventListener("beforeinstallprompt", hold);
}

/** offerInstall links the page's manifest, which takes along what the link pinned and whether this is practice, and the picture that an iPhone takes for its screen. */
function offerInstall(lang: string, icon: string): void {
  const said = new URLSearchParams(location.hash.slice(1));
  const at = ["root", "practice"].filter((k) => said.has(k)).map((k) => (k === "root" ? `root=${said.get(k)}` : k)).join("&");
  for (const [rel, href] of [["manifest", `/app.webmanifest?${new URLSearchParams({ lang, at }).toString()}`], ["apple-touch-icon", `/icons/${icon}-192.png`]] as const) {
    const link = document.querySelector<HTMLLinkElement>(`link[rel=${rel}]`) ?? document.head.appendChild(document.createElement("link"));
    link.rel = rel;
    link.href = href;
  }
}
