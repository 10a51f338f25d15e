// The jobs, and one job as it goes.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState, type FormEvent } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { ApiError, get, post, type Job } from "../wire/api.ts";
import { useJob } from "../wire/store.ts";
import { bytes, count, few, rate, span } from "../format.ts";
import { words } from "../words.ts";
import { Button } from "../parts/button.tsx";
import { CopyButton } from "../parts/copy.tsx";
import { Failure, Page, Time, Waiting } from "../parts/frame.tsx";
import { Icon } from "../parts/icon.tsx";
import { JobCard, JobState, Progress, useNow } from "../parts/jobcard.tsx";
import { Picture, Sparkline, type Sample } from "../parts/picture.tsx";
import { RowList } from "../parts/rowlist.tsx";
import { useShell } from "../parts/shell.tsx";
import { useToast } from "../parts/toast.tsx";
import { figuresOf, hostIn, live, pagesOf, failedOf, reasonsOf, secondsOf, targetOf, toldIn, withLive, type Reason } from "./job.ts";
import { pathOf } from "./links.ts";

const pace = () => (document.hidden ? 15_000 : 2_000);
const states = ["running", "pending", "completed", "failed", "canceled"];
const kinds = ["crawl", "refresh", "embed", "evaluate"];

export function Jobs() {
  const [, go] = useLocation();
  const params = new URLSearchParams(useSearch());
  const status = params.get("status") ?? "";
  const kind = params.get("kind") ?? "";
  const jobs = useQuery({ queryKey: ["jobs", "list", status, kind], queryFn: () => get<{ jobs: Job[] | null }>("/api/jobs", { limit: 100, status, kind }), refetchInterval: pace });
  const list = jobs.data?.jobs ?? [];
  const show = (change: Record<string, string>) => {
    const next = new URLSearchParams(params);
    for (const [k, v] of Object.entries(change)) v ? next.set(k, v) : next.delete(k);
    go(next.size > 0 ? `/jobs?${next}` : "/jobs");
  };
  const choice = (name: "status" | "kind", value: string, options: readonly string[]) => (
    <label>{words[name]} <select value={value} onChange={(e) => show({ [name]: e.target.value })}><option value="">{words.all}</option>{options.map((o) => <option key={o} value={o}>{name === "status" ? words.jobStates[o] : o}</option>)}</select></label>
  );
  const none = jobs.data && list.length === 0;
  return (
    <Page title="Jobs">
      <div className="row">{choice("status", status, states)}{choice("kind", kind, kinds)}<Link className="button" href="/add"><Icon name="add" />{words.addSite}</Link></div>
      {jobs.error ? <Failure what={words.loadFailed} error={jobs.error} again={() => void jobs.refetch()} /> : !jobs.data ? <Waiting /> : null}
      {none ? <div className="empty"><p>{status || kind ? words.noSuchJobs : words.noJobs}</p></div> : null}
      <RowList label="Jobs" rows={list} id={(j) => j.id} name={(j) => `${j.kind} ${targetOf(j)}`} href={(j) => `/jobs/${j.id}`} estimate={84}>{(j) => <JobCard job={j} row />}</RowList>
    </Page>
  );
}

const minutes = 5 * 60_000; // of the picture

// useSamples keeps the pages a second of the last five minutes, from how far the
// job is at each look.
function useSamples(job: Job | undefined, now: number): readonly Sample[] {
  const kept = useRef<{ list: Sample[]; at: number; done: number }>({ list: [], at: 0, done: 0 });
  return useMemo(() => {
    const k = kept.current;
    if (!job || job.status !== "running") return k.list;
    const done = job.progress.done;
    if (k.at === 0) Object.assign(k, { at: now, done });
    else if (now - k.at >= 900) {
      k.list = [...k.list, { at: now, rate: Math.max(0, ((done - k.done) / (now - k.at)) * 1000) }].filter((s) => now - s.at <= minutes);
      Object.assign(k, { at: now, done });
    }
    return k.list;
  }, [job, now]);
}

const quarter = 25; // per cent that are worth a word
const quiet = 30_000; // milliseconds between two of them

