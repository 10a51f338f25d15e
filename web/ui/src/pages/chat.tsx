// Chat with a coding agent (ui.md, sections 2 and 5). A conversation belongs to
// the tab that began it; its questions stand in the guard row, never here.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent, type KeyboardEvent } from "react";
import { Link, useLocation } from "wouter";
import { session, type Session } from "../wire/api.ts";
import { forgetChat, isBarred, knownChat, takeChat } from "../wire/chats.ts";
import { modelsOf, modesOf, type Choice } from "../wire/frames.ts";
import { socket, turn } from "../wire/socket.ts";
import { useChat, useChats, useConnection, useFallback, store, type Chat } from "../wire/store.ts";
import { Button } from "../parts/button.tsx";
import { CopyButton } from "../parts/copy.tsx";
import { Page } from "../parts/frame.tsx";
import { Icon } from "../parts/icon.tsx";
import { useShell } from "../parts/shell.tsx";
import { Transcript } from "../parts/transcript.tsx";
import { escapeHidden } from "../prose/escape.ts";
import { words } from "../words.ts";

function Pick({ label, now, all, set }: { label: string; now: string; all: Choice[]; set: (id: string) => void }) {
  if (all.length === 0) return null;
  return <label>{label} <select value={now} onChange={(e) => set(e.target.value)}>{all.map((c) => <option key={c.id} value={c.id}>{escapeHidden(c.name)}</option>)}</select></label>;
}

const named = ({ now, all }: { now: string; all: Choice[] }) => escapeHidden(all.find((c) => c.id === now)?.name ?? "");

// Chosen says what a conversation began with.
function Chosen({ chat }: { chat: Chat }) {
  const more = [named(modelsOf(chat.config, chat.models)), named(modesOf(chat.modes))].filter(Boolean).join(", ");
  return <span><strong>{escapeHidden(chat.agent)}</strong> <span className="muted">{more}</span></span>;
}

function Elsewhere({ id, moved, go }: { id: string; moved: boolean; go: (to: string) => void }) {
  const take = () => {
    const known = knownChat(id);
    if (!known) return;
    takeChat(id);
    socket.resume(id, known.secret);
  };
  return <div className="row"><p>{moved ? words.moved : words.otherTab}</p><Button kind="main" onClick={take}>{words.moveHere}</Button><Button onClick={() => go("/chat")}>{words.newChat}</Button></div>;
}

// Earlier are the conversations of this tab.
function Earlier() {
  const chats = Object.values(useChats()).filter((c) => c.state === "here" && c.entries.length > 0);
  if (chats.length === 0) return null;
  return (
    <section aria-label={words.conversations}>
      <h2>{words.conversations}</h2>
      <ul className="rows">{chats.reverse().map((c) => {
        const first = c.entries.find((e) => e.kind === "user" && "text" in e) as { text: string } | undefined;
        return <li key={c.id}><Link href={`/chat/${c.id}`}>{first?.text.slice(0, 100) || words.conversation}</Link> <span className="muted">{escapeHidden(c.agent)}{c.running && `, ${words.toolStates.in_progress}`}</span></li>;
      })}</ul>
    </section>
  );
}

type Running = { exec: string; id?: string }; // id: once the conversation has one

export default function ChatPage({ id }: { id?: string }) {
  const now = useQuery({ queryKey: ["session"], queryFn: session, staleTime: Infinity }).data;
  return now ? <Conversation id={id} now={now} /> : null;
}

// useTurn sends messages. A first one begins a conversation, whose address then
// takes the place of /chat.
function useTurn(chat: Chat | undefined, wish: Record<string, string>, go: (to: string, how: { replace: boolean }) => void) {
  const [running, setRunning] = useState<Running>();
  const [error, setError] = useState("");
  const send = async (said: string): Promise<boolean> => {
    const exec = crypto.randomUUID();
    const before = new Set(Object.keys(store.now().chats));
    const begun = () => Object.keys(store.now().chats).find((c) => !before.has(c));
    let entered = Boolean(chat);
    const enter = () => {
      const at = begun();
      if (entered || !at) return;
      entered = true;
      setRunning({ exec, id: at });
      if (location.pathname === "/chat") go(`/chat/${at}`, { replace: true });
    };
    const unfollow = store.subscribe(enter);
    setError("");
    setRunning({ exec, id: chat?.id });
    try {
      await turn(said, chat ? { session_id: chat.id } : wish, exec);
    } catch (e) { // what happened in a turn is in the transcript; that none began is not
      const { message, code } = e as Error & { code?: string };
      if (!entered && !begun() || code === "conflict" || code === "unavailable" || code === "busy") { setError(message); return false; }
    } finally {
      enter(); // a short turn is over before it is shown
      unfollow();
      setRunning((r) => (r?.exec === exec ? undefined : r));
    }
    return true;
  };
  return { running, error, forget: () => setError(""), send };
}

