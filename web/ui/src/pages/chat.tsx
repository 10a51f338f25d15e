// Chat with a coding agent (ui.md, sections 2 and 5). A conversation belongs to
// the tab that began it; its questions stand in the guard row, never here.
import { useQuery } from "@tanstack/react-query";
import { lazy, memo, Suspense, useEffect, useRef, useState, type FormEvent, type KeyboardEvent } from "react";
import { useLocation } from "wouter";
import { session } from "../wire/api.ts";
import { forgetChat, isBarred, knownChat, takeChat } from "../wire/chats.ts";
import { modelsOf, modesOf, type Choice } from "../wire/frames.ts";
import { socket, turn } from "../wire/socket.ts";
import { useChat, useConnection, store, type Chat, type Entry } from "../wire/store.ts";
import { Button } from "../parts/button.tsx";
import { Page } from "../parts/frame.tsx";
import { Icon } from "../parts/icon.tsx";
import { AgentText } from "../prose/agent.tsx";
import { escapeHidden } from "../prose/escape.ts";
import { span } from "../format.ts";
import { words } from "../words.ts";

const Diff = lazy(() => import("../parts/diff.tsx"));

const marks: Record<string, string> = { pending: "…", in_progress: "…", completed: "✓", failed: "✕", cancelled: "–" };
const states: Record<string, string> = { pending: "waiting", in_progress: "working", completed: "done", failed: "failed", cancelled: "cancelled" };

function Tool({ e }: { e: Extract<Entry, { kind: "tool" }> }) {
  return (
    <div className="tool">
      <p><span className="muted">[{e.tool || "tool"}]</span> {escapeHidden(e.title)} <span className={e.status === "failed" ? "bad" : "muted"}>{marks[e.status] ?? ""} {states[e.status] ?? e.status}</span></p>
      {e.content.map((c, i) => {
        if (c.type === "diff" && typeof c.newText === "string") return <Suspense key={i} fallback={null}><Diff path={c.path ?? ""} before={c.oldText ?? ""} after={c.newText} /></Suspense>;
        if (c.content?.text) return <pre key={i} tabIndex={0}>{escapeHidden(c.content.text)}</pre>;
        return null;
      })}
    </div>
  );
}

const Line = memo(function Line({ e, agent }: { e: Entry; agent: string }) {
  switch (e.kind) {
    case "user": return <div className="said you"><strong>You</strong><div className="usertext">{e.text}</div></div>;
    case "text": return <div className="said"><strong>{agent}</strong><AgentText text={e.text} /></div>;
    case "thought":
      return <div className="said"><strong>{agent}</strong><details><summary>thought ({span(Math.max(0, e.ended - e.began) / 1000)})</summary><AgentText text={e.text} /></details></div>;
    case "tool": return <div className="said"><strong>{agent}</strong><Tool e={e} /></div>;
    case "plan":
      return <div className="said"><strong>{agent}</strong><ol className="plan">{e.steps.map((s, i) => <li key={i} data-state={s.status}>{escapeHidden(s.text)} <span className="muted">{states[s.status] ?? ""}</span></li>)}</ol></div>;
    case "note": return <p className="note muted">{escapeHidden(e.text)}</p>;
    case "failure": return <p className="bad"><Icon name="bad" /> {words.agentStopped(agent, escapeHidden(e.text))}</p>;
  }
});

function Pick({ label, now, all, disabled, set }: { label: string; now: string; all: Choice[]; disabled?: boolean; set: (id: string) => void }) {
  if (all.length === 0) return null;
  return <label>{label} <select value={now} disabled={disabled} onChange={(e) => set(e.target.value)}>{all.map((c) => <option key={c.id} value={c.id}>{escapeHidden(c.name)}</option>)}</select></label>;
}

