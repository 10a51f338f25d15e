// Routes, the frame around every page, the error boundary, and the keys.
import { useQueryClient } from "@tanstack/react-query";
import { Component, Suspense, lazy, useEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import { refusals, type Session } from "./wire/api.ts";
import { useGate } from "./wire/session.ts";
import { socket } from "./wire/socket.ts";
import { useConnection } from "./wire/store.ts";
import { keysOn, reader, type Action, type Place } from "./keys.ts";
import { words } from "./words.ts";
import { Failure, Page, Waiting } from "./parts/frame.tsx";
import { Icon } from "./parts/icon.tsx";
import { KeysDialog } from "./parts/keysdialog.tsx";
import { MemoryProvider, createMemory, useScroll } from "./parts/memory.tsx";
import { ConnectionBar, PatienceBar, type Link as Connection } from "./parts/notices.tsx";
import { Palette } from "./parts/palette.tsx";
import { ShellProvider, answer, say, type Handlers, type Shell } from "./parts/shell.tsx";
import { Toasts } from "./parts/toast.tsx";
import { Top } from "./parts/top.tsx";
import { GuardRow } from "./parts/guardrow.tsx";
import { Search } from "./pages/search.tsx";
import { Add } from "./pages/add.tsx";
import { JobPage, Jobs } from "./pages/jobs.tsx";
import { DomainPage, Library } from "./pages/library.tsx";
import { Connect } from "./pages/connect.tsx";
import { Health } from "./pages/health.tsx";
import { SignIn } from "./pages/signin.tsx";

const Chat = lazy(() => import("./pages/chat.tsx"));
const Reader = lazy(() => import("./pages/reader.tsx"));

const loading = <Page title={words.loading}><Waiting /></Page>;

function Pages() {
  return (
    <Switch>
      <Route path="/"><Search /></Route>
      <Route path="/search"><Search /></Route>
      <Route path="/add"><Add /></Route>
      <Route path="/jobs"><Jobs /></Route>
      <Route path="/jobs/:id">{(p) => <JobPage key={p.id} id={p.id} />}</Route>
      <Route path="/library"><Library /></Route>
      <Route path="/library/:domain">{(p) => <DomainPage key={p.domain} domain={decodeURIComponent(p.domain)} />}</Route>
      <Route path="/doc"><Suspense fallback={loading}><Reader /></Suspense></Route>
      <Route path="/chat/:id?">{(p) => <Suspense fallback={loading}><Chat id={p.id} /></Suspense>}</Route>
      <Route path="/health"><Health /></Route>
      <Route path="/connect"><Connect /></Route>
      <Route><Page title={words.noPage}><Link className="button" href="/search"><Icon name="search" />{words.search}</Link></Page></Route>
    </Switch>
  );
}

// Boundary shows what a page that failed to draw has left.
class Boundary extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};
  static getDerivedStateFromError(error: Error) { return { error }; }
  override render() {
    return this.state.error ? <Page title={words.brokePage}><Failure what={words.brokeHere} error={this.state.error} again={() => location.reload()} /></Page> : this.props.children;
  }
}

function place(target: EventTarget | null): Place {
  const at = target instanceof Element ? target : undefined;
  if (at?.closest("input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable=true]")) return "field";
  return at?.closest("a, button, summary, input, [role=option]") ? "control" : "page";
}

type Over = "palette" | "keys" | undefined;

