// The guard row: the one place where questions of agents stand (ui.md, section
// 5). Of the agent only quoted values are in it. No key answers, nothing has the
// focus by itself, and a button works only after it was in view for 500 ms.
import { useEffect, useRef, useState } from "react";
import { serverNow } from "../wire/api.ts";
import { socket } from "../wire/socket.ts";
import { store, useLate, usePrompts, type Prompt } from "../wire/store.ts";
import { asText, escapeHidden } from "../prose/escape.ts";
import { bytes } from "../format.ts";
import { words } from "../words.ts";
import { say } from "./shell.tsx";

const verbs: Record<string, string> = { allow_once: "Allow once", allow_always: "Always allow", reject_once: "Reject", reject_always: "Always reject" };
const order = ["reject_once", "reject_always", "allow_once", "allow_always"];
const kinds: Record<string, string> = {
  read: "read", edit: "change a file", delete: "delete something", move: "move something", search: "search", execute: "run a command", think: "think", fetch: "fetch something", switch_mode: "change its mode",
};
const longest = 64 << 10; // bytes of input that a person can be asked to judge

const settle = 500; // ms in view before a button works

// useSettled is true once the element was in view for half a second since the
// question last changed.
function useSettled(what: string): [React.RefObject<HTMLDivElement | null>, boolean] {
  const at = useRef<HTMLDivElement>(null);
  const [ready, setReady] = useState("");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const watch = new IntersectionObserver(([entry]) => {
      clearTimeout(timer);
      if (entry?.isIntersecting && document.visibilityState === "visible") timer = setTimeout(() => setReady(what), settle);
    });
    if (at.current) watch.observe(at.current);
    return () => { clearTimeout(timer); watch.disconnect(); };
  }, [what]);
  return [at, ready === what];
}

// useLeft counts the seconds that are left, and says 30 and 10.
function useLeft(until: string): number {
  const left = () => Math.max(0, Math.ceil((Date.parse(until) - serverNow()) / 1000));
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    setSeconds(left());
    const timer = setInterval(() => setSeconds(left()), 500);
    return () => clearInterval(timer);
  }, [until]);
  useEffect(() => { if (seconds === 30 || seconds === 10) say(`${words.asksFor} ${seconds} s more`, "alert"); }, [seconds]);
  return seconds;
}

function Question({ p, place }: { p: Prompt; place: string }) {
  const first = useRef(p.digest);
  const [at, ready] = useSettled(`${p.perm_id} ${p.digest}`);
  const left = useLeft(p.expires_at);
  const input = asText(p.tool.input ?? p.tool.content);
  const size = p.tool.bytes || new TextEncoder().encode(input).length;
  const long = p.tool.too_long || size > longest;
  const agent = escapeHidden(p.agent || "agent");
  const changed = first.current !== p.digest;
  useEffect(() => { say(`axon-mcp asks: ${agent} wants to ${kinds[p.tool.kind] ?? "use a tool"}`, "alert"); }, [p.perm_id, p.digest]);
  const options = p.options.filter((o) => verbs[o.kind]).sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  return (
    <div ref={at} className="guard" data-perm={p.perm_id}>
      <h2><span aria-hidden="true">⛨ </span>axon-mcp asks: {agent} wants to {kinds[p.tool.kind] ?? "use a tool"}</h2>
      <p className="muted">{place} {left > 0 ? `${words.asksFor} ${left} s more` : words.noAnswer}{changed && <strong> {words.callChanged}</strong>}</p>
      <p>“{escapeHidden(p.tool.title)}”</p>
      {long ? <p>{words.tooLong(Math.ceil(size / 1024))}</p> : input && <><pre tabIndex={0} aria-label="What the agent sent">{input}</pre><p className="muted">{bytes(size)}</p></>}
      <div className="row">
        {options.map((o) => (
          <button key={o.option_id} disabled={!ready || p.pressed || left === 0 || (long && o.kind.startsWith("allow"))} onClick={() => socket.answer(p, o.option_id)}>
            {verbs[o.kind]}<small>“{escapeHidden(o.name)}”</small>
          </button>
        ))}
      </div>
    </div>
  );
}

export function GuardRow() {
  const prompts = usePrompts();
  const late = useLate();
  const one = prompts[0];
  useEffect(() => {
    const bare = document.title.replace(/^\(\d+\) /, "");
    document.title = prompts.length ? `(${prompts.length}) ${bare}` : bare;
  }, [prompts.length]);
  useEffect(() => {
    if (!late) return;
    const timer = setTimeout(() => store.dispatch({ do: "forget late" }), 8_000);
    return () => clearTimeout(timer);
  }, [late]);
  if (!one && !late) return null;
  return (
    <section className="guardrow" aria-label="Questions of agents">
      {late && <p role="status">{late}</p>}
      {one && <Question key={one.perm_id} p={one} place={prompts.length > 1 ? `1 of ${prompts.length}.` : ""} />}
    </section>
  );
}
