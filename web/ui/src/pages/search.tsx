import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { get, type Domain, type Hit } from "../wire/api.ts";
import { Failure, Page, Time, asURL, isURL } from "../parts/frame.tsx";
import { count } from "../format.ts";
import { words } from "../words.ts";

// marked puts the query's words of a passage into <mark>.
function marked(text: string, query: string): ReactNode[] {
  const list = query.split(/\s+/).filter((w) => w.length > 1).map((w) => w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (list.length === 0) return [text];
  return text.split(new RegExp(`(${list.join("|")})`, "gi")).map((part, i) => (i % 2 ? <mark key={i}>{part}</mark> : part));
}

export const docLink = (url: string, chunk = "") => {
  const [page = url, anchor] = url.split("#");
  return `/doc?${new URLSearchParams(chunk ? { url: page, chunk } : { url: page })}${anchor ? `#${anchor}` : ""}`;
};

function Row({ hit, query }: { hit: Hit; query: string }) {
  return (
    <li>
      <div className="row"><Link href={docLink(hit.url, hit.chunk_id)}>{hit.title || hit.url}</Link>
        <span className="muted">{URL.canParse(hit.url) ? new URL(hit.url).host : ""} · score {hit.score.toFixed(2)} · <Time at={hit.fetched_at} /></span></div>
      {hit.heading_path?.length ? <div className="muted">{hit.heading_path.join(" › ")}</div> : null}
      <div className="clip">{marked(hit.text, query)}</div>
    </li>
  );
}

function Results({ q, mode, domain, since }: { q: string; mode: string; domain: string; since: string }) {
  const found = useQuery({
    queryKey: ["query", q, mode, domain, since], enabled: q.trim() !== "", placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const begun = performance.now();
      const out = await get<{ hits: Hit[] | null }>("/api/query", { query: q, mode, domains: domain, since }, signal);
      return { hits: out.hits ?? [], ms: Math.round(performance.now() - begun) };
    },
  });
  if (found.error) return <Failure what="Search failed" error={found.error} again={() => void found.refetch()} />;
  if (!found.data) return null;
  if (found.data.hits.length === 0) return <p>{words.noHit}</p>;
  return (
    <>
      <p className="muted" role="status">{count(found.data.hits.length)} passages, {count(found.data.ms)} ms</p>
      <ul className="rows">{found.data.hits.map((h) => <Row key={h.chunk_id} hit={h} query={q} />)}</ul>
    </>
  );
}

export function Search() {
  const params = new URLSearchParams(useSearch());
  const [, go] = useLocation();
  const at = (name: string) => params.get(name) ?? "";
  const [text, setText] = useState(at("q"));
  useEffect(() => setText(at("q")), [at("q")]);
  const domains = useQuery({ queryKey: ["domains"], queryFn: () => get<{ domains: Domain[] | null }>("/api/domains", { limit: 500 }) });
  const show = (change: Record<string, string>, replace = false) => {
    const next = new URLSearchParams(params);
    for (const [k, v] of Object.entries(change)) v ? next.set(k, v) : next.delete(k);
    go(`/search?${next}`, { replace });
  };
  useEffect(() => {
    if (text === at("q") || isURL(text.trim())) return;
    const wait = setTimeout(() => show({ q: text }, true), 150);
    return () => clearTimeout(wait);
  }, [text]);
  const send = (e: FormEvent) => {
    e.preventDefault();
    const word = text.trim();
    if (isURL(word)) {
      sessionStorage.setItem("axon.add", asURL(word)); // that it was typed here, and did not come by a link
      go(`/add?${new URLSearchParams({ url: asURL(word) })}`);
    }
    else show({ q: word });
  };
  const list = domains.data?.domains ?? [];
  return (
    <Page title="Search" focus={false}>
      <form className="box" role="search" onSubmit={send}>
        <input id="box" autoFocus aria-label={words.box} placeholder={words.box} value={text} onChange={(e) => setText(e.target.value)} />
        <button className="main">{isURL(text.trim()) ? "Add" : "Search"}</button>
      </form>
      <div className="row">
        <label>domain <select value={at("domain")} onChange={(e) => show({ domain: e.target.value })}><option value="">all</option>{list.map((d) => <option key={d.domain}>{d.domain}</option>)}</select></label>
        <label>since <select value={at("since")} onChange={(e) => show({ since: e.target.value })}><option value="">any time</option><option value="1d">a day</option><option value="7d">a week</option><option value="30d">30 days</option></select></label>
        <label>by <select value={at("mode")} onChange={(e) => show({ mode: e.target.value })}><option value="">hybrid</option><option>semantic</option><option>keyword</option></select></label>
      </div>
      {domains.data && list.length === 0 ? <p>{words.nothing}</p> : null}
      {at("q") ? <Results q={at("q")} mode={at("mode")} domain={at("domain")} since={at("since")} /> : null}
    </Page>
  );
}
