// What was said and done in a conversation. An agent's words stay in their own
// column, under its name; they are elements of ours with text of its own.
import { lazy, memo, Suspense, useEffect, useRef } from "react";
import { Reader } from "../wire/spoken.ts";
import type { Chat, Entry } from "../wire/store.ts";
import { AgentText } from "../prose/agent.tsx";
import { escapeHidden, escapeProse } from "../prose/escape.ts";
import { span } from "../format.ts";
import { words } from "../words.ts";
import { Icon, type IconName } from "./icon.tsx";
import { say } from "./shell.tsx";

const Diff = lazy(() => import("./diff.tsx"));

const marks: Record<string, IconName> = { completed: "ok", failed: "bad", cancelled: "stop" };

function Tool({ e }: { e: Extract<Entry, { kind: "tool" }> }) {
  const mark = marks[e.status];
  return (
    <div className="tool">
      <p className="toolhead">
        <span className="kind">{words.kindOf(e.tool)}</span> <span className="title">{escapeHidden(e.title)}</span>
        <span className={e.status === "failed" ? "state bad" : "state muted"}>{mark && <Icon name={mark} />} {words.toolStates[e.status] ?? escapeHidden(e.status)}</span>
      </p>
      {e.content.map((c, i) => {
        if (c.type === "diff" && typeof c.newText === "string") return <Suspense key={i} fallback={null}><Diff path={c.path ?? ""} before={c.oldText ?? ""} after={c.newText} /></Suspense>;
        if (c.content?.text) return <pre key={i} tabIndex={0}>{escapeHidden(c.content.text)}</pre>;
        return null;
      })}
    </div>
  );
}

function Said({ e }: { e: Entry }) {
  switch (e.kind) {
    case "user": return <div className="usertext">{escapeProse(e.text)}</div>;
    case "text": return <AgentText text={e.text} />;
    case "thought": return <details><summary className="muted">{words.thought(e.ended - e.began >= 1_000 ? span((e.ended - e.began) / 1000) : "")}</summary><AgentText text={e.text} /></details>;
    case "tool": return <Tool e={e} />;
    case "plan": return <ol className="plan">{e.steps.map((s, i) => <li key={i} data-state={s.status}>{escapeHidden(s.text)} {words.toolStates[s.status] && <span className="muted">· {words.toolStates[s.status]}</span>}</li>)}</ol>;
    default: return null;
  }
}

const Line = memo(function Line({ e, agent }: { e: Entry; agent: string }) {
  if (e.kind === "note") return <p className="note muted">{escapeHidden(e.text)}</p>;
  if (e.kind === "failure") return <p className="note bad"><Icon name="bad" /> {words.agentStopped(agent, escapeHidden(e.text).replace(/^the agent stopped: |\.$/g, ""))}</p>;
  return <div className={e.kind === "user" ? "said you" : "said"}><strong className="who">{e.kind === "user" ? words.you : agent}</strong><div className="what"><Said e={e} /></div></div>;
});

const breath = 1_000; // ms between two things that are spoken

// useSpoken reads finished paragraphs out, and nothing that was there before.
function useSpoken(chat: Chat): void {
  const reader = useRef<{ id: string; reader: Reader }>(undefined);
  const due = useRef("");
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    const fresh = reader.current?.id !== chat.id;
    if (fresh) reader.current = { id: chat.id, reader: new Reader() };
    if (fresh || chat.event <= chat.old) { reader.current!.reader.skip(chat); return; }
    const more = reader.current!.reader.next(chat);
    if (!more) return;
    due.current += `${more}\n`;
    timer.current ??= setTimeout(() => { say(due.current); due.current = ""; timer.current = undefined; }, breath);
  }, [chat]);
  useEffect(() => () => clearTimeout(timer.current), []);
}

// Transcript keeps the end in view while the reader is at the end.
export function Transcript({ chat }: { chat: Chat }) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  useSpoken(chat);
  const toEnd = () => { if (atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight; };
  useEffect(toEnd, [chat.entries, chat.running]);
  useEffect(() => { // a question that comes or goes changes the place that is left
    const watch = new ResizeObserver(toEnd);
    if (box.current) watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  return (
    <div
      ref={box} role="log" aria-live="off" aria-label={words.conversation} className="log" tabIndex={0}
      onScroll={({ currentTarget: b }) => { atEnd.current = b.scrollHeight - b.scrollTop - b.clientHeight < 40; }}
    >
      {chat.entries.map((e, i) => <Line key={i} e={e} agent={escapeHidden(chat.agent)} />)}
      {chat.running && <p className="note muted atwork" aria-hidden="true">{words.atWork(escapeHidden(chat.agent))}</p>}
    </div>
  );
}
