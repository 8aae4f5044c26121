import type { ComponentChildren } from "preact";
import { labels, say, useApp, type App } from "../context.ts";
import { allowedConsent, allowedGrounds, isAffected, isHeld, isMinor } from "../draft.ts";
import { dayIn, fill, hourIn } from "../../strings/index.ts";
import { Hint, quiet, shown, Title } from "../parts.tsx";
import type { Route } from "../routes.ts";

type Row = { to: Route; what: string; said: ComponentChildren };

/** longDay writes a day in the language's own way. */
export function longDay(text: string, lang: string): string {
  const [y, m, d] = text.split("-").map(Number);
  if (!y || !m || !d) return text;
  return dayIn(lang, new Date(y, m - 1, d, 12));
}

const join = (parts: readonly (string | undefined | false)[]) => parts.filter(Boolean).join("\n");

function rows(app: App): Row[] {
  const { t, org, lang, draft: d, readers } = app;
  const { lists, groups } = org.codebook;
  const one = (list: Parameters<typeof labels>[0], code: string) => (code ? labels(list, [code], lang).join("") : "");
  const region = org.regions.find((r) => r.id === d.region);
  const part = region?.parts.find((p) => p.id === d.part);
  const hour = d.when.hour === "" ? "" : hourIn(lang, Number(d.when.hour));
  const when = d.when.kind === "not-sure" ? t.when_not_sure : join([d.when.kind === "about" && t.when_about, d.when.date && longDay(d.when.date, lang) + (d.when.today ? ` (${t.check_phone_clock})` : ""), hour]);
  const populations = lists.population?.map((p) => (isMinor(d) && p.label_under_18 ? { ...p, label: p.label_under_18 } : p));
  const out = readers?.people.filter((p) => d.leftOut.includes(p.id)).map((p) => p.name) ?? [];
  const openers = readers?.people.filter((p) => p.canOpen && !d.leftOut.includes(p.id)).map((p) => p.name) ?? [];
  const all: (Row | false)[] = [
    org.desks.length > 1 && { to: "desk", what: t.check_desk, said: say(org.desks.find((x) => x.id === d.desk)?.labels, lang) },
    { to: "teller", what: t.check_teller, said: one(lists.teller, d.teller) },
    d.teller !== "" && !isAffected(d) && { to: "teller", what: t.check_asked, said: one(lists.asked, d.asked) },
    { to: "groups", what: t.check_what, said: d.unsure ? t.groups_unsure : join([...labels(groups, d.groups, lang), ...labels(groups.flatMap((g) => g.acts), d.acts, lang).map((a) => `– ${a}`)]) },
    { to: "who", what: t.check_who, said: join([...labels(lists.perpetrator, d.who, lang), d.whoText]) },
    { to: "where", what: t.check_where, said: join([[say(region?.labels, lang), say(part?.labels, lang)].filter(Boolean).join(", "), d.place]) },
    { to: "when", what: t.check_when, said: when },
    {
      to: "affected", what: t.check_affected,
      said: join([one(lists.age, d.age), (d.gender === "own-word" && d.genderOwn) || one(lists.gender, d.gender), one(lists.how_many, d.howMany), ...labels(populations, d.populations, lang)]),
    },
    (allowedGrounds(d, d.grounds, (g) => g).length > 0 || d.consequences.length > 0) && { to: "populations", what: t.grounds, said: join([...labels(lists.ground, allowedGrounds(d, d.grounds, (g) => g), lang), ...labels(lists.consequence, d.consequences, lang)]) },
    { to: "urgency", what: t.check_urgency, said: join([one(lists.urgency, d.urgency), d.alsoHeld && t.also_held]) },
    isHeld(d) && {
      to: "custody", what: t.check_custody,
      said: join([[t.custody_name, d.custody.name], [t.custody_place, d.custody.place], [t.custody_since, d.custody.since], [t.custody_hearing, d.custody.hearing], [t.custody_medicine, d.custody.medicine]]
        .map(([what, v]) => v && `${fill(t.under, { what: what! })} ${v}`)),
    },
    { to: "need", what: t.check_need, said: labels(lists.need, d.need, lang).join("\n") },
    { to: "story", what: t.check_story, said: d.story },
    { to: "files", what: t.check_files, said: d.files.filter((f) => f.ready).map((f) => `${shown(f.file.name)}${f.original ? ` (${t.file_original})` : ""}`).join("\n") },
    { to: "contact", what: t.check_contact, said: join([d.contact.name, d.contact.reach, d.contact.times, d.contact.not && `${fill(t.under, { what: t.contact_not })} ${d.contact.not}`]) },
    { to: "consent", what: t.check_consent, said: labels(lists.consent, allowedConsent(d), lang).join("\n") || t.check_consent_none },
    { to: "openers", what: t.check_openers, said: join([openers.join(", "), out.length > 0 && fill(t.check_left_out, { names: out.join(", ") })]) },
    { to: "receipt", what: t.check_receipt, said: d.receipt ? t.check_yes : t.check_no },
  ];
  return all.filter((r): r is Row => r !== false);
}

export function Check() {
  const app = useApp();
  const { t, go } = app;
  return (
    <>
      <Title>{t.check_title}</Title>
      <Hint>{t.check_hint}</Hint>
      <dl class="summary" data-testid="summary">
        {rows(app).map((r) => (
          <div key={r.what} data-testid={`summary-${r.to}`}>
            <dt>{r.what}</dt>
            <dd class={r.said ? undefined : "none"} dir="auto" data-own>{r.said || t.not_answered}</dd>
            <dd class="act"><button type="button" class="quiet" data-testid={`change-${r.to}`} aria-label={fill(t.change_what, { what: r.what })} onClick={() => go(r.to)}>{t.change}</button></dd>
          </div>
        ))}
      </dl>
      <Expired />
    </>
  );
}

/** Expired asks for her yes when the list of who can open reports is past its last day. */
export function Expired() {
  const { t, org, lang, draft, set, problems, expired } = useApp();
  const problem = problems.find((p) => p.at === "expired");
  if (!expired) return null;
  return (
    <section class="note stack" id="expired" data-testid="expired" tabIndex={-1}>
      <h2>{t.expired_title}</h2>
      <p>{fill(t.expired_hint, { date: longDay(org.expires, lang) })}</p>
      {problem && <p><strong>{problem.text}</strong></p>}
      <label class="choice" for="expired-yes">
        <input ref={quiet} type="checkbox" id="expired-yes" data-testid="expired-yes" checked={draft.expiredYes} onChange={(e) => set({ expiredYes: e.currentTarget.checked })} />
        <span class="words">{t.expired_yes}</span>
      </label>
    </section>
  );
}
