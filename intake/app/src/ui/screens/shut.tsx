import { useEffect } from "preact/hooks";
import type { ProblemKind } from "../../lib/session.ts";
import { language, type Strings } from "../../strings/index.ts";
import { Hint, Title } from "../parts.tsx";
import { route } from "../routes.ts";
import { HelpFirst, Languages, type Choose } from "./first.tsx";

type Props = { t: Strings; lang: string; kind: ProblemKind; choose: Choose; again: () => void };

/** Shut is the page when the way in is closed: what happened, that nothing was sent, and what to do. Help comes first even here. */
export function Shut({ t, lang, kind, choose, again }: Props) {
  const refused = kind === "roster" || kind === "root" || kind === "refused";
  useEffect(() => document.getElementById("title")?.focus({ preventScroll: true }), []);
  return (
    <div class="app-form" data-testid={route("shut")} data-problem={kind}>
      <main class="page stack">
        {!language(lang).draft && <HelpFirst t={t} />}
        <Languages t={t} lang={lang} signed={[]} choose={choose} />
        <Title>{t.shut_title}</Title>
        <p role="alert">{reason(t, kind)}</p>
        {kind === "expired" && <p>{t.shut_clock}</p>}
        <p class="say">{t.shut_sent}</p>
        {kind !== "crypto" && <p>{refused ? t.shut_next_refused : t.shut_next}</p>}
        <Hint>{t.leave_hint}</Hint>
      </main>
      <footer class="foot"><div class="foot-row"><button type="button" class="primary" data-testid="again" onClick={again}>{t.again}</button></div></footer>
    </div>
  );
}

function reason(t: Strings, kind: ProblemKind): string {
  switch (kind) {
    case "roster":
    case "refused": return t.shut_refused;
    case "root": return t.shut_root;
    case "expired": return t.shut_expired;
    case "clock": return t.shut_clock;
    case "crypto": return t.shut_crypto;
    default: return t.shut_unreachable;
  }
}
