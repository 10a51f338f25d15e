// Tabs after the ARIA Authoring Practices: one place in the order of tabs, the
// arrows choose.
import { useId, useRef, type KeyboardEvent, type ReactNode } from "react";

export type Tab = { id: string; words: ReactNode };

export function Tabs({ label, tabs, at, onPick, children }: { label: string; tabs: readonly Tab[]; at: string; onPick: (id: string) => void; children: ReactNode }) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const pressed = (e: KeyboardEvent) => {
    const now = tabs.findIndex((t) => t.id === at);
    const to = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: tabs.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    const next = (to + tabs.length) % tabs.length;
    onPick(tabs[next]!.id);
    list.current?.querySelectorAll<HTMLElement>("[role=tab]")[next]?.focus();
  };
  return (
    <>
      <div ref={list} role="tablist" aria-label={label} className="tabs" onKeyDown={pressed}>
        {tabs.map((t) => (
          <button key={t.id} type="button" role="tab" id={`${id}-${t.id}`} aria-controls={`${id}-panel`} aria-selected={t.id === at} tabIndex={t.id === at ? 0 : -1} onClick={() => onPick(t.id)}>{t.words}</button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${at}`}>{children}</div>
    </>
  );
}