// Transcript keeps the end in view while the reader is at the end.
function Transcript({ chat }: { chat: Chat }) {
  const end = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useEffect(() => {
    const watch = new IntersectionObserver(([e]) => { atEnd.current = Boolean(e?.isIntersecting); });
    if (end.current) watch.observe(end.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => { if (atEnd.current) end.current?.scrollIntoView({ block: "nearest" }); }, [chat.entries]);
  return (
    <div role="log" aria-label="Conversation" className="log">
      {chat.entries.map((e, i) => <Line key={i} e={e} agent={escapeHidden(chat.agent)} />)}
      {chat.running && <p className="muted" aria-hidden="true">…</p>}
      <div ref={end} />
    </div>
  );
}

function Elsewhere({ id, moved, go }: { id: string; moved: boolean; go: (to: string) => void }) {
  const [, again] = useState(0);
  const take = () => {
    const known = knownChat(id);
    if (!known) return;
    takeChat(id);
    socket.resume(id, known.secret);
    again((n) => n + 1);
  };
  return <div className="row"><p>{moved ? words.moved : words.otherTab}</p><Button onClick={take}>{words.moveHere}</Button><Button onClick={() => go("/chat")}>{words.newChat}</Button></div>;
}

export default function ChatPage({ id }: { id?: string }) {
  const now = useQuery({ queryKey: ["session"], queryFn: session, staleTime: Infinity }).data;
  const connection = useConnection();
  const chat = useChat(id ?? "");
  const [, go] = useLocation();
  const [text, setText] = useState("");
  const [agent, setAgent] = useState("");
  const [wish, setWish] = useState<{ mode?: string; model?: string }>({});
  const [error, setError] = useState("");
  const [exec, setExec] = useState("");
  if (!now) return null;
  const found = now.agents ?? [];
  const agents = found.map((name) => ({ id: name, name }));
  const who = chat?.agent || agent || found[0] || "";
  const modes = modesOf(chat?.modes), models = modelsOf(chat?.config, chat?.models);
  const busy = Boolean(chat?.running || exec);
  const closed = chat?.state === "moved" || (id !== undefined && isBarred(id));
  const gone = id !== undefined && (chat?.state === "gone" || (!chat && !knownChat(id)));

  const send = async () => {
    const said = text.trim();
    if (!said || busy || connection.state !== "open") return;
    const run = crypto.randomUUID();
    const before = new Set(Object.keys(store.now().chats));
    const follow = store.subscribe(() => { // a new conversation has an address of its own
      const begun = Object.keys(store.now().chats).find((c) => !before.has(c));
      if (begun) { follow(); go(`/chat/${begun}`, { replace: true }); }
    });
    if (chat && chat.state === "here") follow();
    setText(""); setError(""); setExec(run);
    const flags = chat && chat.state === "here" ? { session_id: chat.id } : { agent: who, ...(wish.mode && { session_mode: wish.mode }), ...(wish.model && { model: wish.model }) };
    try {
      await turn(said, flags, run);
    } catch (e) {
      const begun = Object.keys(store.now().chats).some((c) => !before.has(c)) || chat?.state === "here";
      if (!begun) { setError((e as Error).message); setText(said); } // else the transcript has it
      else if ((e as { code?: string }).code === "conflict") setError((e as Error).message);
    } finally {
      follow();
      setExec("");
    }
  };
  const stop = () => socket.cancel(chat?.id ?? exec, "pulse_chat");
  const key = (e: KeyboardEvent<HTMLTextAreaElement>) => {
    if (e.key !== "Enter" || e.shiftKey || e.nativeEvent.isComposing) return;
    e.preventDefault();
    void send();
  };
  if (found.length === 0 && !chat) return <Page title="Chat"><p>{words.noAgent}</p></Page>;
  return (
    <Page title="Chat">
      <div className="row">
        {chat ? <strong>{escapeHidden(chat.agent)}</strong> : <Pick label="Agent" now={who} all={agents} set={setAgent} />}
        <Pick label="Model" now={wish.model ?? models.now} all={models.all} disabled={Boolean(chat)} set={(model) => setWish({ ...wish, model })} />
        <Pick label="Mode" now={wish.mode ?? modes.now} all={modes.all} disabled={Boolean(chat)} set={(mode) => setWish({ ...wish, mode })} />
        {now.auto_approve && <span className="badge warn"><Icon name="warn" /> {words.autoApprove}</span>}
        {id && <Button onClick={() => { if (gone) forgetChat(id); go("/chat"); }}>{words.newChat}</Button>}
        {busy && <Button className="end" onClick={stop}>■ Stop</Button>}
      </div>
      {closed ? <Elsewhere id={id ?? ""} moved={chat?.state === "moved"} go={go} />
        : gone ? <p>{words.chatGone}</p>
        : chat ? <Transcript chat={chat} />
        : <p className="muted">{now.auto_approve ? words.askAgentAuto(who) : words.askAgent(who)}</p>}
      {error && <p className="bad" role="alert"><Icon name="bad" /> {words.agentStopped(who, error)}</p>}
      {!closed && !gone && (
        <form className="box" onSubmit={(e: FormEvent) => { e.preventDefault(); void send(); }}>
          <textarea rows={2} value={text} onChange={(e) => setText(e.target.value)} onKeyDown={key} aria-label={`Message ${who}`} placeholder={`Message ${who}. Shift-Enter: new line`} />
          <Button type="submit" kind="main" writes disabled={busy || !text.trim()}>Send</Button>
        </form>
      )}
    </Page>
  );
}
