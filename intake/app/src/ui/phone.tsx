import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import type { Outcome, Waiting } from "../lib/session.ts";
import { fill, type ReadingStrings } from "../strings/index.ts";
import { useApp } from "./context.ts";
import { hasLeft } from "./exit.ts";
import { begin } from "./form.tsx";
import { wordList } from "../lib/lists.ts";
import { rootWords } from "../lib/rootwords.ts";
import { asked, askToInstall } from "./install.ts";
import { look } from "./look.ts";
import { Hint, Title } from "./parts.tsx";
import { Reading } from "./reading.tsx";
import { After } from "./screens/after.tsx";
import { Screen } from "./screens/coming.tsx";
import { Sending } from "./screens/sending.tsx";
import { forgetApp } from "./shell.ts";
import { installed } from "./visit.ts";

type At = { readonly at: "list" | "forgot" | "forgot-not" } | { readonly at: "sending"; readonly item: Waiting } | { readonly at: "after"; readonly sent: Outcome } | { readonly at: "sent" | "files"; readonly desk: string };

/** Phone says what is kept on this phone: what waits to be sent, the page itself as an app, and how to remove all of it. */
export function Phone({ r, leave, done }: { r: ReadingStrings; leave: () => void; done: () => void }) {
  const { t, org } = useApp();
  const [now, show] = useState<At>({ at: "list" });
  const [items, setItems] = useState<readonly Waiting[] | null>(null);
  const look = () => void org.waiting().then(setItems, () => setItems(null));
  useEffect(look, []);
  useLayoutEffect(() => {
    if (!hasLeft()) begin();
  }, [now.at]);

  const back = () => {
    look();
    show({ at: "list" });
  };
  // Another page may have sent or deleted it since: then the list says so, and nothing is called "not sent".
  const send = (item: Waiting) => void org.waiting().then((list) => (list.some((x) => x.id === item.id) ? show({ at: "sending", item }) : setItems(list)), back);

  if (now.at === "sending") {
    return <Sending start={(on) => org.carry(now.item.id, on)} back={back} backTo={t.back} done={(sent) => (!sent.done ? back() : now.item.kind === "copy" ? show({ at: "sent", desk: now.item.desk }) : show({ at: "after", sent }))} />;
  }
  if (now.at === "after") return <After receipt={null} partly={now.sent.missing.length > 0} done={back} back={t.back} />;
  if (now.at === "sent") {
    return (
      <Screen id="copy-sent" primary={r.sent_add} submit={() => show({ at: "files", desk: now.desk })} second={{ id: "back-to-phone", text: t.back, go: back }}>
        <Title>{t.thanks_title}</Title>
        <p>{r.sent_copy}</p>
      </Screen>
    );
  }
  if (now.at === "files") return <Reading r={r} leave={leave} done={done} adding={now.desk} />;
  if (now.at !== "list") {
    return (
      <Screen id="forgot" primary={t.done} submit={done} hint={t.done_hint}>
        <Title>{now.at === "forgot" ? r.forgot_title : r.forget_title}</Title>
        <p role="status">{now.at === "forgot" ? t.gone_hint : r.forgot_failed}</p>
      </Screen>
    );
  }
  const forget = () => void org.forget().then(forgetApp).then(() => show({ at: "forgot" }), () => show({ at: "forgot-not" }));
  return (
    <Screen id="phone" back={leave}>
      <Title>{r.phone_title}</Title>
      <p>{r.phone_intro}</p>
      <section class="part stack" aria-live="polite">
        <h2>{r.phone_waits}</h2>
        {items === null ? <p>{r.phone_looking}</p> : items.length === 0 ? <p>{r.phone_nothing}</p> : <p>{r.phone_ask}</p>}
        <ul class="plain stack">
          {items?.map((item) => <Item key={item.id} r={r} item={item} send={() => send(item)} drop={() => void org.drop(item.id).then(look, look)} />)}
        </ul>
        {items && items.length > 0 && <Evicts r={r} />}
      </section>
      <Trust r={r} />
      <AsApp r={r} />
      <section class="part stack">
        <h2>{r.forget_title}</h2>
        <p>{r.forget_hint}</p>
        <Sure id="forget" ask={r.forget} sure={r.forget_sure} yes={r.forget_yes} no={r.wait_no} go={forget} />
      </section>
    </Screen>
  );
}

