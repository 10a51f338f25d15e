// Add a site: an address, what lies there to choose from, and how far to read.
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { useLocation, useSearch } from "wouter";
import { execute } from "../wire/socket.ts";
import { useSession } from "../wire/session.ts";
import { count, few } from "../format.ts";
import { words } from "../words.ts";
import { Button } from "../parts/button.tsx";
import { Failure, Page, Waiting, asURL } from "../parts/frame.tsx";
import { pathOf } from "./links.ts";

const typed = "axon.add"; // in sessionStorage: the address that was typed here
const mostGlobs = 100; // of a crawl's exclude_paths

// addFromBox goes to the page and starts at once: Enter was pressed already. An
// address that came by a link is only filled in, since a link must not start a
// crawl.
export function addFromBox(url: string, go: (to: string) => void): void {
  try { sessionStorage.setItem(typed, url); } catch { /* then one more Enter */ }
  go(`/add?${new URLSearchParams({ url })}`);
}

type Found = { url: string; title?: string; source: string };
type Options = { pages: string; depth: string; include: string; exclude: string; subdomains: boolean; render: string; delay: string };
const defaults: Options = { pages: "", depth: "", include: "", exclude: "", subdomains: false, render: "", delay: "" };

// exactly is a pattern for one page and nothing below it: one with "?" is held
// against path?query.
const exactly = (url: string) => { const path = pathOf(url); return path.includes("?") ? path : `${path}?`; };

export function flagsOf(o: Options, left: readonly string[]): Record<string, unknown> {
  const list = (text: string) => text.split(/[\s,]+/).filter(Boolean);
  const exclude = [...list(o.exclude), ...left.map(exactly)];
  return {
    ...(o.pages && { max_pages: Number(o.pages) }), ...(o.depth !== "" && { max_depth: Number(o.depth) }),
    ...(list(o.include).length > 0 && { include_paths: list(o.include) }), ...(exclude.length > 0 && { exclude_paths: exclude }),
    ...(o.subdomains && { include_subdomains: true }), ...(o.render && { render_mode: o.render }), ...(o.delay && { delay_ms: Number(o.delay) }),
  };
}

export function Add() {
  const params = new URLSearchParams(useSearch());
  const [, go] = useLocation();
  const session = useSession();
  const [url, setUrl] = useState(params.get("url") ?? "");
  const [options, setOptions] = useState(defaults);
  const [found, setFound] = useState<readonly Found[]>();
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [wrong, setWrong] = useState<Error>();
  const [busy, setBusy] = useState<"" | "preview" | "add">("");
  const begun = useRef(false);
  const run = async (what: "preview" | "add", work: () => Promise<void>) => {
    setBusy(what);
    setWrong(undefined);
    try { await work(); } catch (error) { setWrong(error as Error); } finally { setBusy(""); }
  };
  const start = () => run("add", async () => {
    const out = (await execute(session, "crawl", asURL(url.trim()), flagsOf(options, [...left]))) as { job_id: string };
    go(`/jobs/${out.job_id}`, { replace: true });
  });
  const preview = () => run("preview", async () => {
    setFound(undefined);
    setLeft(new Set());
    const out = (await execute(session, "map", asURL(url.trim()))) as { urls: Found[] | null };
    setFound(out.urls ?? []);
  });
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    const own = sessionStorage.getItem(typed) === url && url !== "";
    sessionStorage.removeItem(typed);
    if (own) void start();
  }, []);
  const send = (e: FormEvent) => { e.preventDefault(); if (left.size <= mostGlobs) void start(); };
  return (
    <Page title={words.addSite} focus={false}>
      <form onSubmit={send} className="add">
        <div className="box">
          <input autoFocus aria-label={words.address} placeholder="https://go.dev/doc/" autoComplete="off" spellCheck={false} value={url} onChange={(e) => setUrl(e.target.value)} required />
          <Button writes busy={busy === "preview"} onClick={() => { if (url.trim()) void preview(); }}>{words.preview}</Button>
          <Button kind="main" type="submit" icon="add" writes busy={busy === "add"}>{words.add}</Button>
        </div>
        <p className="muted">{words.adding}</p>
        <OptionFields options={options} set={(change) => setOptions({ ...options, ...change })} />
      </form>
      {wrong && <Failure what={words.cannotRead} error={wrong} />}
      {busy === "preview" && <><p className="muted" role="status">{words.looking}</p><Waiting rows={8} /></>}
      {found && <Preview found={found} start={asURL(url.trim())} left={left} setLeft={setLeft} />}
    </Page>
  );
}

