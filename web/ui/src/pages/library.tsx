import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { get, post, type Domain, type Forget, type Session, type Source } from "../wire/api.ts";
import { execute } from "../wire/socket.ts";
import { Failure, Page, Time } from "../parts/frame.tsx";
import { bytes, count } from "../format.ts";
import { words } from "../words.ts";
import { docLink } from "./search.tsx";

export function Library() {
  const domains = useQuery({ queryKey: ["domains"], queryFn: () => get<{ domains: Domain[] | null }>("/api/domains", { limit: 500 }) });
  const list = domains.data?.domains ?? [];
  const sum = (f: (d: Domain) => number) => list.reduce((n, d) => n + f(d), 0);
  return (
    <Page title="Library">
      {domains.error ? <Failure what="Could not load the list" error={domains.error} again={() => void domains.refetch()} /> : null}
      {domains.data && list.length === 0 ? <p>{words.noLibrary} <Link href="/add">Add</Link></p> : null}
      {list.length > 0 && <p>{count(sum((d) => d.documents))} pages, {count(sum((d) => d.chunks))} passages, {bytes(sum((d) => d.bytes))}</p>}
      <ul className="rows">{list.map((d) => (
        <li key={d.domain} className="row"><Link href={`/library/${encodeURIComponent(d.domain)}`}>{d.domain || "no domain"}</Link>
          <span className="muted">{count(d.documents)} pages · {count(d.chunks)} passages · {bytes(d.bytes)} · <Time at={d.fetched_at} /></span></li>
      ))}</ul>
    </Page>
  );
}

// Delete asks with the figures of the dry run, whose token confirms.
function Delete({ domain }: { domain: string }) {
  const [, go] = useLocation();
  const cache = useQueryClient();
  const dialog = useRef<HTMLDialogElement>(null);
  const [dry, setDry] = useState<Forget>();
  const [wrong, setWrong] = useState("");
  const guarded = async (run: () => Promise<void>) => {
    try { setWrong(""); await run(); } catch (error) { setWrong((error as Error).message); dialog.current?.close(); }
  };
  const ask = () => guarded(async () => { setDry(await post<Forget>("/api/forget", { domain, dry_run: true })); dialog.current?.showModal(); });
  const remove = () => guarded(async () => {
    await post("/api/forget", { domain, dry_run: false, confirm: dry?.confirm });
    dialog.current?.close();
    await cache.invalidateQueries();
    go("/library");
  });
  return (
    <>
      <button onClick={() => void ask()}>Delete</button><span className="bad" role="alert">{wrong}</span>
      <dialog ref={dialog} aria-label={`Delete ${domain}?`}>
        <p>Delete {domain}? {count(dry?.documents ?? 0)} documents and {count(dry?.chunks ?? 0)} passages ({bytes(dry?.bytes ?? 0)}) leave the index.</p>
        <div className="row"><button onClick={() => dialog.current?.close()}>Keep</button><button onClick={() => void remove()}>Delete {count(dry?.documents ?? 0)} documents</button></div>
      </dialog>
    </>
  );
}

export function DomainPage({ domain }: { domain: string }) {
  const [, go] = useLocation();
  const cache = useQueryClient();
  const [wrong, setWrong] = useState("");
  const sources = useInfiniteQuery({
    queryKey: ["sources", domain], initialPageParam: "", getNextPageParam: (p: { next_cursor: string | null }) => p.next_cursor ?? undefined,
    queryFn: ({ pageParam }) => get<{ sources: Source[] | null; next_cursor: string | null }>("/api/sources", { domains: domain, limit: 100, cursor: pageParam }),
  });
  const refresh = async () => {
    try {
      const out = (await execute(cache.getQueryData<Session>(["session"])!, "refresh", domain)) as { job_id: string };
      go(`/jobs/${out.job_id}`);
    } catch (error) {
      setWrong((error as Error).message);
    }
  };
  return (
    <Page title={domain}>
      <div className="row"><button onClick={() => void refresh()}>Re-crawl</button><Delete domain={domain} /></div>
      <p className="bad" role="alert">{wrong}</p>
      {sources.error ? <Failure what="Could not load the list" error={sources.error} again={() => void sources.refetch()} /> : null}
      <ul className="rows">{(sources.data?.pages ?? []).flatMap((p) => p.sources ?? []).map((s) => (
        <li key={s.url}><Link href={docLink(s.url)}>{s.title || s.url}</Link> <span className="muted">{count(s.chunks)} passages · <Time at={s.fetched_at} /></span></li>
      ))}</ul>
      {sources.hasNextPage ? <button onClick={() => void sources.fetchNextPage()}>More</button> : null}
    </Page>
  );
}