// useSpoken says when a job begins, each quarter and how it ends.
function useSpoken(job: Job | undefined): void {
  const { say } = useShell();
  const told = useRef({ status: "", quarter: 0, at: 0 });
  useEffect(() => {
    if (!job) return;
    const t = told.current;
    const what = `${job.kind} ${targetOf(job)}`;
    const share = job.progress.total ? Math.floor(((job.progress.done / job.progress.total) * 100) / quarter) : 0;
    const first = t.status === "";
    if (job.status !== t.status) {
      if (job.status === "running") say(words.jobBegins(what));
      else if (!first && !live(job)) say(words.jobEnds(what, figuresOf(job, Date.now())));
      t.status = job.status;
    } else if (job.status === "running" && share > t.quarter && share < 4 && performance.now() - t.at > quiet) {
      say(words.jobAt(share * quarter, what));
      t.at = performance.now();
    }
    t.quarter = Math.max(t.quarter, share);
  }, [job, say]);
}

export function JobPage({ id }: { id: string }) {
  const told = useJob(id);
  const asked = useQuery({
    queryKey: ["jobs", "one", id], queryFn: () => get<{ jobs: Job[] }>(`/api/jobs/${id}`).then((a) => a.jobs[0]!),
    refetchInterval: (q) => (live(q.state.data) ? pace() / 2 : false), retry: (n, e) => n < 2 && !(e instanceof ApiError && e.status === 404),
  });
  const job = asked.data && withLive(asked.data, told);
  const now = useNow(live(job));
  const samples = useSamples(job, now);
  useSpoken(job);
  if (!job) {
    if (asked.error instanceof ApiError && asked.error.status === 404) return <Page title={words.jobGone}><Link className="button" href="/jobs"><Icon name="jobs" />Jobs</Link></Page>;
    return <Page title="Job" section="Jobs">{asked.error ? <Failure what={words.jobFailed} error={asked.error} again={() => void asked.refetch()} /> : <Waiting />}</Page>;
  }
  return (
    <Page title={`${job.kind} ${targetOf(job)}`} section="Jobs">
      <Head job={job} now={now} again={() => void asked.refetch()} />
      {job.error && <div className="bad row" role="alert"><Icon name="bad" />{words.stopped(job.error.message, few(pagesOf(job), "page"))}<CopyButton kind="quiet" text={`${job.error.code}: ${job.error.message} (job ${job.id})`} /></div>}
      <Progress job={job} now={now} />
      <p className="figures num">{figuresOf(job, now)}{stored(job)}</p>
      {live(job) && job.progress.url && <p className="muted now">{words.nowReading} <span>{pathOf(job.progress.url)}</span></p>}
      <Ask job={job} />
      {(live(job) || samples.length > 1) && (
        <Picture title={words.rate} table={{ head: ["Time", "Pages/s"], rows: [...samples].reverse().map((s) => [new Date(s.at).toLocaleTimeString(), rate(s.rate)]) }}>
          <Sparkline samples={samples} span={minutes} now={now} label={`${words.rate}: ${samples.length > 0 ? rate(samples.at(-1)!.rate) : "0"}`} />
        </Picture>
      )}
      <History job={job} />
    </Page>
  );
}

function stored(job: Job): string {
  const r = (job.result ?? {}) as { chunks?: number; bytes?: number };
  const chunks = r.chunks ?? job.progress.chunks ?? 0;
  const size = r.bytes ?? job.progress.bytes ?? 0;
  return `${chunks ? `, ${few(chunks, "passage")}` : ""}${size ? `, ${bytes(size)} read` : ""}`;
}

