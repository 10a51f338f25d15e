// What pages are made of: a heading with the title, a failure, a wait, a time.
import { useEffect, useMemo, useRef, useSyncExternalStore, type ReactNode } from "react";
import { ApiError } from "../wire/api.ts";
import { age } from "../format.ts";
import { words } from "../words.ts";
import { Button } from "./button.tsx";
import { CopyButton } from "./copy.tsx";
import { Icon } from "./icon.tsx";
import { useMemory } from "./memory.tsx";

type Props = {
  title: string;
  section?: string; // the page that this one is a part of: "json - Library - axon"
  focus?: boolean; // the heading gets the focus; not where a field has it
  children: ReactNode;
  hidden?: boolean; // the heading is for who listens alone
  className?: string;
};

// Page is one page's content. Its heading gets the focus when it is new, unless
// Back goes to a row.
export function Page({ title, section, focus = true, children, hidden = false, className }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  const memory = useMemory();
  useEffect(() => { document.title = [title, section, "axon"].filter(Boolean).join(" - "); }, [title, section]);
  useEffect(() => { if (focus && !(memory.back() && memory.now().row)) heading.current?.focus({ preventScroll: true }); }, [focus]);
  return <main id="main" tabIndex={-1} className={className}><h1 ref={heading} tabIndex={-1} className={hidden ? "unseen" : undefined}>{title}</h1>{children}</main>;
}

// failureWords are what a failure says; what is before the server's own words.
export function failureWords(what: string, error: Error): string {
  if (!(error instanceof ApiError)) return `${what}: ${error.message}`;
  if (error.status === 0) return words.gone;
  return error.id ? words.broke(error.id) : `${what}: ${error.message}`;
}

export function Failure({ what, error, again }: { what: string; error: Error; again?: () => void }) {
  const id = error instanceof ApiError ? error.id : "";
  return (
    <div className="row bad" role="alert"><Icon name="bad" /><span>{failureWords(what, error)}</span>
      {id && <CopyButton text={id} />}{again && <Button icon="retry" onClick={again}>{words.again}</Button>}</div>
  );
}

// Waiting stands where content will: nothing for 200 ms, then grey rows.
export function Waiting({ rows = 6 }: { rows?: number }) {
  return <div className="waiting" aria-busy="true"><span className="unseen">{words.loading}</span>{Array.from({ length: rows }, (_, i) => <span key={i} className="grey" aria-hidden="true" />)}</div>;
}

const full = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

// The page's clock. Ages follow it and nothing else: one that were told anew because
// its row was pressed could wrap, and move the button away from under the finger.
const beat = 10_000; // ms
let now = Date.now();
const hears = new Set<() => void>();
let beats: ReturnType<typeof setInterval> | undefined;
function onBeat(hear: () => void): () => void {
  hears.add(hear);
  beats ??= setInterval(() => { now = Date.now(); for (const h of hears) h(); }, beat);
  return () => {
    hears.delete(hear);
    if (hears.size > 0) return;
    clearInterval(beats);
    beats = undefined;
  };
}

export function Time({ at }: { at: string }) {
  const heard = useSyncExternalStore(onBeat, () => now);
  const time = new Date(at);
  const words = useMemo(() => age(at), [at, heard]);
  return <time dateTime={at} title={Number.isNaN(time.getTime()) ? at : full.format(time)}>{words}</time>;
}

export const isURL = (text: string) => /^https?:\/\/\S+$/.test(text) || /^[\w-]+(\.[\w-]+)+(:\d+)?(\/\S*)?$/.test(text);
export const asURL = (text: string) => (/^https?:\/\//.test(text) ? text : `https://${text}`);
