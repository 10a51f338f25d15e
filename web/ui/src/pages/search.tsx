// Home and search: the box, and under it what the library has to say. The query
// and its filters stand in the address.
import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { get, type Domain, type Hit, type Job, type Stats } from "../wire/api.ts";
import { bytes, count, few } from "../format.ts";
import { words } from "../words.ts";
import { Button } from "../parts/button.tsx";
import { Combobox, type Option } from "../parts/combobox.tsx";
import { Failure, Page, Waiting, asURL, isURL } from "../parts/frame.tsx";
import { HitView, hitName } from "../parts/hit.tsx";
import { Icon } from "../parts/icon.tsx";
import { JobCard } from "../parts/jobcard.tsx";
import { useMemory } from "../parts/memory.tsx";
import { RowList } from "../parts/rowlist.tsx";
import { Filters } from "../parts/sheet.tsx";
import { useCopy } from "./copying.ts";
import { docLink } from "./links.ts";
import { noteLatency } from "./latency.ts";
import { addFromBox } from "./add.tsx";
import "../pages.css";

const typing = 150; // milliseconds after the last key
const page = 10;
const filters = ["domain", "source", "since", "mode"] as const;
type Found = { hits: Hit[] | null; next_cursor: string | null; note?: string; ms: number };

export function Search() {
  const [at, go] = useLocation();
  const search = useSearch();
  const params = new URLSearchParams(search);
  const value = (name: string) => params.get(name) ?? "";
  const stats = useQuery({ queryKey: ["stats"], queryFn: () => get<Stats>("/api/stats") });
  const show = (change: Record<string, string>, replace = false) => {
    const next = new URLSearchParams(location.search);
    for (const [k, v] of Object.entries(change)) v ? next.set(k, v) : next.delete(k);
    go(next.size > 0 || at === "/search" ? `/search?${next}` : "/", { replace });
  };
  const q = value("q");
  const bare = stats.data?.documents === 0;
  return (
    <Page title={q || words.search} section={q ? words.search : undefined} focus={false} hidden className={q ? undefined : "home"}>
      <Box q={q} show={show} />
      {q || at === "/search" ? <FilterRow value={value} show={show} /> : null}
      {bare ? <Nothing /> : q ? <Results q={q} pages={stats.data?.documents} value={value} show={show} /> : <Home stats={stats.data} />}
    </Page>
  );
}

