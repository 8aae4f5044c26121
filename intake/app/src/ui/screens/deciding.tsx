import { options, say, useApp } from "../context.ts";
import { allowedConsent, mayGive, mayShare, ofAnother } from "../draft.ts";
import { fill } from "../../strings/index.ts";
import { Hint, Many, One, quiet, Title } from "../parts.tsx";
import { Icon } from "../icons.tsx";

/** The consent ladder: nothing ticked beforehand, each step one sentence, and what no tick means. */
export function Consent() {
  const { t, org, lang, draft, set } = useApp();
  const partners = org.partners;
  const shown = options(org.codebook.lists.consent, lang)
    .filter((o) => mayGive(draft, o.value))
    // "The partners named now" can only be agreed to when some are named.
    .filter((o) => o.value !== "share-with-partners" || partners.length > 0)
    .map((o) => (o.value === "share-with-partners" ? { ...o, help: fill(t.consent_partners, { names: partners.join(", ") }) } : o));
  return (
    <>
      <Many name="consent" legend={<Title>{t.consent_title}</Title>} hint={ofAnother(draft) ? `${t.consent_hint} ${t.consent_them}` : t.consent_hint} options={shown} value={allowedConsent(draft)} set={(consent) => set({ consent })} />
      {draft.need.includes("only-to-be-counted") && !draft.consent.includes("count-me") && <p class="say">{t.consent_count}</p>}
      {!mayShare(draft) && <p class="say">{t.consent_asked}</p>}
      <p class="say" data-testid="consent-none">{fill(t.consent_none, { days: org.policy.no_consent_days })}</p>
      <Hint>{t.consent_back}</Hint>
    </>
  );
}

/** Who can open this, by the names they chose, with the choice to leave someone out. */
export function Openers() {
  const { t, org, lang, draft, set, readers, readersFailed, fetchReaders } = useApp();
  const desk = org.desks.find((d) => d.id === draft.desk);
  if (!readers) {
    return (
      <>
        <Title>{t.openers_title}</Title>
        <p role="status" class={readersFailed ? "note" : undefined}>{readersFailed ? `${t.shut_unreachable} ${t.fail_kept}` : t.desk_loading}</p>
        {readersFailed && <p class="row"><button type="button" data-testid="readers-again" onClick={fetchReaders}>{t.again}</button></p>}
      </>
    );
  }
  const can = readers.people.filter((p) => p.canOpen);
  const cannot = readers.people.filter((p) => !p.canOpen);
  const leave = (id: string, out: boolean) => set({ leftOut: out ? [...draft.leftOut, id] : draft.leftOut.filter((x) => x !== id) });
  return (
    <>
      <Title>{t.openers_title}</Title>
      <Hint>{fill(t.openers_hint, { desk: say(desk?.labels, lang) || draft.desk })}</Hint>
      {can.length === 0 && <p class="note">{t.openers_nobody} {t.shut_clock}</p>}
      <fieldset id="openers" data-testid="openers" tabIndex={-1}>
        <legend class="sr">{t.openers_title}</legend>
        <ul class="plain">
          {can.map((p) => {
            const out = draft.leftOut.includes(p.id);
            return (
              <li key={p.id} class="opener">
                <p class="who"><Icon name="lock" /> <bdi class="words">{p.name}</bdi></p>
                <label class="choice" for={`out-${p.id}`}>
                  <input ref={quiet} type="checkbox" id={`out-${p.id}`} data-testid={`leave-out-${p.id}`} checked={out} onChange={(e) => leave(p.id, e.currentTarget.checked)} />
                  <span class="words">{fill(t.openers_leave_out, { name: p.name })}</span>
                </label>
                {out && <p class="small" role="status">{fill(t.openers_out, { name: p.name })}</p>}
              </li>
            );
          })}
          {cannot.map((p) => (
            <li key={p.id} class="opener" data-testid={`cannot-${p.id}`}>
              <p><bdi>{p.name}</bdi> <span class="tag">{t.openers_cannot}</span></p>
              <p class="hint small">{t.openers_cannot_why}</p>
            </li>
          ))}
        </ul>
      </fieldset>
      <p class="say">{t.openers_recovery}</p>
    </>
  );
}

export function Receipt() {
  const { t, draft, set } = useApp();
  const choices = [{ value: "yes", label: t.receipt_yes }, { value: "no", label: t.receipt_no, help: t.receipt_no_hint }];
  return (
    <>
      <One fixed name="receipt" legend={<Title>{t.receipt_title}</Title>} hint={t.receipt_hint} options={choices} value={draft.receipt ? "yes" : "no"} set={(v) => set({ receipt: v === "yes" })} />
      {draft.receipt && <Hint>{t.receipt_later}</Hint>}
    </>
  );
}
