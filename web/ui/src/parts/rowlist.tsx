// A list whose rows have one place in the order of tabs: j and k, the arrows, Home
// and End move in it. A long one has only what is near the window in the page.
import { defaultRangeExtractor, useWindowVirtualizer, type Range } from "@tanstack/react-virtual";
import { createContext, memo, useCallback, useContext, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode, type Ref } from "react";
import { Link, useLocation } from "wouter";
import { Button } from "./button.tsx";
import { useMemory } from "./memory.tsx";
import { useHandlers, useShell, type RowAction } from "./shell.tsx";
import { words } from "../words.ts";

type Props<T> = {
  label: string;
  rows: readonly T[];
  id: (row: T) => string;
  name: (row: T) => string; // in the palette, and in the names of the row's buttons
  href: (row: T) => string; // what Enter opens and y copies
  actions?: (row: T) => readonly RowAction[];
  children: (row: T) => ReactNode; // has a RowLink
  total?: number; // rows that there are, when not all are loaded
  estimate?: number; // pixels of a row
  onEnd?: () => void; // the end comes near: load more
};

const whole = 60; // rows that are simply there; the browser's own search finds them
const near = 6; // rows beyond the window
const ahead = 50; // rows before the end at which more are loaded
const blur = 100; // milliseconds in which a window of rows goes by: nobody reads them

const Tab = createContext<0 | -1>(0);
// useRowTab is the tabIndex of whatever can be reached in a row.
export const useRowTab = (): 0 | -1 => useContext(Tab);

// RowLink is the row's main link, which has the focus for the row.
export function RowLink({ href, children, className }: { href: string; children: ReactNode; className?: string }) {
  return <Link href={href} tabIndex={useRowTab()} data-row-main className={className}>{children}</Link>;
}

export function RowList<T>({ label, rows, id, name, href, actions, children, total, estimate = 64, onEnd }: Props<T>) {
  const memory = useMemory();
  const { say } = useShell();
  const [, go] = useLocation();
  const list = useRef<HTMLUListElement>(null);
  const [picked, setPicked] = useState(() => ({ id: memory.back() ? memory.now().row : undefined, at: 0 }));
  const [moving, setMoving] = useState(memory.back() && picked.id !== undefined); // the focus is to follow
  const found = rows.findIndex((r) => id(r) === picked.id);
  const at = found >= 0 ? found : Math.max(0, Math.min(picked.at, rows.length - 1));
  const [touched, setTouched] = useState(moving);
  const virtual = rows.length > whole;
  const [height, setHeight] = useState(estimate); // that rows have here: each one that is another moves all below it
  const virtualizer = useWindowVirtualizer({
    count: virtual ? rows.length : 0, estimateSize: () => height, overscan: near, getItemKey: (i) => id(rows[i]!), rangeExtractor: (range) => within(range, touched ? at : -1),
    scrollMargin: list.current?.offsetTop ?? 0, scrollPaddingStart: 64, scrollPaddingEnd: 72,
  });
  const items = virtual ? virtualizer.getVirtualItems() : rows.map((_, index) => ({ index, start: 0 }));
  const plain = useBlur(virtual && virtualizer.isScrolling, virtualizer.scrollOffset ?? 0);
  useLayoutEffect(() => { if (virtual) setHeight(list.current?.querySelector("li")?.getBoundingClientRect().height ?? estimate); }, [virtual]);
  const last = virtual ? (virtualizer.range?.endIndex ?? 0) : rows.length - 1;

  const all = useRef(rows);
  all.current = rows;
  const pick = useCallback((index: number) => {
    const row = all.current[index];
    if (row === undefined) return;
    memory.now().row = id(row);
    setTouched(true);
    setPicked((now) => (now.id === id(row) && now.at === index ? now : { id: id(row), at: index }));
  }, [memory]);
  const move = (to: number) => {
    const index = Math.max(0, Math.min(rows.length - 1, to));
    pick(index);
    setMoving(true);
  };
  const inside = useRef(false); // the focus is in the list
  useLayoutEffect(() => {
    // A row that had the focus and is gone leaves it to the next one.
    const left = inside.current && document.activeElement === document.body;
    if (!(moving || left) || rows.length === 0) return;
    const row = list.current?.querySelector(`[data-index="${at}"]`);
    if (!row) { virtualizer.scrollToIndex(at, { align: "auto" }); return; }
    row.scrollIntoView({ block: "nearest" });
    row.querySelector<HTMLElement>("[data-row-main]")?.focus({ preventScroll: true });
    setMoving(false);
  });
  useLayoutEffect(() => { if (onEnd && last >= rows.length - ahead) onEnd(); }, [last, rows.length]);

  const row = rows[at];
  const copy = () => {
    if (row === undefined) return;
    navigator.clipboard.writeText(new URL(href(row), location.href).href).then(() => say(words.copied), () => say(words.copyFailed, "alert"));
  };
  useHandlers(row === undefined ? {} : {
    down: () => move(touched ? at + 1 : at), up: () => move(at - 1), open: () => { if (touched) go(href(row)); }, copy,
    row: () => (touched ? { name: name(row), actions: [{ id: "open", words: words.open, icon: "open", key: "Enter", run: () => go(href(row)) }, { id: "copy", words: words.copyLink, icon: "copy", key: "y", run: copy }, ...(actions?.(row) ?? [])] } : undefined),
  });
  const pressed = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey || (e.target as HTMLElement).closest("input,select,textarea")) return;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    move(to);
  };
  return (
    <ul
      ref={list} role="list" className="list" aria-label={label} onKeyDown={pressed} onFocus={() => { inside.current = true; }}
      onBlur={(e) => { inside.current = e.relatedTarget !== null && list.current!.contains(e.relatedTarget); }} style={virtual ? { height: virtualizer.getTotalSize() } : undefined}
    >
      {items.map(({ index, start }) => (
        <Row
          key={id(rows[index]!)} row={rows[index]!} index={index} of={total ?? rows.length} at={index === at} current={touched && index === at} pick={pick}
          top={virtual ? start - virtualizer.options.scrollMargin : undefined} measure={virtual && !(plain && index !== at) ? virtualizer.measureElement : undefined} height={plain && index !== at ? height : undefined}
          name={name} href={href} actions={actions} render={children}
        />
      ))}
    </ul>
  );
}

