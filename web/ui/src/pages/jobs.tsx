import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { get, post, type Job } from "../wire/api.ts";
import { Failure, Page, Time } from "../parts/frame.tsx";
import { count, rate, span } from "../format.ts";
import { words } from "../words.ts";

const icons: Record<string, string> = { pending: "…", running: "▶", completed: "✓", failed: "✕", canceled: "⊘" };
const live = (job?: Job) => job?.status === "running" || job?.status === "pending";
const pace = () => (document.hidden ? 15_000 : 2_000);

function target(job: Job): string {
  const text = JSON.stringify(job.request ?? "");
  return /https?:\/\/[^"\\]+/.exec(text)?.[0] ?? "";
}

export function Jobs() {
  const jobs = useQuery({ queryKey: ["jobs"], queryFn: () => get<{ jobs: Job[] | null }>("/api/jobs", { limit: 100 }), refetchInterval: pace });
  const list = jobs.data?.jobs ?? [];
  return (
    <Page title="Jobs">
      {jobs.error ? <Failure what="Could not load the list" error={jobs.error} again={() => void jobs.refetch()} /> : null}
      {jobs.data && list.length === 0 ? <p>{words.noJobs}</p> : null}
      <ul className="rows">{list.map((j) => (
        <li key={j.id}><Link href={`/jobs/${j.id}`}>{j.kind} {target(j)}</Link> <span className="muted">{icons[j.status]} {j.status} · {count(j.progress.done)} done · <Time at={j.created} /></span></li>
      ))}</ul>
    </Page>
  );
}

function Figures({ job }: { job: Job }) {
  const p = job.progress;
  const eta = live(job) && p.eta_seconds ? `, about ${span(p.eta_seconds)}` : "";
  const line = `${count(p.done)}${p.total ? ` of ${count(p.total)}` : ""} pages${p.rate ? `, ${rate(p.rate)} pages/s` : ""}${eta}`;
  const reasons = Object.entries(p.counts ?? {}).filter(([name]) => !["fetched", "changed"].includes(name));
  return (
    <>
      <progress aria-label="Progress" aria-valuetext={line} max={p.total || 1} value={job.status === "completed" ? p.total || 1 : p.total ? p.done : undefined} />
      <p>{line}</p>
      {reasons.length > 0 && <p className="muted">by reason: {reasons.map(([name, n]) => `${name} ${count(n)}`).join(" | ")}</p>}
      {live(job) && p.url && <p className="muted">now: {p.url}</p>}
    </>
  );
}

export function JobPage({ id }: { id: string }) {
  const cache = useQueryClient();
  const [wrong, setWrong] = useState("");
  const job = useQuery({ queryKey: ["jobs", id], queryFn: () => get<Job | { jobs: Job[] }>(`/api/jobs/${id}`).then((a) => ("jobs" in a ? a.jobs[0]! : a)), refetchInterval: (q) => (live(q.state.data) ? pace() / 2 : false) });
  const act = async (what: string) => {
    try {
      setWrong("");
      await post(`/api/jobs/${id}/${what}`);
    } catch (error) {
      setWrong((error as Error).message);
    }
    await cache.invalidateQueries();
  };
  const j = job.data;
  if (!j) return <Page title="Job">{job.error && <Failure what="Could not load the job" error={job.error} />}</Page>;
  return (
    <Page title={`${j.kind} ${target(j)}`}>
      <div className="row"><strong>{icons[j.status]} {j.status}</strong>
        {live(j) ? <button onClick={() => void act("cancel")}>Cancel</button> : null}
        {j.status === "failed" || j.status === "canceled" ? <button onClick={() => void act("retry")}>Retry</button> : null}
        {j.progress.done > 0 ? <Link href="/search">Ask what it has read so far</Link> : null}</div>
      {j.error ? <p className="bad">Stopped: {j.error.message} {count(j.progress.done)} pages are stored and searchable.</p> : null}
      <p className="bad" role="alert">{wrong}</p>
      <Figures job={j} />
      <h2>Events</h2>
      <ul className="rows">{(j.events ?? []).map((e, i) => <li key={i}><Time at={e.at} /> {e.message}</li>)}</ul>
    </Page>
  );
}
