// Toasts: words that stand for eight seconds, with Undo or another action. The
// time stops under the pointer and under the focus.
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { Button } from "./button.tsx";
import { useShell } from "./shell.tsx";
import { words } from "../words.ts";

export type ToastSpec = {
  words: string;
  action?: { words: string; run: () => void }; // such as Undo: pressed, done does not run
  done?: () => void; // when the time is over or the toast was closed; never when the tab was
  seconds?: number;
};
type Shown = ToastSpec & { id: number };

const stands = 8; // seconds
const Context = createContext<(spec: ToastSpec) => void>(() => undefined);

// useToast gives what shows a toast. It outlives the page that asked for it.
export const useToast = (): ((spec: ToastSpec) => void) => useContext(Context);

export function Toasts({ children }: { children: ReactNode }) {
  const [list, setList] = useState<readonly Shown[]>([]);
  const next = useRef(0);
  const { say } = useShell();
  const show = useCallback((spec: ToastSpec) => {
    setList((now) => [...now, { ...spec, id: next.current++ }]);
    say(spec.action ? `${spec.words} ${spec.action.words}` : spec.words);
  }, [say]);
  const drop = useCallback((id: number) => setList((now) => now.filter((t) => t.id !== id)), []);
  return (
    <Context value={show}>
      {children}
      {list.length > 0 && <section className="toasts" aria-label={words.messages}>{list.map((t) => <Toast key={t.id} toast={t} drop={drop} />)}</section>}
    </Context>
  );
}

function Toast({ toast, drop }: { toast: Shown; drop: (id: number) => void }) {
  const seconds = toast.seconds ?? stands;
  const left = useRef(seconds * 1000);
  const [held, setHeld] = useState({ pointer: false, focus: false });
  const stopped = held.pointer || held.focus;
  const end = useRef(() => undefined as void);
  end.current = () => { drop(toast.id); toast.done?.(); };
  useEffect(() => {
    if (stopped) return;
    const begun = performance.now();
    const wait = setTimeout(() => end.current(), left.current);
    return () => { clearTimeout(wait); left.current = Math.max(0, left.current - (performance.now() - begun)); };
  }, [stopped]);
  const bar = useMemo(() => ({ animationDuration: `${seconds}s` }), [seconds]);
  return (
    <div
      className="toast" onPointerEnter={() => setHeld((h) => ({ ...h, pointer: true }))} onPointerLeave={() => setHeld((h) => ({ ...h, pointer: false }))}
      onFocus={() => setHeld((h) => ({ ...h, focus: true }))} onBlur={() => setHeld((h) => ({ ...h, focus: false }))}
    >
      <span>{toast.words}</span>
      {toast.action && <Button onClick={() => { drop(toast.id); toast.action?.run(); }}>{toast.action.words}</Button>}
      <Button icon="close" kind="quiet" aria-label={words.close} onClick={() => end.current()} />
      <span className="left" style={bar} />
    </div>
  );
}