// Head has the state and what can be done; both are shown at once and taken back
// when the server refuses.
function Head({ job, now, again }: { job: Job; now: number; again: () => void }) {
  const cache = useQueryClient();
  const toast = useToast();
  const { say } = useShell();
  const [wrong, setWrong] = useState<Error>();
  const key = ["jobs", "one", job.id];
  const act = async (what: "cancel" | "retry", status: string) => {
    setWrong(undefined);
    await cache.cancelQueries({ queryKey: key });
    const before = cache.getQueryData<Job>(key);
    cache.setQueryData<Job>(key, (j) => j && { ...j, status, error: undefined, finished: undefined });
    try {
      await post(`/api/jobs/${job.id}/${what}`);
      if (what === "cancel") toast({ words: words.cancelled(few(pagesOf(job), "page")), action: { words: words.retry, run: () => void act("retry", "pending") } });
    } catch (error) {
      cache.setQueryData(key, before);
      setWrong(error as Error);
      say((error as Error).message, "alert");
    }
    again();
    void cache.invalidateQueries();
  };
  return (
    <>
      <div className="row"><JobState status={job.status} /><span className="muted num">{job.started ? span(secondsOf(job, now)) : ""}</span>{!live(job) && <span className="muted"><Time at={job.created} /></span>}
        {live(job) && <Button icon="stop" writes onClick={() => void act("cancel", "canceled")}>{words.cancel}</Button>}
        {(job.status === "failed" || job.status === "canceled") && <Button icon="retry" kind="main" writes onClick={() => void act("retry", "pending")}>{words.retry}</Button>}
        <CopyButton kind="quiet" text={job.id} label={words.copyId} /></div>
      {wrong && <Failure what={words.jobFailed} error={wrong} />}
    </>
  );
}

// Ask searches in what the job has stored so far.
function Ask({ job }: { job: Job }) {
  const [, go] = useLocation();
  const [text, setText] = useState("");
  if (pagesOf(job) === 0 || job.kind === "evaluate") return null;
  const send = (e: FormEvent) => {
    e.preventDefault();
    const host = hostIn(job);
    if (text.trim()) go(`/search?${new URLSearchParams({ q: text.trim(), ...(host && { domain: host }) })}`);
  };
  return (
    <form className="box ask" role="search" onSubmit={send}>
      <input aria-label={words.askSoFar} placeholder={words.askSoFar} value={text} onChange={(e) => setText(e.target.value)} />
      <Button type="submit" icon="search">{words.search}</Button>
    </form>
  );
}

// History is why pages were left out, and the last events; a reason filters them.
function History({ job }: { job: Job }) {
  const [only, setOnly] = useState("");
  const events = toldIn(job);
  const errors = events.filter((e) => e.failed);
  const shown = only === "failed" ? errors : only ? events.filter((e) => e.reason === only) : events;
  const untold = only === "failed" ? failedOf(job) - errors.length : 0;
  return (
    <>
      <Reasons list={reasonsOf(job)} at={only} pick={(id) => setOnly(id === only ? "" : id)} />
      <div className="row"><h2>{words.events}</h2>
        <Button kind="quiet" aria-pressed={only === ""} onClick={() => setOnly("")}>{words.allEvents}</Button>
        <Button kind="quiet" aria-pressed={only === "failed"} onClick={() => setOnly("failed")}>{words.errorEvents(count(Math.max(errors.length, failedOf(job))))}</Button></div>
      {shown.length === 0 ? <p className="muted">{words.noEvents}</p> : untold > 0 ? <p className="muted">{words.firstOfEach}</p> : null}
      <ul className="events">{shown.map((e, i) => <li key={events.length - i}><Time at={e.at} /> <span className={e.failed ? "bad" : undefined}>{e.message}</span></li>)}</ul>
    </>
  );
}

function Reasons({ list, at, pick }: { list: readonly Reason[]; at: string; pick: (id: string) => void }) {
  if (list.length === 0) return null;
  const sum = list.reduce((n, r) => n + r.n, 0);
  let from = 0;
  return (
    <Picture title={words.skippedBy} table={{ head: ["Reason", "Pages"], rows: list.map((r) => [r.words, count(r.n)]) }}>
      <svg width="100%" height="14" className="reasons" aria-hidden="true">
        {list.map((r, i) => {
          const x = (from / sum) * 100;
          from += r.n;
          return <rect key={r.id} x={`${x}%`} width={`${(r.n / sum) * 100}%`} height="14" className={`${r.failed ? "fail" : `tone-${i % 4}`}${at && at !== r.id ? " dim" : ""}`} onClick={() => pick(r.id)} />;
        })}
      </svg>
      <div className="row legend">{list.map((r, i) => (
        <Button key={r.id} kind="quiet" aria-pressed={at === r.id} onClick={() => pick(r.id)}><i className={r.failed ? "fail" : `tone-${i % 4}`} aria-hidden="true" />{r.words} <span className="num">{count(r.n)}</span></Button>
      ))}</div>
    </Picture>
  );
}
