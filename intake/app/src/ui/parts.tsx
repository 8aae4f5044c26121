import type { ComponentChildren } from "preact";
import { fill } from "../strings/index.ts";
import { fieldLimit } from "./config.ts";
import { Icon } from "./icons.tsx";
import { useApp } from "./context.ts";

/**
 * quiet is the ref of the form and of every field in it. It tells the browser to keep, complete, correct and check
 * nothing that is typed. Attributes, not properties: browsers disagree about which of these exist as properties and
 * what type they have, and a value that one of them takes for "true" would switch on what it should switch off.
 */
export function quiet(element: Element | null): void {
  if (!element) return;
  element.setAttribute("autocomplete", "off");
  element.setAttribute("autocorrect", "off");
  element.setAttribute("spellcheck", "false");
  element.setAttribute("writingsuggestions", "false");
}

/** Title is the one heading of a screen; focus goes to it when the screen comes. */
export function Title({ children }: { children: ComponentChildren }) {
  return <h1 id="title" tabIndex={-1} data-testid="title">{children}</h1>;
}

export function Hint({ id, children }: { id?: string; children: ComponentChildren }) {
  return <p id={id} class="hint">{children}</p>;
}

type FieldProps = {
  id: string;
  label: string;
  value: string;
  set: (value: string) => void;
  hint?: string;
  area?: boolean;
  story?: boolean;
  type?: "text" | "date";
  max?: string;
  latin?: boolean;
  problems?: readonly Problem[];
};

/** Field is one labelled text field; `area` makes it several lines. */
export function Field({ id, label, value, set, hint, area, story, type = "text", max, latin, problems }: FieldProps) {
  const app = useApp();
  const problem = (problems ?? app.problems).find((p) => p.at === id);
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ") || undefined;
  const common = {
    id,
    value,
    ref: quiet,
    class: `${story ? "story" : ""} ${problem ? "wrong" : ""}`.trim() || undefined,
    "aria-describedby": described,
    "aria-invalid": problem ? ("true" as const) : undefined,
    "data-testid": id,
    autocapitalize: latin ? "none" : undefined,
    dir: type === "date" ? undefined : latin ? "ltr" : "auto",
    onInput: (e: { currentTarget: { value: string } }) => set(e.currentTarget.value),
  } as const;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint && <Hint id={`${id}-hint`}>{hint}</Hint>}
      {problem && <p id={`${id}-problem`} class="note">{problem.text}</p>}
      {area || story
        ? <textarea rows={story ? 10 : 3} {...common} />
        : type === "date"
          ? <input type="date" max={max} {...common} />
          : <input type="text" {...common} />}
    </div>
  );
}

export type Option = { value: string; label: string; help?: string; icon?: string };

type ChoiceProps = { name: string; legend: ComponentChildren; hint?: string | undefined; lead?: ComponentChildren; options: readonly Option[]; children?: ComponentChildren };

function Choice(props: ChoiceProps & { type: "radio" | "checkbox"; on: (value: string) => boolean; pick: (value: string, on: boolean) => void }) {
  const { name, options, type, on, pick, legend, hint, lead, children } = props;
  const { problems } = useApp();
  const problem = problems.find((p) => p.at === name);
  return (
    <fieldset id={name} tabIndex={-1} data-testid={name} aria-describedby={[hint && `${name}-hint`, problem && `${name}-problem`].filter(Boolean).join(" ") || undefined}>
      <legend class="legend">{legend}</legend>
      {hint && <Hint id={`${name}-hint`}>{hint}</Hint>}
      {problem && <p id={`${name}-problem`} class="note">{problem.text}</p>}
      {lead}
      <div class="choices">
        {options.map((o) => {
          const id = `${name}-${o.value}`;
          return (
            <label class="choice" for={id} key={o.value}>
              <input ref={quiet} type={type} id={id} name={name} value={o.value} data-testid={id} checked={on(o.value)}
                aria-describedby={o.help ? `${id}-help` : undefined} onChange={(e) => pick(o.value, e.currentTarget.checked)} />
              <span class="words">
                <span>{o.label}</span>
                {o.help && <span id={`${id}-help`} class="help">{o.help}</span>}
              </span>
              {o.icon && <Icon name={o.icon} />}
            </label>
          );
        })}
      </div>
      {children}
    </fieldset>
  );
}

