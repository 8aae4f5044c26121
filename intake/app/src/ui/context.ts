import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Code, Labels, Organisation, Readers, Texts } from "../lib/session.ts";
import type { Strings } from "../strings/index.ts";
import type { Draft } from "./draft.ts";
import type { Option, Problem } from "./parts.tsx";
import type { Route } from "./routes.ts";

/** App is what every screen reads. Screens change the draft through `set` and keep nothing of their own. */
export type App = {
  readonly org: Organisation;
  readonly t: Strings;
  readonly lang: string;
  readonly practice: boolean;
  /** The organisation's signed words in this language, or null while they load or when it has none. */
  readonly texts: Texts | null;
  /** The list of who can open reports is past its last day: sealing takes her yes. */
  readonly expired: boolean;
  readonly draft: Draft;
  readonly set: (patch: Partial<Draft> | ((now: Draft) => Partial<Draft>)) => void;
  readonly problems: readonly Problem[];
  /** Who can open reports of the chosen desk; null until its sheet is here. */
  readonly readers: Readers | null;
  readonly readersFailed: boolean;
  readonly fetchReaders: () => void;
  readonly go: (screen: Route) => void;
  /** Seals what is written so far onto this phone. Rejects where that can't be done. */
  readonly keepCopy: () => Promise<void>;
};

export const AppContext = createContext<App | null>(null);

export function useApp(): App {
  const app = useContext(AppContext);
  if (!app) throw new Error("a screen was drawn outside the app");
  return app;
}

/** say picks the words of a language; English, then whatever there is, when that language has none. */
export function say(words: Labels | undefined, lang: string): string {
  if (!words) return "";
  return words[lang] ?? words[lang.split("-")[0]!] ?? words["en"] ?? Object.values(words)[0] ?? "";
}

/** options turns codes of the codebook into answers to choose from, in the wording that fits who tells. */
export function options(codes: readonly Code[] | undefined, lang: string, wording: "label" | "label_under_18" | "you" | "them" = "label"): Option[] {
  return (codes ?? []).map((c) => {
    const option: Option = { value: c.code, label: say(c[wording], lang) || say(c.label, lang) || c.code };
    const help = say(c.help, lang);
    if (help) option.help = help;
    if (c.icon) option.icon = c.icon;
    return option;
  });
}

/** labels are the words for codes already chosen, for reading back. */
export function labels(codes: readonly Code[] | undefined, chosen: readonly string[], lang: string): string[] {
  return chosen.map((code) => say(codes?.find((c) => c.code === code)?.label, lang) || code);
}