function Item({ r, item, send, drop }: { r: ReadingStrings; item: Waiting; send: () => void; drop: () => void }) {
  const copy = item.kind === "copy";
  return (
    <li class="card stack" data-testid="waits" data-kind={item.kind}>
      <h3>{copy ? r.wait_copy : item.kind === "message" ? r.wait_message : r.wait_report} {item.practice && <span class="tag">{r.wait_practice}</span>}</h3>
      <p>{item.story ? r.wait_files : r.wait_not_sent}</p>
      {copy && <p>{r.wait_copy_hint}</p>}
      {item.names.length > 0 && <p>{fill(r.wait_openers, { names: item.names.join(", ") })}</p>}
      {item.gone > 0 && <p class="note">{r.wait_gone}</p>}
      <p class="row"><button type="button" class="primary" data-testid="send-waiting" onClick={send}>{copy ? r.wait_copy_send : r.wait_send}</button></p>
      <Sure id="drop" ask={r.wait_delete} sure={r.wait_sure} yes={r.wait_yes} no={r.wait_no} go={drop} />
    </li>
  );
}

/** Sure asks once more before what can't be undone. */
function Sure({ id, ask, sure, yes, no, go }: { id: string; ask: string; sure: string; yes: string; no: string; go: () => void }) {
  const [asking, setAsking] = useState(false);
  if (!asking) return <p><button type="button" class="quiet" data-testid={id} onClick={() => setAsking(true)}>{ask}</button></p>;
  return (
    <div class="note stack" role="alert">
      <p>{sure}</p>
      <p class="row">
        <button type="button" data-testid={`${id}-no`} onClick={() => setAsking(false)}>{no}</button>
        <button type="button" data-testid={`${id}-yes`} onClick={go}>{yes}</button>
      </p>
    </div>
  );
}

/** Evicts warns where the browser does not promise to keep what waits. */
function Evicts({ r }: { r: ReadingStrings }) {
  const [kept, setKept] = useState(true);
  useEffect(() => {
    const storage = (navigator as { storage?: Partial<StorageManager> }).storage;
    Promise.resolve(storage?.persisted?.() ?? false).then(setKept, () => setKept(false));
  }, []);
  return kept ? null : <p class="note" data-testid="evicts">{r.wait_evicts}</p>;
}

/** Trust shows the organisation's root keys as words, to be compared with what it gave out on paper. */
function Trust({ r }: { r: ReadingStrings }) {
  const { org, lang } = useApp();
  const [words, setWords] = useState<readonly string[]>([]);
  // A language without a list of its own has the English one: that is on the organisation's paper too.
  const show = async () => rootWords(org.root, (await wordList(lang)) ?? (await wordList("en")) ?? []);
  useEffect(() => void show().then(setWords, () => setWords([])), [org, lang]);
  if (words.length === 0) return null;
  return (
    <section class="part stack" data-testid="trust">
      <h2>{r.trust_title}</h2>
      <p>{fill(r.trust_hint, { organisation: org.name })}</p>
      <ol class="receipt" data-testid="root-words" translate={false}>{words.map((w, i) => <li key={i}>{w}</li>)}</ol>
      <p>{r.trust_differ}</p>
    </section>
  );
}

/** AsApp is how to put the page on the phone's own screen, and what speaks against it. */
function AsApp({ r }: { r: ReadingStrings }) {
  const { lang, texts } = useApp();
  const { name, icon } = look(texts);
  const [can, setCan] = useState(asked());
  useEffect(() => askToInstall(lang, icon, () => setCan(asked())), [lang, icon]);
  if (installed()) return <section class="part"><h2>{r.app_title}</h2><p>{r.app_is}</p></section>;
  const apple = /iPhone|iPad|iPod/.test(navigator.userAgent);
  return (
    <section class="part stack">
      <h2>{r.app_title}</h2>
      <p>{r.app_why}</p>
      <p class="note">{fill(r.app_risk, { name })}</p>
      {can
        ? <p class="row"><button type="button" data-testid="install" onClick={() => void can.prompt().catch(() => undefined)}>{r.app_add}</button></p>
        : <Hint>{apple ? r.app_ios : r.app_other}</Hint>}
    </section>
  );
}