/** One is a question with at most one answer, which can be taken back unless it is `fixed` to have one. */
export function One({ value, set, fixed, children, ...rest }: ChoiceProps & { value: string; set: (value: string) => void; fixed?: boolean }) {
  const { t } = useApp();
  return (
    <Choice {...rest} type="radio" on={(v) => v === value} pick={(v) => set(v)}>
      {value !== "" && !fixed && <button type="button" class="quiet" data-testid={`${rest.name}-clear`} onClick={() => set("")}>{t.clear}</button>}
      {children}
    </Choice>
  );
}

/** Many is a question with several answers. `alone` names answers that exclude the others ("none of these"). */
export function Many({ value, set, alone = [], ...rest }: ChoiceProps & { value: readonly string[]; set: (value: string[]) => void; alone?: readonly string[] }) {
  const pick = (v: string, on: boolean) => {
    const others = value.filter((x) => x !== v && (!on || !alone.includes(x)));
    set(!on ? others : alone.includes(v) ? [v] : [...others, v]);
  };
  return <Choice {...rest} type="checkbox" on={(v) => value.includes(v)} pick={pick} />;
}

/** Pick is a single answer out of few (radios) or many (the phone's own list). */
export function Pick(props: ChoiceProps & { value: string; set: (value: string) => void; none: string }) {
  const { name, legend, options, value, set, none } = props;
  if (options.length <= 8) return <One {...props} />;
  return (
    <div class="field">
      <label for={name}>{legend}</label>
      <select ref={quiet} id={name} data-testid={name} value={value} onChange={(e) => set(e.currentTarget.value)}>
        <option value="">{none}</option>
        {options.map((o) => <option value={o.value} key={o.value}>{o.label}</option>)}
      </select>
    </div>
  );
}

/** Fold hides what is optional until it is asked for. `first` marks the one that matters before all else. */
export function Fold({ title, icon, first, id, open, children }: { title: string; icon?: string; first?: boolean; id: string; open?: boolean | undefined; children: ComponentChildren }) {
  return (
    <details class={first ? "first" : "part"} data-testid={id} open={open}>
      <summary>
        {icon && <Icon name={icon} />}
        <span class="words">{title}</span>
        <Icon name="down" class="turn" />
      </summary>
      <div class="inside">{children}</div>
    </details>
  );
}

/** shown is a name from outside as it may stand in a sentence: kept apart from its direction, without marks that turn text round. */
export function shown(name: string): string {
  return `\u2068${name.replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069\p{Cc}]/gu, "")}\u2069`;
}

export type Problem = { at: string; text: string };

/** Problems is the error summary: each line leads to the question it is about. */
export function Problems({ title, problems }: { title: string; problems: readonly Problem[] }) {
  if (problems.length === 0) return null;
  const go = (e: Event, at: string) => {
    e.preventDefault();
    const target = document.getElementById(at);
    const field = target?.matches("input, textarea, select") ? target : target?.querySelector<HTMLElement>("input, textarea, select");
    (field ?? target)?.focus();
  };
  return (
    <div class="problems" id="problems" tabIndex={-1} role="alert" aria-labelledby="problems-title" data-testid="problems">
      <h2 id="problems-title">{title}</h2>
      <ul>
        {problems.map((p) => <li key={p.at}><a href={`#${p.at}`} onClick={(e) => go(e, p.at)}>{p.text}</a></li>)}
      </ul>
    </div>
  );
}

/** tooLong is the problem of a text over its limit, if it is. Nothing is ever cut short on its own. */
export function tooLong(text: string, at: string, what: string, message: string, limit = fieldLimit): Problem[] {
  const over = Array.from(text.slice(limit)).length; // as a reader counts, or nearly: a drawn face is one
  return over > 0 ? [{ at, text: fill(message, { what, n: over }) }] : [];
}
