import { useApp } from "../context.ts";
import { ofAnother } from "../draft.ts";
import { Field, Hint, Title } from "../parts.tsx";

/** What the organisation wants said before anything is told; alone on its screen, so that it is read. */
export function BeforeStory() {
  const { t, texts } = useApp();
  return (
    <>
      <Title>{t.before_title}</Title>
      <p class="say lead" data-testid="before-story">{texts?.before_story || t.before_story}</p>
      <p>{t.before_pause}</p>
      <Hint>{t.leave_hint}</Hint>
    </>
  );
}

export function Story() {
  const { t, draft, set } = useApp();
  return (
    <>
      <Title>{t.story_title}</Title>
      <Hint>{t.story_hint}</Hint>
      <Field id="story" story label={t.story_label} value={draft.story} set={(story) => set({ story })} />
    </>
  );
}

export function Contact() {
  const { t, draft, set } = useApp();
  const c = draft.contact;
  const another = ofAnother(draft);
  const put = (patch: Partial<typeof c>) => set({ contact: { ...c, ...patch } });
  return (
    <>
      <Title>{another ? t.contact_title_other : t.contact_title}</Title>
      <Hint>{t.contact_hint}</Hint>
      <Field id="contact-name" label={t.contact_name} hint={t.contact_name_hint} value={c.name} set={(name) => put({ name })} />
      <Field id="contact-reach" label={another ? t.contact_reach_other : t.contact_reach} hint={t.contact_reach_hint} value={c.reach} set={(reach) => put({ reach })} />
      <Field id="contact-times" label={t.contact_times} value={c.times} set={(times) => put({ times })} />
      <Field id="contact-not" label={t.contact_not} hint={t.contact_not_hint} value={c.not} set={(not) => put({ not })} />
    </>
  );
}