function Conversation({ id, now }: { id?: string; now: Session }) {
  const connection = useConnection();
  const chat = useChat(id ?? "");
  const next = useFallback(id ?? "");
  const chats = useChats();
  const [, go] = useLocation();
  const { say } = useShell();
  const [text, setText] = useState("");
  const [agent, setAgent] = useState("");
  const [wish, setWish] = useState<{ mode?: string; model?: string }>({});
  const field = useRef<HTMLTextAreaElement>(null);
  const found = now.agents ?? [];
  const who = escapeHidden(chat?.agent || agent || found[0] || "");
  const like = chat ? undefined : Object.values(chats).findLast((c) => c.agent === who); // tells what it can be asked for
  const modes = modesOf(like?.modes), models = modelsOf(like?.config, like?.models);
  const { running, error, forget, send } = useTurn(chat?.state === "here" ? chat : undefined, { agent: who, ...(wish.mode && { session_mode: wish.mode }), ...(wish.model && { model: wish.model }) }, go);
  const busy = Boolean(chat?.running || (running && running.id === id));
  const closed = chat?.state === "moved" || (id !== undefined && isBarred(id));
  const gone = id !== undefined && !closed && (chat?.state === "gone" || (!chat && !knownChat(id)));
  useEffect(() => { if (next) go(`/chat/${next}`, { replace: true }); }, [next, go]);
  useEffect(() => { forget(); if (!closed && !gone) field.current?.focus(); }, [id]);

  const submit = async () => {
    const said = text.trim();
    if (!said) return;
    if (busy) { say(words.stillAtWork(who)); return; }
    if (connection.state !== "open") { say(words.writingOff); return; }
    setText("");
    field.current?.focus();
    if (!(await send(said))) setText((typed) => typed || said);
  };
  const stop = () => { socket.cancel(chat?.id ?? running?.exec ?? "", "pulse_chat"); field.current?.focus(); };
  const key = (e: KeyboardEvent<HTMLTextAreaElement>) => {
    if (e.key !== "Enter" || e.shiftKey || e.nativeEvent.isComposing) return;
    e.preventDefault();
    void submit();
  };
  if (found.length === 0 && !chat) return <Page title={words.chat}><p>{words.noAgent}</p><div className="row"><code>{words.installAgent}</code><CopyButton text={words.installAgent} /></div></Page>;
  return (
    <Page title={words.chat} focus={closed || gone} hidden={!closed && !gone} className="chat">
      <div className="row chathead">
        {chat ? <Chosen chat={chat} /> : <Pick label={words.agent} now={who} all={found.map((name) => ({ id: name, name }))} set={setAgent} />}
        <Pick label={words.model} now={wish.model ?? models.now} all={models.all} set={(model) => setWish({ ...wish, model })} />
        <Pick label={words.chatMode} now={wish.mode ?? modes.now} all={modes.all} set={(mode) => setWish({ ...wish, mode })} />
        {now.auto_approve && <span className="badge warn"><Icon name="warn" /> {words.autoApprove}</span>}
        <span className="ends">
          {id && !closed && <Button icon="add" onClick={() => { if (gone) forgetChat(id); go("/chat"); }}>{words.newChat}</Button>}
          {busy && !closed && <Button icon="stop" onClick={stop}>{words.stop}</Button>}
        </span>
      </div>
      {closed && <Elsewhere id={id ?? ""} moved={chat?.state === "moved"} go={go} />}
      {gone && <p>{words.chatGone}</p>}
      {chat && chat.state !== "moved" ? <Transcript key={chat.id} chat={chat} /> : !id && <p className="muted">{now.auto_approve ? words.askAgentAuto(who) : words.askAgent(who)}</p>}
      {error && <p className="bad" role="alert"><Icon name="bad" /> {escapeHidden(error)}</p>}
      {!closed && !gone && (
        <form className="composer" onSubmit={(e: FormEvent) => { e.preventDefault(); void submit(); }}>
          <textarea ref={field} rows={2} value={text} onChange={(e) => setText(e.target.value)} onKeyDown={key} aria-label={words.message(who)} placeholder={words.messageHint(who)} />
          <Button type="submit" kind="main" writes busy={busy}>{words.send}</Button>
        </form>
      )}
      {!id && <Earlier />}
    </Page>
  );
}
