import { say, options, useApp } from "../context.ts";
import { forOthers, isAffected } from "../draft.ts";
import { fill } from "../../strings/index.ts";
import { Many, One, Title } from "../parts.tsx";
import { HelpFirst } from "./first.tsx";

export function Desk() {
  const { t, org, lang, draft, set } = useApp();
  const desks = org.desks.map((d) => {
    const topics = d.topics.map((topic) => say(org.codebook.groups.find((g) => g.code === topic)?.label, lang)).filter(Boolean);
    return { value: d.id, label: say(d.labels, lang) || d.id, ...(topics.length > 0 ? { help: topics.join(" · ") } : {}) };
  });
  return <One name="desk" legend={<Title>{t.desk_title}</Title>} hint={t.desk_hint} options={desks} value={draft.desk} set={(desk) => set({ desk })} />;
}

export function Teller() {
  const { t, org, lang, draft, set } = useApp();
  const { teller, asked } = org.codebook.lists;
  return (
    <>
      <One name="teller" legend={<Title>{t.teller_title}</Title>} options={options(teller, lang)} value={draft.teller} set={(v) => set({ teller: v, ...(v === "affected" || v === "" ? { asked: "" } : {}) })} />
      {draft.teller !== "" && !isAffected(draft) &&
        <One name="asked" legend={draft.teller === forOthers ? t.asked_worker : t.asked_title} hint={draft.teller === forOthers ? t.asked_read : t.asked_hint} options={options(asked, lang)} value={draft.asked} set={(v) => set({ asked: v })} />}
    </>
  );
}

/** The value of the box "I'm not sure", which excludes the groups and is not a code of its own. */
const unsure = "not-sure";

export function Groups() {
  const { t, org, lang, texts, draft, set } = useApp();
  const groups = options(org.codebook.groups, lang);
  const pick = (chosen: string[]) => {
    const kept = chosen.filter((c) => c !== unsure);
    const acts = org.codebook.groups.filter((g) => kept.includes(g.code)).flatMap((g) => g.acts.map((a) => a.code));
    set({ groups: kept, unsure: chosen.includes(unsure), acts: draft.acts.filter((a) => acts.includes(a)) });
  };
  return (
    <>
      <Many name="groups" legend={<Title>{t.groups_title}</Title>} hint={t.groups_hint} alone={[unsure]}
        options={[...groups, { value: unsure, label: t.groups_unsure }]} value={draft.unsure ? [unsure] : draft.groups} set={pick} />
      {draft.groups.includes("emergency") && <HelpFirst t={t} help={texts?.help_first} />}
    </>
  );
}

export function Acts({ group }: { group: string }) {
  const { t, org, lang, draft, set } = useApp();
  const g = org.codebook.groups.find((x) => x.code === group);
  const wording = isAffected(draft) ? "you" : draft.teller ? "them" : "label";
  const mine = (g?.acts ?? []).map((a) => a.code);
  return (
    <Many name="acts" legend={<Title>{fill(t.acts_title, { group: say(g?.label, lang) })}</Title>} hint={t.acts_hint} options={options(g?.acts, lang, wording)}
      value={draft.acts.filter((a) => mine.includes(a))} set={(v) => set({ acts: [...draft.acts.filter((a) => !mine.includes(a)), ...v] })} />
  );
}
