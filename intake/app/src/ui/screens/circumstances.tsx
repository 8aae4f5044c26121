import { options, say, useApp } from "../context.ts";
import { allowedGrounds, day, isAffected, isHeld, isMinor, type When } from "../draft.ts";
import { fill, hourIn } from "../../strings/index.ts";
import { HelpFirst } from "./first.tsx";
import { Field, Fold, Hint, Many, One, Pick, quiet, Title } from "../parts.tsx";

export function Who() {
  const { t, org, lang, draft, set } = useApp();
  return (
    <>
      <Many name="who" legend={<Title>{t.who_title}</Title>} hint={t.who_hint} alone={["unknown"]} options={options(org.codebook.lists.perpetrator, lang)} value={draft.who} set={(who) => set({ who })} />
      <Field id="who-text" label={t.who_text} hint={t.who_text_hint} value={draft.whoText} set={(whoText) => set({ whoText })} area />
    </>
  );
}

export function Where() {
  const { t, org, lang, draft, set } = useApp();
  const region = org.regions.find((r) => r.id === draft.region);
  const named = (x: { id: string; labels: Record<string, string> }) => ({ value: x.id, label: say(x.labels, lang) || x.id });
  return (
    <>
      <Title>{t.where_title}</Title>
      {org.regions.length > 0 && <Pick name="region" legend={t.region} none={t.region_none} options={org.regions.map(named)} value={draft.region} set={(v) => set({ region: v, part: "" })} />}
      {region && region.parts.length > 0 &&
        <Pick name="part" legend={fill(t.part_of, { region: say(region.labels, lang) || region.id })} none={t.not_sure} options={region.parts.map(named)} value={draft.part} set={(part) => set({ part })} />}
      <Field id="place" label={t.place} hint={t.place_hint} value={draft.place} set={(place) => set({ place })} />
    </>
  );
}

export function WhenItWas() {
  const { t, lang, draft, set } = useApp();
  const when = draft.when;
  const put = (patch: Partial<When>) => set({ when: { ...when, ...patch } });
  const now = new Date();
  const kinds = [
    { value: "date", label: t.when_date },
    { value: "about", label: t.when_about },
    { value: "not-sure", label: t.when_not_sure },
  ];
  const near = (
    <div class="row near">
      <button type="button" data-testid="today" aria-pressed={when.today} onClick={() => put({ kind: "date", date: day(now), today: true })}>{t.when_today}</button>
      <button type="button" data-testid="yesterday" aria-pressed={!when.today && when.date === day(now, 1)} onClick={() => put({ kind: "date", date: day(now, 1), today: false })}>{t.when_yesterday}</button>
    </div>
  );
  return (
    <>
      <One name="when" lead={near} legend={<Title>{t.when_title}</Title>} options={kinds} value={when.kind} set={(kind) => put({ kind: kind as When["kind"], ...(kind === "date" || kind === "about" ? {} : { date: "", today: false, hour: "" }) })} />
      {(when.kind === "date" || when.kind === "about") && (
        <>
          <Field id="date" type="date" max={day(now)} label={when.kind === "about" ? t.when_about_day : t.when_day} value={when.date} set={(date) => put({ date, today: false })} />
          <div class="field">
            <label for="hour">{t.when_hour} <span class="hint small">({t.optional})</span></label>
            <Hint id="hour-hint">{t.when_hour_hint}</Hint>
            <select ref={quiet} id="hour" data-testid="hour" aria-describedby="hour-hint" value={when.hour} onChange={(e) => put({ hour: e.currentTarget.value })}>
              <option value="">{t.not_sure}</option>
              {Array.from({ length: 24 }, (_, h) => <option value={String(h)} key={h}>{hourIn(lang, h)}</option>)}
            </select>
          </div>
        </>
      )}
    </>
  );
}

export function Affected() {
  const { t, org, lang, texts, draft, set } = useApp();
  const lists = org.codebook.lists;
  // Said before the age is asked, so that she knows what telling it may set off.
  const protection = texts?.child_protection && <p class={isMinor(draft) ? "note" : "say"} data-testid="child-protection">{texts.child_protection}</p>;
  return (
    <>
      <Title>{isAffected(draft) ? t.affected_title_you : t.affected_title_them}</Title>
      <Hint>{t.affected_hint}</Hint>
      <One name="age" legend={t.age} lead={protection} options={options(lists.age, lang)} value={draft.age} set={(age) => set({ age })} />
    </>
  );
}

