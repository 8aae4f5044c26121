import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { kindOf, openOrganisation, type Organisation, type ProblemKind } from "../lib/session.ts";
import { language, on, preferred, type Strings } from "../strings/index.ts";
import { title } from "./config.ts";
import { hasLeft, leave, watchExit } from "./exit.ts";
import { Form } from "./form.tsx";
import { Title } from "./parts.tsx";
import { route } from "./routes.ts";
import { HelpFirst } from "./screens/first.tsx";
import { Shut } from "./screens/shut.tsx";
import { keepApp } from "./shell.ts";
import { forgetVisit, visit } from "./visit.ts";

/** How long after the first screen the page is kept for later visits, in milliseconds. */
const settled = 2000;

/** What the page's link says: the root keys to insist on, and whether this is practice. It is read once and never written. */
export type Link = { readonly root: string | null; readonly practice: boolean };

type Props = { link: Link; tag: string; words: Strings };

type State =
  | { readonly at: "opening" }
  | { readonly at: "shut"; readonly kind: ProblemKind }
  | { readonly at: "open"; readonly org: Organisation }
  | { readonly at: "gone" };

/** App opens the organisation and shows the form, or says why it can't. Leaving is possible from the first moment on. */
export function App({ link, tag, words }: Props) {
  const [lang, setLang] = useState(tag);
  const [t, setT] = useState(words);
  const [state, setState] = useState<State>({ at: "opening" });
  const [name, setName] = useState(title);

  const open = () => {
    setState({ at: "opening" });
    openOrganisation(link.root, visit(), lang).then(
      (org) => {
        if (hasLeft()) return org.close();
        void offer(org.languages).then((spoken) => {
          if (hasLeft()) return org.close();
          setState({ at: "open", org });
          // Once the page has settled: on a phone the first screen comes before what later visits need.
          setTimeout(() => void keepApp(org, spoken), settled);
        }, () => {
          org.close();
          setState({ at: "shut", kind: "offline" });
        });
      },
      (error: unknown) => {
        const shut = () => setState({ at: "shut", kind: kindOf(error) });
        void offer([]).then(shut, shut);
      },
    );
  };
  // A draft is fetched with the first visit, so that a language which is on costs no second way; one that is off goes
  // before any of its questions are seen.
  const offer = async (signed: readonly string[]): Promise<string> => {
    const offered = on(signed);
    if (offered.some((l) => l.tag === lang)) return lang;
    const spoken = preferred(navigator.languages, offered).tag;
    await choose(spoken);
    return spoken;
  };
  useEffect(open, []);

  // Closing the organisation ends its worker, and with it the keys and sealed bytes that it held; the draft goes with
  // the form that held it.
  const wipe = () => {
    forgetVisit();
    if (state.at === "open") {
      // What was sealed on the way to a camera goes too; closing ends the worker that would do it.
      const { org } = state;
      void org.dropCopy().catch(() => undefined).then(() => org.close());
    }
    setState({ at: "gone" });
  };
  const end = () => {
    if (state.at === "open") state.org.close();
    setState({ at: "gone" }); // the draft goes with what held it
  };
  const exit = () => leave(wipe);
  useEffect(() => watchExit(wipe, end), [state]);

  const turn = useRef(0);
  const choose = async (wanted: string): Promise<void> => {
    const l = language(wanted);
    const mine = ++turn.current;
    const use = (got: Strings) => {
      if (hasLeft() || mine !== turn.current) return; // she has chosen another since
      document.documentElement.lang = l.locale;
      document.documentElement.dir = l.dir;
      setT(got);
      setLang(l.tag);
    };
    use(await l.load());
  };

  return (
    <Frame t={t} name={name} practice={link.practice} exit={exit}>
      {state.at === "opening" && <main class="page stack" data-testid={route("opening")}>{!language(lang).draft && <HelpFirst t={t} />}<div role="status"><Title>{t.loading}</Title></div></main>}
      {state.at === "shut" && <Shut t={t} lang={lang} kind={state.kind} choose={choose} again={open} />}
      {state.at === "open" && (
        <Form org={state.org} t={t} lang={lang} practice={link.practice} choose={choose} done={wipe} named={setName} />
      )}
      {state.at === "gone" && <Gone t={t} />}
    </Frame>
  );
}

/** Frame is what every screen has: the neutral name, and the way out always in the same corner. */
function Frame({ t, name, practice, exit, children }: { t: Strings; name: string; practice: boolean; exit: () => void; children: ComponentChildren }) {
  return (
    <div class="app">
      <header class="top">
        <div class="head">
          <bdi class="name">{name}</bdi>
          <button type="button" class="exit" data-testid="leave" onClick={exit}>{t.leave}</button>
        </div>
        {practice && <p class="practice" data-testid="practice">{t.practice}</p>}
      </header>
      {children}
    </div>
  );
}

function Gone({ t }: { t: Strings }) {
  useEffect(() => document.getElementById("title")?.focus(), []);
  return (
    <main class="page stack" data-testid={route("gone")}>
      <Title>{t.gone_title}</Title>
      <p>{t.gone_hint}</p>
    </main>
  );
}