// useKeys answers the keys of keys.ts; first whatever part of the page wants them,
// then the frame. Under a dialog the page has none.
function useKeys(handlers: Shell["handlers"], open: (over: Over) => void): void {
  const [, go] = useLocation();
  const show = useRef(open);
  show.current = open;
  useEffect(() => {
    const read = reader(() => performance.now());
    const frame: Partial<Record<Action, () => void>> = {
      palette: () => show.current("palette"), keys: () => show.current("keys"), add: () => go("/add"),
      box: () => { const box = document.getElementById("box"); if (box) box.focus(); else go("/search"); },
      escape: () => { if (place(document.activeElement) === "field") leave(); },
    };
    const pressed = (e: KeyboardEvent) => {
      if (document.querySelector("dialog:modal")) return;
      const meaning = read(e, place(e.target), keysOn());
      if (!meaning) return;
      if ("to" in meaning) go(meaning.to);
      else if (!answer(handlers, meaning.action)) {
        const own = frame[meaning.action];
        if (!own) return;
        own();
      }
      e.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [go, handlers]);
}

// leave takes the focus out of a field, to the selected row or the heading.
function leave(): void {
  (document.querySelector<HTMLElement>("[data-current=true] [data-row-main]") ?? document.querySelector<HTMLElement>("h1"))?.focus();
}

// useFocusKeeper gives the focus to the heading when what had it is gone from the
// page: it must not fall to the body, where a keyboard starts anew.
function useFocusKeeper(): void {
  useEffect(() => {
    let last: Element | null = null;
    const focused = (e: FocusEvent) => { last = e.target as Element; };
    const watch = new MutationObserver(() => {
      if (!last || last.isConnected || document.activeElement !== document.body) return;
      document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
    });
    addEventListener("focusin", focused);
    watch.observe(document.getElementById("app")!, { childList: true, subtree: true });
    return () => { removeEventListener("focusin", focused); watch.disconnect(); };
  }, []);
}

function usePatience(): number | undefined {
  const [until, setUntil] = useState<number>();
  useEffect(() => {
    const heard = (e: Event) => setUntil((e as CustomEvent<number>).detail);
    refusals.addEventListener("patience", heard);
    return () => refusals.removeEventListener("patience", heard);
  }, []);
  return until;
}

// useSocket keeps the socket up. What was read before it was lost is read again
// when it is back, and so are the lists when a job has ended.
function useSocket(session: Session): void {
  const cache = useQueryClient();
  const { again, state } = useConnection();
  useEffect(() => {
    socket.ended = () => void cache.invalidateQueries();
    socket.start(session);
    socket.again();
  }, [cache, session]);
  useEffect(() => { if (state === "open" && again) void cache.invalidateQueries(); }, [cache, state, again]);
}

function Frame({ shell, connection, session }: { shell: Shell; connection: Connection; session: Session }) {
  useSocket(session);
  const [over, setOver] = useState<Over>();
  const patience = usePatience();
  const selected = useRef<ReturnType<NonNullable<Handlers["row"]>>>(undefined);
  const open = (what: Over) => {
    selected.current = [...shell.handlers].reverse().find((h) => h.current.row)?.current.row?.();
    setOver(what);
  };
  useKeys(shell.handlers, open);
  useFocusKeeper();
  return (
    <div className="frame">
      <a className="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById("main")?.focus(); }}>{words.skip}</a>
      <Top up={connection.up} openPalette={() => open("palette")} />
      <div className="notices"><ConnectionBar link={connection} /><PatienceBar until={patience} /><GuardRow /></div>
      <Boundary><Pages /></Boundary>
      {over === "palette" && <Palette row={selected.current} onClose={() => setOver(undefined)} showKeys={() => setOver("keys")} />}
      {over === "keys" && <KeysDialog onClose={() => setOver(undefined)} />}
    </div>
  );
}

function Gated({ shell, connection }: { shell: Shell; connection: Connection }) {
  const gate = useGate();
  switch (gate.at) {
    case "waiting": return null;
    case "in": return <Frame shell={shell} connection={connection} session={gate.session} />;
    case "token": return <SignIn enter={gate.enter} />;
    case "barred": return <Page title="axon" className="center"><p className="bad"><Icon name="bad" /> {words.notAllowed}</p></Page>;
    case "failed": return <Page title="axon" className="center"><Failure what={words.noSession} error={gate.error} again={gate.again} /></Page>;
  }
}

export function App() {
  const memory = useMemo(createMemory, []);
  useScroll(memory);
  const { state, attempts, retryAt } = useConnection();
  const connection: Connection = { up: state !== "lost", tries: attempts, retryAt, retryNow: () => socket.again() };
  const handlers = useMemo<Shell["handlers"]>(() => new Set(), []);
  const off = !connection.up;
  const shell = useMemo<Shell>(() => ({ handlers, say, writing: { off, why: words.writingOff } }), [handlers, off]);
  return <MemoryProvider value={memory}><ShellProvider value={shell}><Toasts><Gated shell={shell} connection={connection} /></Toasts></ShellProvider></MemoryProvider>;
}
