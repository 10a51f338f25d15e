// The guard row: the one place where questions of agents stand (ui.md, section
// 5). Of the agent only quoted values are in it. No key answers, nothing has the
// focus by itself, and a button works only after it was in view for 500 ms.
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { serverNow } from "../wire/api.ts";
import { socket } from "../wire/socket.ts";
import { store, useLate, usePrompts, type Prompt } from "../wire/store.ts";
import { asText, escapeHidden } from "../prose/escape.ts";
import { bytes } from "../format.ts";
import { words } from "../words.ts";
import { Icon } from "./icon.tsx";
import { say } from "./shell.tsx";

const verbs: Record<string, string> = { allow_once: "Allow once", allow_always: "Always allow", reject_once: "Reject", reject_always: "Always reject" };
const order = ["reject_once", "reject_always", "allow_once", "allow_always"];
const kinds: Record<string, string> = {
  read: "read", edit: "change a file", delete: "delete something", move: "move something", search: "search", execute: "run a command", think: "think", fetch: "fetch something", switch_mode: "change its mode",
};
const longest = 64 << 10; // bytes of input that a person can be asked to judge

const settle = 500; // ms in view before a button works

// useSettled is true once the element was in view, in a tab that is looked at,
// for half a second since the question last changed.
function useSettled(what: string): [React.RefObject<HTMLDivElement | null>, boolean] {
  const at = useRef<HTMLDivElement>(null);
  const [ready, setReady] = useState("");
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let seen = false;
    const judge = () => {
      clearTimeout(timer);
      if (seen && document.visibilityState === "visible") timer = setTimeout(() => setReady(what), settle);
      else setReady("");
    };
    const watch = new IntersectionObserver(([entry]) => { seen = Boolean(entry?.isIntersecting); judge(); });
    if (at.current) watch.observe(at.current);
    document.addEventListener("visibilitychange", judge);
    return () => { clearTimeout(timer); watch.disconnect(); document.removeEventListener("visibilitychange", judge); };
  }, [what]);
  return [at, ready === what];
}

// useLeft counts the seconds that are left, and says 30 and 10.
function useLeft(until: string): number {
  const left = () => Math.max(0, Math.ceil((Date.parse(until) - serverNow()) / 1000));
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    setSeconds(left());
    const timer = setInterval(() => setSeconds(left()), 250);
    return () => clearInterval(timer);
  }, [until]);
  useEffect(() => { if (seconds === 30 || seconds === 10) say(words.asksFor(seconds), "alert"); }, [seconds]);
  return seconds;
}

// useHandOver gives the focus that a closed question had to the next one's
// heading, or to the field of the chat.
function useHandOver(): React.RefObject<HTMLDivElement | null> {
  const at = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const own = at.current;
    return () => {
      if (!own?.contains(document.activeElement)) return;
      queueMicrotask(() => (document.querySelector<HTMLElement>(".guard h2") ?? document.querySelector<HTMLElement>("main.chat textarea"))?.focus());
    };
  }, []);
  return at;
}

// Asked is what a person judges: the title and everything that the call carries.
function Asked({ p, size, long }: { p: Prompt; size: number; long: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => { if (box.current) box.current.scrollTop = 0; }, [p.digest]);
  const parts = [["", p.tool.input], [words.guardContent, p.tool.content], [words.guardPlaces, p.tool.locations]].map(([name, value]) => ({ name: name as string, text: asText(value) })).filter((part) => part.text);
  return (
    <>
      <div ref={box} className="asked" tabIndex={0} role="group" aria-label={words.whatAgentSent}>
        <p className="quoted">“{escapeHidden(p.tool.title)}”</p>
        {!long && parts.map((part) => <div key={part.name}>{part.name && <p className="muted">{part.name}</p>}<pre>{part.text}</pre></div>)}
      </div>
      <p className={long ? "bad" : "muted"}>{long ? words.tooLong(Math.ceil(size / 1024)) : bytes(size)}</p>
    </>
  );
}

function Question({ p, place }: { p: Prompt; place: string }) {
  const first = useRef(p.digest);
  const own = useHandOver();
  const [at, ready] = useSettled(`${p.perm_id} ${p.digest}`);
  const left = useLeft(p.expires_at);
  const size = p.tool.bytes || new TextEncoder().encode(asText(p.tool.input ?? p.tool.content)).length;
  const long = p.tool.too_long || size > longest;
  const what = words.guardAsks(escapeHidden(p.agent || "agent"), kinds[p.tool.kind] ?? "use a tool");
  const changed = first.current !== p.digest;
  useEffect(() => { say(changed ? `${words.callChanged} ${what}` : what, "alert"); }, [p.perm_id, p.digest]);
  const options = p.options.filter((o) => verbs[o.kind]).sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  return (
    <div ref={own} className="guard" data-perm={p.perm_id}>
      <h2 tabIndex={-1}><Icon name="shield" size={20} />{what}</h2>
      <p className="muted">{place}{left > 0 ? words.asksFor(left) : words.noAnswer}</p>
      {changed && <p className="changed"><Icon name="warn" /> <strong>{words.callChanged}</strong></p>}
      <Asked p={p} size={size} long={long} />
      <div ref={at} className="row answers">
        {options.map((o) => {
          const off = !ready || p.pressed || left === 0 || (long && o.kind.startsWith("allow"));
          return (
            <button
              key={o.option_id} aria-disabled={off || undefined} onClick={() => { if (!off) socket.answer(p, o.option_id); }}
              onKeyDown={(e) => { if (e.repeat) e.preventDefault(); }} // a key that is held down answers nothing
            >
              {verbs[o.kind]}<small>“{escapeHidden(o.name)}”</small>
            </button>
          );
        })}
      </div>
    </div>
  );
}

// useTitle marks the title of a tab that nobody looks at.
function useTitle(count: number): void {
  useEffect(() => {
    const mark = () => {
      const bare = document.title.replace(/^\(\d+\) /, "");
      document.title = count && document.hidden ? `(${count}) ${bare}` : bare;
    };
    mark();
    document.addEventListener("visibilitychange", mark);
    return () => document.removeEventListener("visibilitychange", mark);
  }, [count]);
}

export function GuardRow() {
  const prompts = usePrompts();
  const late = useLate();
  const one = prompts[0];
  useTitle(prompts.length);
  useEffect(() => {
    if (!late) return;
    say(late, "alert");
    const timer = setTimeout(() => store.dispatch({ do: "forget late" }), 8_000);
    return () => clearTimeout(timer);
  }, [late]);
  if (!one && !late) return null;
  return (
    <section className="guardrow" aria-label={words.questions}>
      {late && <p className="late">{late}</p>}
      {one && <Question key={one.perm_id} p={one} place={prompts.length > 1 ? `1 of ${prompts.length}, ` : ""} />}
    </section>
  );
}
