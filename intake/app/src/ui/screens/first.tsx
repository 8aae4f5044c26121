import { useState } from "preact/hooks";
import { on, type Strings } from "../../strings/index.ts";
import { useApp } from "../context.ts";
import { Fold, Hint, quiet, Title } from "../parts.tsx";
import { fill } from "../../strings/index.ts";

type Help = { readonly title: string; readonly steps: readonly string[]; readonly numbers: readonly { readonly label: string; readonly number: string; readonly police?: boolean }[] };

/** HelpFirst is what to do before any report. Without the organisation's own words it falls back on the app's. */
export function HelpFirst({ t, help, id = "help-first", open }: { t: Strings; help?: Help | undefined; id?: string; open?: boolean }) {
  const numbers = help?.numbers ?? [];
  return (
    <Fold first id={id} open={open} icon="heart" title={help?.title ?? t.help_title}>
      <ol class="list">{(help?.steps ?? t.help_steps).map((s) => <li key={s}>{s}</li>)}</ol>
      {numbers.length > 0 && (
        <>
          <p><strong>{t.help_numbers}</strong></p>
          <ul class="plain numbers">
            {numbers.map((n) => (
              <li key={n.label + n.number}>
                {n.label} <Number text={n.number} /> {n.police && <span class="tag">{t.help_police}</span>}
              </li>
            ))}
          </ul>
        </>
      )}
    </Fold>
  );
}

// Only what is plainly a telephone number becomes a link; anything else an organisation wrote stays text.
function Number({ text }: { text: string }) {
  const dialled = text.replace(/[\s().-]/g, "");
  return /^\+?[0-9*#]{2,20}$/.test(dialled) ? <a href={`tel:${dialled}`} dir="ltr">{text}</a> : <bdi>{text}</bdi>;
}

/** Choose changes the language; it rejects when that one's words are out of reach. */
export type Choose = (tag: string) => Promise<void>;

/** Languages offers those that are on; `signed` are the ones that the organisation has signed texts in. */
export function Languages({ t, lang, signed, choose }: { t: Strings; lang: string; signed: readonly string[]; choose: Choose }) {
  const [failed, setFailed] = useState(false);
  const pick = (tag: string) => {
    setFailed(false);
    void choose(tag).catch(() => setFailed(true));
  };
  return (
    <div class="field language">
      <label for="language">{t.language}</label>
      <select ref={quiet} id="language" data-testid="language" value={lang} onChange={(e) => pick(e.currentTarget.value)}>
        {on(signed).map((l) => <option value={l.tag} lang={l.locale} key={l.tag}>{l.name}</option>)}
      </select>
      {failed && <p class="note" role="alert">{t.fail_offline}</p>}
    </div>
  );
}

/** First is where every visit begins. `waits`: something on this phone has not been sent; `phone` leads there. */
export function First({ choose, waits, phone }: { choose: Choose; waits: boolean; phone: () => void }) {
  const { t, org, texts, lang } = useApp();
  return (
    <>
      <HelpFirst t={t} help={texts?.help_first} />
      <Languages t={t} lang={lang} signed={org.languages} choose={choose} />
      <Title>{t.first_title}</Title>
      {org.kept !== "" && <p class="note" role="status" data-testid="kept">{org.kept === "offline" ? t.kept_offline : t.kept_refused}</p>}
      {waits && (
        <div class="note" role="status" data-testid="waiting">
          <p>{t.waiting_note}</p>
          <p><button type="button" class="quiet" data-testid="look" onClick={phone}>{t.waiting_look}</button></p>
        </div>
      )}
      <p class="say" data-testid="not-a-call"><strong>{texts?.not_a_call || t.not_a_call}</strong>{texts?.hours ? ` ${texts.hours}` : ""}</p>
      <p>{texts?.before_start || t.history}</p>
      <p>{t.nothing_saved}</p>
      <p>{fill(t.goes_to, { organisation: org.name })}</p>
      {texts?.rights && texts.rights.length > 0 && (
        <Fold id="rights" title={t.thanks_rights}>
          <ul class="list">{texts.rights.map((r) => <li key={r}>{r}</li>)}</ul>
        </Fold>
      )}
      <Hint>{t.leave_hint}</Hint>
      <p><button type="button" class="quiet" data-testid="phone" onClick={phone}>{t.phone_open}</button></p>
    </>
  );
}
