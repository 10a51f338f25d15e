// What Back restores: the scroll and the selected row of each entry of the
// history, for as long as the tab lives.
import { createContext, useContext, useEffect, useLayoutEffect, useSyncExternalStore } from "react";

type Seen = { scroll: number; row?: string };
type State = { axon?: string } | null;

export type Memory = {
  now: () => Seen; // of the entry that is shown
  back: () => boolean; // whether it was shown before
  version: () => number; // counts the entries that were shown
  listen: (heard: () => void) => () => void;
};

const store = "axon.seen";
const most = 50; // entries kept over a reload

function load(): Map<string, Seen> {
  try { return new Map(JSON.parse(sessionStorage.getItem(store) ?? "[]") as [string, Seen][]); } catch { return new Map(); }
}

// createMemory follows the history. wouter dispatches pushState and replaceState
// events; its own entries have no state, so that ours is put in again.
export function createMemory(): Memory & { start: () => () => void } {
  const seen = load();
  const heard = new Set<() => void>();
  let at = (history.state as State)?.axon ?? "";
  let back = seen.has(at);
  let version = 0;
  const mark = (id: string) => { at = id; history.replaceState({ ...(history.state as State), axon: id }, ""); };
  if (!at) mark(crypto.randomUUID());
  const now = () => {
    let one = seen.get(at);
    if (!one) seen.set(at, (one = { scroll: 0 }));
    return one;
  };
  const shown = (was: boolean) => { back = was; version++; for (const h of heard) h(); };
  const pushed = () => { now().scroll = scrollY; mark(crypto.randomUUID()); shown(false); };
  const replaced = () => { if (!(history.state as State)?.axon) mark(at); };
  const popped = () => {
    now().scroll = scrollY;
    const id = (history.state as State)?.axon;
    if (id) at = id;
    else mark(crypto.randomUUID()); // an anchor that was followed
    shown(id !== undefined);
  };
  const scrolled = () => { now().scroll = scrollY; };
  const keep = () => { try { sessionStorage.setItem(store, JSON.stringify([...seen].slice(-most))); } catch { /* a reload starts at the top */ } };
  const start = () => {
    history.scrollRestoration = "manual";
    const all = [["pushState", pushed], ["replaceState", replaced], ["popstate", popped], ["scroll", scrolled], ["pagehide", keep]] as const;
    for (const [name, run] of all) addEventListener(name, run, { passive: true });
    return () => { for (const [name, run] of all) removeEventListener(name, run); };
  };
  return { now, back: () => back, version: () => version, listen: (h) => { heard.add(h); return () => { heard.delete(h); }; }, start };
}

const Context = createContext<Memory | undefined>(undefined);
export const MemoryProvider = Context.Provider;
export function useMemory(): Memory {
  const memory = useContext(Context);
  if (!memory) throw new Error("outside of the shell");
  return memory;
}

const patience = 10_000; // milliseconds that a page may take to get as long as it was
const hands = ["wheel", "touchstart", "keydown", "pointerdown"] as const;

// useScroll goes to where the entry was left: at once, and while what loads makes
// the page longer, until the person scrolls. A new one starts at the top.
export function useScroll(memory: Memory & { start: () => () => void }): void {
  useEffect(() => memory.start(), [memory]);
  const version = useSyncExternalStore(memory.listen, memory.version);
  useLayoutEffect(() => {
    if (!memory.back() && location.hash) return; // the page goes to its anchor
    const want = memory.back() ? memory.now().scroll : 0;
    scrollTo(0, want);
    if (want === 0) return;
    const grown = new ResizeObserver(() => { if (scrollY < want) scrollTo(0, want); });
    const stop = () => {
      grown.disconnect();
      clearTimeout(enough);
      for (const what of hands) removeEventListener(what, stop);
    };
    const enough = setTimeout(stop, patience);
    grown.observe(document.body);
    for (const what of hands) addEventListener(what, stop, { passive: true });
    return stop;
  }, [memory, version]);
}
