// Routes, the frame around every page, and the keys.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Component, Suspense, lazy, useEffect, type ReactNode } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import { ApiError, session } from "./wire/api.ts";
import { Failure, Page } from "./parts/frame.tsx";
import { pageKeys } from "./keys.ts";
import { words } from "./words.ts";
import { Search } from "./pages/search.tsx";
import { Add } from "./pages/add.tsx";
import { JobPage, Jobs } from "./pages/jobs.tsx";
import { DomainPage, Library } from "./pages/library.tsx";
import { Connect, Health } from "./pages/health.tsx";
import { SignIn } from "./pages/signin.tsx";

const Reader = lazy(() => import("./pages/reader.tsx"));

const places = [["/search", "Search"], ["/library", "Library"], ["/jobs", "Jobs"], ["/health", "Health"], ["/connect", "Connect"]] as const;

function nextTheme() {
  const root = document.documentElement;
  const next = { light: "dark", dark: "", "": "light" }[root.dataset.theme ?? ""] ?? "";
  if (next) root.dataset.theme = next;
  else delete root.dataset.theme;
  try { localStorage.setItem("axon.theme", next); } catch { /* only for this visit */ }
}

// Keys of section 3 that need no selected row; never in fields or with modifiers.
function useKeys() {
  const [, go] = useLocation();
  useEffect(() => {
    let led = 0;
    const pressed = (e: KeyboardEvent) => {
      const at = e.target as HTMLElement;
      if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || at.closest("input,textarea,select,dialog")) return;
      const page = performance.now() - led < 1_000 ? pageKeys[e.key] : undefined;
      led = e.key === "g" ? performance.now() : 0;
      if (page) go(page);
      else if (e.key === "a") go("/add");
      else if (e.key === "/") { e.preventDefault(); document.getElementById("box")?.focus(); if (!document.getElementById("box")) go("/search"); }
      else return;
      e.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, [go]);
}

function Frame({ children }: { children: ReactNode }) {
  const [at] = useLocation();
  return (
    <>
      <header><nav aria-label="Pages">
        <Link href="/"><strong>axon</strong></Link>
        {places.map(([to, name]) => <Link key={to} href={to} aria-current={at.startsWith(to) ? "page" : undefined}>{name}</Link>)}
        <button className="end" onClick={nextTheme}>◐ Theme</button>
      </nav></header>
      {children}
    </>
  );
}

class Boundary extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};
  static getDerivedStateFromError(error: Error) { return { error }; }
  override render() {
    return this.state.error ? <Page title="Something broke"><Failure what="This page stopped" error={this.state.error} again={() => location.reload()} /></Page> : this.props.children;
  }
}

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
      <Route path="/doc"><Suspense fallback={<Page title="Reading"> </Page>}><Reader /></Suspense></Route>
      <Route path="/health"><Health /></Route>
      <Route path="/connect"><Connect /></Route>
      <Route><Page title={words.noPage}><Link href="/search">Search</Link></Page></Route>
    </Switch>
  );
}

export function App() {
  useKeys();
  const cache = useQueryClient();
  const now = useQuery({ queryKey: ["session"], queryFn: session, staleTime: Infinity });
  if (now.error) {
    const barred = now.error instanceof ApiError && now.error.status === 403;
    return <Page title="axon">{barred ? <p className="bad">✕ {words.notAllowed}</p> : <Failure what="No session" error={now.error} again={() => void now.refetch()} />}</Page>;
  }
  if (!now.data) return null;
  if (!now.data.signed_in) return <SignIn done={() => void cache.invalidateQueries()} />;
  return <Frame><Boundary><Pages /></Boundary></Frame>;
}
