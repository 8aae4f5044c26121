import { useEffect, useRef, useState } from "preact/hooks";
import { kindOf } from "../../lib/session.ts";
import { fetchRecord } from "../away.ts";
import { useApp, type App } from "../context.ts";
import type { Chosen } from "../draft.ts";
import { Icon } from "../icons.tsx";
import { Hint, quiet, shown, Title } from "../parts.tsx";
import { fill } from "../../strings/index.ts";

/** What one report may carry (PROTOCOL.md §4 and §5). */
const most = 16;
const largest = 100 * 1024 * 1024;

/** Keys of list rows; a file may be chosen, removed and chosen again. */
let keys = 0;

/** look asks the engine what hides in a file, and keeps its answer or the reason why the file can't go along. */
function look(app: App, chosen: Chosen): void {
  const { t, set, org } = app;
  const put = (patch: Partial<Chosen>) => set((now) => ({ files: now.files.map((f) => (f.key === chosen.key && f.original === chosen.original ? { ...f, ...patch } : f)) }));
  org.file(chosen.file, chosen.original).then(
    (ready) => put({ ready }),
    (error: unknown) => {
      const kind = kindOf(error);
      put({ asItIs: kind === "heic" || kind === "broken", refused: kind === "heic" ? t.file_heic : kind === "empty" ? t.file_empty : kind === "large" ? fill(t.file_too_big, { mb: largest >> 20 }) : t.file_broken });
    },
  );
}

/**
 * useCopy has what was written sealed before a file can be chosen: on a phone with little memory the page may be loaded
 * again while its camera is open. Where it can't be kept, she is told so before she chooses.
 */
function useCopy({ keepCopy }: App): "locking" | "locked" | "failed" {
  const [copy, setCopy] = useState<"locking" | "locked" | "failed">("locking");
  useEffect(() => void keepCopy().then(() => setCopy("locked"), () => setCopy("failed")), []);
  return copy;
}

export function Files() {
  const app = useApp();
  const { t, texts, draft, set, problems } = app;
  const copy = useCopy(app);
  const tooMany = useRef(false);
  const going = draft.files.filter((f) => f.refused === "");
  const problem = problems.find((p) => p.at === "files");

  const [voice, setVoice] = useState<"" | "loading" | "failed" | Awaited<ReturnType<typeof fetchRecord>>>("");
  const record = () => {
    setVoice("loading");
    fetchRecord(app.lang).then(setVoice, () => setVoice("failed"));
  };

  const add = (list: Iterable<File> | null) => {
    const known = new Set(draft.files.map((f) => name(f.file)));
    const fresh: Chosen[] = [];
    tooMany.current = false;
    for (const file of list ?? []) {
      if (going.length + fresh.filter((f) => f.refused === "").length >= most) {
        tooMany.current = true;
        break;
      }
      const why = known.has(name(file)) ? t.file_again : file.size === 0 ? t.file_empty : file.size > largest ? fill(t.file_too_big, { mb: largest >> 20 }) : "";
      fresh.push({ key: ++keys, file, original: false, ready: null, refused: why, asItIs: false });
    }
    set((now) => ({ files: [...now.files.filter((f) => f.refused === ""), ...fresh] }));
    for (const f of fresh) if (f.refused === "") look(app, f);
  };
  const keep = (f: Chosen, original: boolean) => {
    const again = { ...f, original, ready: null, refused: "", asItIs: false };
    set((now) => ({ files: now.files.map((x) => (x.key === f.key ? again : x)) }));
    look(app, again);
  };
  const remove = (f: Chosen) => {
    set((now) => ({ files: now.files.filter((x) => x.key !== f.key) }));
    document.getElementById("title")?.focus();
  };

  return (
    <>
      <Title>{t.files_title}</Title>
      <p class="note" data-testid="attachments-warning"><strong>{texts?.attachments || t.files_warning}</strong></p>
      <div role="status"><Hint>{copy === "locking" ? t.files_locking : copy === "locked" ? t.files_locked : t.files_reload}</Hint></div>
      <div class="file" id="files" tabIndex={-1}>
        <input ref={quiet} type="file" id="files-input" data-testid="files-input" multiple disabled={copy === "locking"} aria-describedby={problem ? "files-problem" : undefined}
          onChange={(e) => { add(e.currentTarget.files); e.currentTarget.value = ""; }} />
        <label class="button" for="files-input"><Icon name="plus" />{draft.files.length > 0 ? t.files_more : t.files_add}</label>
      </div>
      {typeof voice === "object"
        ? <voice.Record r={voice.r} leave={() => setVoice("")} keep={(file) => add([file])} />
        : "MediaRecorder" in globalThis && <p><button type="button" class="quiet" data-testid="record-open" onClick={record}>{voice === "loading" ? t.loading : t.files_voice}</button></p>}
      {voice === "failed" && <p class="note" role="alert">{t.fail_offline}</p>}
      {problem && <p id="files-problem" class="note">{problem.text}</p>}
      {tooMany.current && <p class="note" role="alert">{fill(t.file_too_many, { n: most })}</p>}
      <section aria-live="polite" class="part">
        <h2>{t.files_list}</h2>
        {draft.files.length === 0 && <Hint>{t.files_none}</Hint>}
        <ul class="plain" data-testid="files-list">
          {draft.files.map((f) => <Row key={f.key} chosen={f} keep={keep} remove={remove} />)}
        </ul>
        {going.some((f) => f.file.type.startsWith("image/") || f.file.type.startsWith("video/")) && <Hint>{t.file_visible}</Hint>}
      </section>
    </>
  );
}

function Row({ chosen: f, keep, remove }: { chosen: Chosen; keep: (f: Chosen, original: boolean) => void; remove: (f: Chosen) => void }) {
  const { t } = useApp();
  const found = f.ready?.found;
  const said = found === "cleaned" ? t.file_cleaned : found === "nothing" ? t.file_nothing : found === "original" ? t.file_original_on : t.file_unknown;
  const voice = found && f.file.type.startsWith("audio/");
  const id = `original-${f.key}`;
  return (
    <li class="stack" data-testid="file" data-found={f.refused ? "refused" : (found ?? "checking")}>
      <p class="bar"><bdi class="file-name">{f.file.name}</bdi></p>
      {f.refused
        ? <p class="note" data-own><strong>{fill(t.file_refused, { file: shown(f.file.name) })}</strong> {f.refused}</p>
        : <p class={found === "unknown" || found === "original" ? "note" : "found"}>{!f.ready ? t.file_checking : <>{(found === "cleaned" || found === "nothing") && <Icon name="check" />} <span>{said}</span></>}</p>}
      {!f.refused && voice && <p class="note">{t.file_sound}</p>}
      {(f.asItIs || found === "cleaned" || found === "original") && (
        <label class="choice" for={id}>
          <input ref={quiet} type="checkbox" id={id} data-testid="original" checked={f.original} aria-describedby={`${id}-help`} onChange={(e) => keep(f, e.currentTarget.checked)} />
          <span class="words">{t.file_original}<span class="help" id={`${id}-help`}>{t.file_original_hint}</span></span>
        </label>
      )}
      <p><button type="button" class="quiet" data-testid="remove-file" aria-label={fill(t.file_remove_what, { file: shown(f.file.name) })} onClick={() => remove(f)}>{t.file_remove}</button></p>
    </li>
  );
}

/** Two files count as the same when name, size and date agree; their bytes are compared by nobody here. */
function name(file: File): string {
  return `${file.name}/${file.size}/${file.lastModified}`;
}