// Box searches while one types; a URL is offered to be added instead.
function Box({ q, show }: { q: string; show: (change: Record<string, string>, replace?: boolean) => void }) {
  const [, go] = useLocation();
  const memory = useMemory();
  const [text, setText] = useState(q);
  const asked = useRef(q); // what this box has put into the address last
  useEffect(() => { if (q !== asked.current) { asked.current = q; setText(q); } }, [q]);
  const typed = text.trim();
  const url = isURL(typed);
  const search = (replace: boolean) => { asked.current = typed; show({ q: typed }, replace); };
  useEffect(() => {
    if (typed === q.trim() || url) return;
    const wait = setTimeout(() => search(true), typing);
    return () => clearTimeout(wait);
  }, [text]);
  const add: Option = { id: "add", words: words.addOne(typed.replace(/^https?:\/\//, "").replace(/\/$/, "")), icon: "add", run: () => addFromBox(asURL(typed), go) };
  const find: Option = { id: "find", words: words.searchFor(typed), icon: "search", run: () => search(false) };
  const options = typed === "" ? [] : url ? [add, find] : typed === q ? [] : [find];
  return (
    <form className="box" role="search" onSubmit={(e) => { e.preventDefault(); if (typed) (url ? add : find).run(); }}>
      <Combobox id="box" autoFocus={!memory.back()} label={words.box} placeholder={words.box} value={text} onValue={setText} options={options} />
      <Button kind="main" type="submit" icon={url ? "add" : "search"}>{url ? words.add : words.search}</Button>
    </form>
  );
}

type Part = { value: (name: string) => string; show: (change: Record<string, string>) => void };

function FilterRow({ value, show }: Part) {
  const domains = useQuery({ queryKey: ["domains"], queryFn: () => get<{ domains: Domain[] | null }>("/api/domains", { limit: 500 }) });
  const names = (domains.data?.domains ?? []).map((d) => d.domain).filter(Boolean);
  const set = filters.filter((f) => value(f)).length;
  const choice = (name: (typeof filters)[number], none: string, options: readonly (readonly [string, string])[]) => (
    <label>{name === "mode" ? words.searchMode : words[name]} <select value={value(name)} onChange={(e) => show({ [name]: e.target.value })}>
      <option value="">{none}</option>
      {value(name) && !options.some(([v]) => v === value(name)) ? <option value={value(name)}>{value(name)}</option> : null}
      {options.map(([v, w]) => <option key={v} value={v}>{w}</option>)}
    </select></label>
  );
  return (
    <Filters set={set}>
      {choice("domain", words.all, names.map((n) => [n, n]))}
      {choice("source", words.all, Object.entries(words.kinds))}
      {choice("since", words.anyTime, Object.entries(words.sinces))}
      {choice("mode", words.modes.hybrid!, Object.entries(words.modes).filter(([v]) => v !== "hybrid"))}
      {set > 0 && <Button kind="quiet" icon="close" onClick={() => show(Object.fromEntries(filters.map((f) => [f, ""])))}>{words.clearFilters}</Button>}
    </Filters>
  );
}

function Results({ q, pages, value, show }: Part & { q: string; pages?: number }) {
  const copy = useCopy();
  const given = { query: q, limit: page, domains: value("domain"), source_types: value("source"), since: value("since"), mode: value("mode") };
  const found = useInfiniteQuery({
    queryKey: ["query", given], placeholderData: keepPreviousData, initialPageParam: "", getNextPageParam: (p: Found) => p.next_cursor ?? undefined,
    queryFn: async ({ signal, pageParam }): Promise<Found> => {
      const begun = performance.now();
      const out = await get<Omit<Found, "ms">>("/api/query", { ...given, cursor: pageParam }, signal);
      const ms = performance.now() - begun;
      if (!pageParam) noteLatency(Math.round(ms * 10) / 10);
      return { ...out, ms };
    },
  });
  if (found.error && !found.data) return <Failure what={words.searchFailed} error={found.error} again={() => void found.refetch()} />;
  if (!found.data) return <Waiting />;
  const hits = found.data.pages.flatMap((p) => p.hits ?? []);
  const note = found.data.pages[0]?.note;
  if (hits.length === 0) return <NoHit note={note} any={filters.some((f) => value(f))} clear={() => show(Object.fromEntries(filters.map((f) => [f, ""])))} />;
  const ms = Math.max(1, Math.round(found.data.pages[0]?.ms ?? 0));
  return (
    <>
      {found.error && <Failure what={words.searchFailed} error={found.error} again={() => void found.refetch()} />}
      <p className="muted num" role="status">{words.found(few(hits.length, "passage"), count(ms), few(pages ?? 0, "page"))}</p>
      {note && <p className="muted">{words.note(note)}</p>}
      <RowList
        label={words.search} rows={hits} id={(h) => h.chunk_id} name={hitName} href={(h) => docLink(h.url, h.chunk_id, q)} estimate={132}
        actions={(h) => [{ id: "copy-text", words: words.copy, icon: "copy", run: () => copy(`${h.text.trim()}\n\nSource: [${hitName(h)}](${h.url})\n`) }]}
      >{(h) => <HitView hit={h} href={docLink(h.url, h.chunk_id, q)} query={q} top={hits[0]!.score} />}</RowList>
      {found.hasNextPage && <Button busy={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>{words.more}</Button>}
    </>
  );
}

function NoHit({ note, any, clear }: { note?: string; any: boolean; clear: () => void }) {
  return (
    <div className="empty" role="status"><p>{words.noHit}</p>{note && <p>{words.note(note)}</p>}
      <p className="row">{any && <Button icon="close" onClick={clear}>{words.clearFilters}</Button>}<Link className="button" href="/add"><Icon name="add" />{words.addSite}</Link></p></div>
  );
}

function Nothing() {
  const [, go] = useLocation();
  return (
    <div className="empty"><p>{words.nothing}</p>
      <p className="row">{words.examples.map((e) => <Button key={e} icon="site" onClick={() => go(`/add?${new URLSearchParams({ url: asURL(e) })}`)}>{e}</Button>)}</p></div>
  );
}

function Home({ stats }: { stats?: Stats }) {
  const jobs = useQuery({
    queryKey: ["jobs", "running"], queryFn: () => get<{ jobs: Job[] | null }>("/api/jobs", { status: "running", limit: 100 }),
    refetchInterval: () => (document.hidden ? 15_000 : 2_000),
  });
  const running = jobs.data?.jobs ?? [];
  return (
    <>
      {stats && <p className="muted num center-text"><Link href="/library">{words.inLibrary(few(stats.documents, "page"), few(stats.chunks, "passage"), bytes(stats.bytes))}</Link></p>}
      {running.length > 0 && <section aria-label={words.runningJobs}><h2>{words.runningJobs}</h2>{running.slice(0, 8).map((j) => <JobCard key={j.id} job={j} link />)}</section>}
    </>
  );
}