function OptionFields({ options, set }: { options: Options; set: (change: Partial<Options>) => void }) {
  const number = (name: "pages" | "depth" | "delay", label: string, least: number, most: number, hint: string) => (
    <label>{label}<input type="number" inputMode="numeric" min={least} max={most} placeholder={hint} value={options[name]} onChange={(e) => set({ [name]: e.target.value })} /></label>
  );
  const paths = (name: "include" | "exclude", label: string) => (
    <label className="wide">{label}<input type="text" spellCheck={false} placeholder={words.hintPaths} value={options[name]} onChange={(e) => set({ [name]: e.target.value })} /></label>
  );
  return (
    <details><summary>{words.options}</summary>
      <div className="fields">
        {number("pages", words.optionPages, 1, 1_000_000, count(1_000))}{number("depth", words.optionDepth, 0, 1_000, "5")}{number("delay", words.optionDelay, 0, 60_000, "100")}
        <label>{words.optionRender}<select value={options.render} onChange={(e) => set({ render: e.target.value })}>
          {Object.entries(words.ways).map(([v, w]) => <option key={v} value={v === "auto" ? "" : v}>{w}</option>)}</select></label>
        {paths("include", words.optionInclude)}{paths("exclude", words.optionExclude)}
        <label className="check"><input type="checkbox" checked={options.subdomains} onChange={(e) => set({ subdomains: e.target.checked })} />{words.optionSubdomains}</label>
      </div>
    </details>
  );
}

// Preview lists the pages with ticks; what is unticked is excluded.
function Preview({ found, start, left, setLeft }: { found: readonly Found[]; start: string; left: ReadonlySet<string>; setLeft: (left: ReadonlySet<string>) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({ count: found.length, getScrollElement: () => box.current, estimateSize: () => 36, overscan: 8 });
  const listed = found.some((f) => f.source === "sitemap" || f.source === "llms.txt");
  const isStart = (f: Found) => f.source === "start" || f.url === start; // a start that is excluded is refused
  const toggle = (url: string, on: boolean) => {
    const next = new Set(left);
    on ? next.delete(url) : next.add(url);
    setLeft(next);
  };
  return (
    <section aria-label={words.preview}>
      <div className="row"><strong role="status">{words.previewOf(few(found.length, "page"), listed ? words.fromSitemap : words.fromLinks)}</strong>
        {left.size > 0 && <span className={left.size > mostGlobs ? "bad" : "muted"}>{left.size > mostGlobs ? words.tooMany100 : words.unticked(count(left.size))}</span>}
        {left.size > 0 && <Button kind="quiet" onClick={() => setLeft(new Set())}>{words.tickAll}</Button>}</div>
      <div ref={box} className="ticks" role="group" aria-label={words.thePages} tabIndex={0}>
        <div style={{ height: rows.getTotalSize(), position: "relative" }}>
          {rows.getVirtualItems().map((item) => {
            const f = found[item.index]!;
            return (
              <label key={f.url} style={{ transform: `translateY(${item.start}px)` }}>
                <input type="checkbox" checked={!left.has(f.url)} disabled={isStart(f)} onChange={(e) => toggle(f.url, e.target.checked)} />
                <span className="tick-path">{pathOf(f.url)}</span>{f.title && <span className="muted tick-title">{f.title}</span>}
              </label>
            );
          })}
        </div>
      </div>
    </section>
  );
}
