import type { ReadingStrings } from "../strings/index.ts";
import { useApp } from "./context.ts";
import { Fold, Title } from "./parts.tsx";
import { List, Support } from "./screens/after.tsx";
import { Screen } from "./screens/coming.tsx";
import { HelpFirst } from "./screens/first.tsx";

/** Help is what the organisation says to whoever needs it now, from any screen of the form and back to it: all of it its signed words. */
export function Help({ r, leave }: { r: ReadingStrings; leave: () => void; done: () => void }) {
  const { t, texts } = useApp();
  const { after, rights = [], support = [], held } = texts ?? {};
  return (
    <Screen id="help" back={leave}>
      <Title>{r.helping_title}</Title>
      <HelpFirst t={t} help={texts?.help_first} />
      {held && <HelpFirst t={t} help={held} id="held" />}
      <Support />
      {rights.length > 0 && <Fold id="rights" title={t.thanks_rights} open><List items={rights} /></Fold>}
      {after && <Fold id="next" title={t.thanks_next}><List items={after.next} /></Fold>}
      {after && <Fold id="can" title={t.thanks_can}><List items={after.can} /></Fold>}
      {after && <Fold id="cannot" title={t.thanks_cannot}><List items={after.cannot} /></Fold>}
      {support.length + rights.length === 0 && !after && <p>{r.helping_none}</p>}
    </Screen>
  );
}