export function Gender() {
  const { t, org, lang, draft, set } = useApp();
  return (
    <>
      <One name="gender" legend={<Title>{t.gender}</Title>} hint={t.affected_hint} options={options(org.codebook.lists.gender, lang)} value={draft.gender} set={(gender) => set({ gender })} />
      {draft.gender === "own-word" && <Field id="gender-own" label={t.gender_own_label} value={draft.genderOwn} set={(genderOwn) => set({ genderOwn })} />}
    </>
  );
}

export function HowMany() {
  const { t, org, lang, draft, set } = useApp();
  return <One name="how-many" legend={<Title>{t.how_many}</Title>} options={options(org.codebook.lists.how_many, lang)} value={draft.howMany} set={(howMany) => set({ howMany })} />;
}

export function Populations() {
  const { t, org, lang, draft, set } = useApp();
  const lists = org.codebook.lists;
  const people = options(lists.population, lang, isMinor(draft) ? "label_under_18" : "label");
  return (
    <>
      <Many name="populations" legend={<Title>{isAffected(draft) ? t.populations_title_you : t.populations_title_them}</Title>} hint={t.populations_hint}
        alone={["none-of-these", "rather-not-say"]} options={people} value={draft.populations} set={(populations) => set({ populations })} />
      <Fold id="more" title={t.fold_more} open={draft.grounds.length + draft.consequences.length > 0}>
        <Many name="grounds" legend={t.grounds} hint={t.grounds_hint} alone={["not-sure"]} options={allowedGrounds(draft, options(lists.ground, lang), (o) => o.value)} value={draft.grounds} set={(grounds) => set({ grounds })} />
        <Many name="consequences" legend={t.consequences} hint={t.consequences_hint} alone={["none-known"]} options={options(lists.consequence, lang)} value={draft.consequences} set={(consequences) => set({ consequences })} />
      </Fold>
    </>
  );
}

export function Urgency() {
  const { t, org, lang, texts, draft, set } = useApp();
  return (
    <>
      <One name="urgency" legend={<Title>{t.urgency_title}</Title>} hint={t.urgency_hint} options={options(org.codebook.lists.urgency, lang)} value={draft.urgency}
        set={(urgency) => set({ urgency, ...(urgency === "danger-now" ? {} : { alsoHeld: false }) })} />
      {draft.urgency === "danger-now" && (
        <>
          <p class="say">{texts?.not_a_call || t.not_a_call}</p>
          <HelpFirst t={t} help={texts?.help_first} open />
          <label class="choice" for="also-held">
            <input ref={quiet} type="checkbox" id="also-held" data-testid="also-held" checked={draft.alsoHeld} onChange={(e) => set({ alsoHeld: e.currentTarget.checked })} />
            <span class="words">{t.also_held}</span>
          </label>
        </>
      )}
      {isHeld(draft) && texts?.held && <HelpFirst t={t} help={texts.held} id="held" open />}
    </>
  );
}

export function Custody() {
  const { t, draft, set } = useApp();
  const c = draft.custody;
  const put = (patch: Partial<typeof c>) => set({ custody: { ...c, ...patch } });
  if (!isHeld(draft)) return <Title>{t.custody_title}</Title>;
  return (
    <>
      <Title>{t.custody_title}</Title>
      <Hint>{t.custody_hint}</Hint>
      <Field id="custody-name" label={t.custody_name} value={c.name} set={(name) => put({ name })} />
      <Field id="custody-place" label={t.custody_place} value={c.place} set={(place) => put({ place })} />
      <Field id="custody-since" label={t.custody_since} value={c.since} set={(since) => put({ since })} />
      <Field id="custody-hearing" label={t.custody_hearing} value={c.hearing} set={(hearing) => put({ hearing })} />
      <Field id="custody-medicine" label={t.custody_medicine} value={c.medicine} set={(medicine) => put({ medicine })} />
    </>
  );
}

export function Need() {
  const { t, org, lang, draft, set } = useApp();
  return <Many name="need" legend={<Title>{t.need_title}</Title>} hint={t.need_hint} options={options(org.codebook.lists.need, lang)} value={draft.need} set={(need) => set({ need })} />;
}