// within is what is near the window, and the selected row wherever it is: taken out
// of the page it would lose the focus.
function within(range: Range, picked: number): number[] {
  const list = defaultRangeExtractor(range);
  if (picked < 0 || list.includes(picked)) return list;
  return picked < (list[0] ?? 0) ? [picked, ...list] : [...list, picked];
}

// useBlur tells that a list is scrolled faster than it can be read.
function useBlur(scrolling: boolean, offset: number): boolean {
  const before = useRef({ offset, time: 0, fast: false });
  const now = performance.now();
  const { time } = before.current;
  if (now - time > 0) before.current = { offset, time: now, fast: Math.abs(offset - before.current.offset) / (now - time) > innerHeight / blur };
  return scrolling && before.current.fast;
}

type RowProps<T> = {
  row: T; index: number; of: number; at: boolean; current: boolean; pick: (index: number) => void;
  top?: number; height?: number; // given: the row flies by, and its name is enough
  measure?: Ref<HTMLLIElement>; name: (row: T) => string; href: (row: T) => string; actions?: (row: T) => readonly RowAction[]; render: (row: T) => ReactNode;
};

// Row is drawn again when something of its own has changed, not for each step of
// the scroll.
const Row = memo(function Row<T>({ row, index, of, at, current, pick, top, height, measure, name, href, actions, render }: RowProps<T>) {
  const tab = at ? 0 : -1;
  return (
    <li
      data-index={index} data-current={current} aria-setsize={of} aria-posinset={index + 1} ref={measure}
      className={top === undefined ? undefined : "virtual"} style={top === undefined ? undefined : { transform: `translateY(${top}px)`, height }} onFocus={() => pick(index)}
    >
      <Tab value={tab}>
        <div className="row-main">{height === undefined ? render(row) : <RowLink href={href(row)}>{name(row)}</RowLink>}</div>
        {actions && height === undefined && <RowActions actions={actions(row)} name={name(row)} tab={tab} />}
      </Tab>
    </li>
  );
}) as <T>(props: RowProps<T>) => ReactNode;

function RowActions({ actions, name, tab }: { actions: readonly RowAction[]; name: string; tab: 0 | -1 }) {
  if (actions.length === 0) return null;
  return (
    <div className="row-acts">
      {actions.map((a) => <Button key={a.id} icon={a.icon} kind="quiet" tabIndex={tab} writes={a.writes} busy={a.busy} aria-label={`${a.words} ${name}`} onClick={a.run}>{a.words}</Button>)}
    </div>
  );
}
