// What is in the library, by site, and one site's pages.
import { keepPreviousData, useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { get, type Domain, type Source, type Stats } from "../wire/api.ts";
import { useSession } from "../wire/session.ts";
import { execute } from "../wire/socket.ts";
import { bytes, few } from "../format.ts";
import { words } from "../words.ts";
import { Button } from "../parts/button.tsx";
import { Failure, Page, Time, Waiting } from "../parts/frame.tsx";
import { Icon } from "../parts/icon.tsx";
import { RowLink, RowList } from "../parts/rowlist.tsx";
import { SitesPicture, siteName } from "../parts/sites.tsx";
import { useToast } from "../parts/toast.tsx";
import { ForgetMany, useForgetOne, useLeaving } from "./forgetting.tsx";
import { docLink, domainLink, pathOf } from "./links.ts";

const mostSites = 500;
type Sort = "name" | "pages" | "passages" | "age";
const orders: Record<Sort, (a: Domain, b: Domain) => number> = {
  name: (a, b) => siteName(a).localeCompare(siteName(b)), pages: (a, b) => b.documents - a.documents, passages: (a, b) => b.chunks - a.chunks,
  age: (a, b) => a.fetched_at.localeCompare(b.fetched_at),
};

// useRecrawl starts a refresh and goes to its job.
function useRecrawl(): { run: (input: string) => void; error?: Error; busy: string } {
  const [, go] = useLocation();
  const session = useSession();
  const [error, setError] = useState<Error>();
  const [busy, setBusy] = useState("");
  const run = async (input: string) => {
    setBusy(input);
    setError(undefined);
    try {
      const out = (await execute(session, "refresh", input)) as { job_id: string };
      go(`/jobs/${out.job_id}`);
    } catch (e) {
      setError(e as Error);
    } finally {
      setBusy("");
    }
  };
  return { run: (input) => void run(input), error, busy };
}

export function Library() {
  const [, go] = useLocation();
  const params = new URLSearchParams(useSearch());
  const sort = (params.get("sort") ?? "passages") as Sort;
  const q = params.get("q") ?? "";
  const stats = useQuery({ queryKey: ["stats"], queryFn: () => get<Stats>("/api/stats") });
  const domains = useQuery({ queryKey: ["domains"], queryFn: () => get<{ domains: Domain[] | null; next_cursor: string | null }>("/api/domains", { limit: mostSites }) });
  const recrawl = useRecrawl();
  const [asks, setAsks] = useState<Domain>();
  const all = domains.data?.domains ?? [];
  const list = all.filter((d) => siteName(d).toLowerCase().includes(q.trim().toLowerCase())).sort(orders[sort] ?? orders.passages);
  const show = (change: Record<string, string>, replace = false) => {
    const next = new URLSearchParams(location.search);
    for (const [k, v] of Object.entries(change)) v ? next.set(k, v) : next.delete(k);
    go(next.size > 0 ? `/library?${next}` : "/library", { replace });
  };
  return (
    <Page title="Library">
      {domains.error && !domains.data ? <Failure what={words.couldNotLoad} error={domains.error} again={() => void domains.refetch()} /> : !domains.data ? <Waiting /> : null}
      {domains.data && all.length === 0 && <div className="empty"><p>{words.noLibrary}</p><Link className="button" href="/add"><Icon name="add" />{words.addSite}</Link></div>}
      {recrawl.error && <Failure what={words.recrawl} error={recrawl.error} />}
      {all.length > 0 && (
        <>
          {stats.data && <p className="figures num">{words.inLibrary(few(stats.data.documents, "page"), few(stats.data.chunks, "passage"), bytes(stats.data.bytes))}</p>}
          {all.length > 1 && <SitesPicture domains={all} />}
          <div className="row">
            <input type="search" aria-label={words.filterSites} placeholder={words.filterSites} value={q} onChange={(e) => show({ q: e.target.value }, true)} />
            <label>{words.sort} <select value={sort} onChange={(e) => show({ sort: e.target.value === "passages" ? "" : e.target.value })}>{Object.entries(words.sorts).map(([v, w]) => <option key={v} value={v}>{w}</option>)}</select></label>
            <Link className="button" href="/add"><Icon name="add" />{words.addSite}</Link>
            {domains.data?.next_cursor && <span className="muted">{words.moreOnServer}</span>}
          </div>
          {list.length === 0 && <p className="muted">{words.noSite}</p>}
          <RowList
            label="Library" rows={list} id={(d) => d.domain || "-"} name={siteName} href={(d) => domainLink(d.domain)} estimate={60}
            actions={(d) => (d.domain ? [
              { id: "recrawl", words: words.recrawl, icon: "retry", writes: true, busy: recrawl.busy === d.domain, run: () => recrawl.run(d.domain) },
              { id: "delete", words: words.remove, icon: "delete", danger: true, writes: true, run: () => setAsks(d) },
            ] : [])}
          >{(d) => <SiteRow domain={d} />}</RowList>
        </>
      )}
      {asks && <ForgetMany domain={asks.domain} name={siteName(asks)} onClose={() => setAsks(undefined)} done={() => setAsks(undefined)} back={() => document.querySelector<HTMLElement>("[data-row-main]")} />}
    </Page>
  );
}

function SiteRow({ domain: d }: { domain: Domain }) {
  return (
    <div className="cells"><RowLink href={domainLink(d.domain)}>{siteName(d)}</RowLink>
      <span className="muted num">{few(d.documents, "page")}</span><span className="muted num">{few(d.chunks, "passage")}</span><span className="muted num">{bytes(d.bytes)}</span><span className="muted"><Time at={d.fetched_at} /></span></div>
  );
}

type Sources = { sources: Source[] | null; next_cursor: string | null };

export function DomainPage({ domain }: { domain: string }) {
  const [, go] = useLocation();
  const cache = useQueryClient();
  const toast = useToast();
  const params = new URLSearchParams(useSearch());
  const q = params.get("q") ?? "";
  const recrawl = useRecrawl();
  const forget = useForgetOne();
  const leaving = useLeaving();
  const [asks, setAsks] = useState(false);
  const sources = useInfiniteQuery({
    queryKey: ["sources", domain], placeholderData: keepPreviousData, initialPageParam: "", getNextPageParam: (p: Sources) => p.next_cursor ?? undefined,
    queryFn: ({ pageParam }) => get<Sources>("/api/sources", { domains: domain, limit: 500, cursor: pageParam }),
  });
  const about = useQuery({ queryKey: ["domains", domain], queryFn: () => get<{ domains: Domain[] | null }>("/api/domains", { domains: domain, limit: 1 }) });
  const d = about.data?.domains?.[0];
  const want = q.trim().toLowerCase();
  const list = (sources.data?.pages ?? []).flatMap((p) => p.sources ?? []).filter((s) => !leaving.includes(s.url) && (!want || `${s.title} ${s.url}`.toLowerCase().includes(want)));
  const none = sources.data && list.length === 0 && !sources.hasNextPage;
  const more = () => { if (sources.hasNextPage && !sources.isFetchingNextPage) void sources.fetchNextPage(); };
  return (
    <Page title={domain || words.noDomain} section="Library">
      <div className="row">
        {d && <span className="figures num">{few(d.documents, "page")}, {few(d.chunks, "passage")}, {bytes(d.bytes)}, {words.fetched} <Time at={d.fetched_at} /></span>}
        <Button icon="retry" writes busy={recrawl.busy !== ""} onClick={() => recrawl.run(domain)}>{words.recrawl}</Button>
        <Button icon="delete" kind="danger" writes onClick={() => setAsks(true)}>{words.remove}</Button>
      </div>
      <div className="row"><input type="search" aria-label={words.filterPages} placeholder={words.filterPages} value={q} onChange={(e) => go(`${domainLink(domain)}${e.target.value ? `?${new URLSearchParams({ q: e.target.value })}` : ""}`, { replace: true })} /></div>
      {recrawl.error && <Failure what={words.recrawl} error={recrawl.error} />}
      {sources.error && !sources.data ? <Failure what={words.couldNotLoad} error={sources.error} again={() => void sources.refetch()} /> : !sources.data ? <Waiting /> : null}
      {none && (want ? <p className="muted">{words.noPageFits}</p> : <div className="empty"><p>{words.noLibrary}</p><Link className="button" href="/add"><Icon name="add" />{words.addSite}</Link></div>)}
      <RowList
        label={domain} rows={list} id={(s) => s.url} name={(s) => s.title || s.url} href={(s) => docLink(s.url)} total={want ? undefined : d?.documents} estimate={60} onEnd={more}
        actions={(s) => [
          ...(/^https?:/.test(s.url) ? [{ id: "recrawl", words: words.recrawl, icon: "retry" as const, writes: true, busy: recrawl.busy === s.url, run: () => recrawl.run(s.url) }] : []),
          { id: "delete", words: words.remove, icon: "delete", danger: true, writes: true, run: () => forget(s.url, s.title || pathOf(s.url)) },
        ]}
      >{(s) => (
        <div className="cells page"><RowLink href={docLink(s.url)}>{s.title || s.url}</RowLink><span className="muted path">{pathOf(s.url)}</span>
          <span className="muted num">{few(s.chunks, "passage")}</span><span className="muted"><Time at={s.fetched_at} /></span></div>
      )}</RowList>
      {asks && <ForgetMany domain={domain} name={domain || words.noDomain} onClose={() => setAsks(false)} done={() => { setAsks(false); toast({ words: words.deleted(domain) }); go("/library"); void cache.invalidateQueries(); }} />}
    </Page>
  );
}
