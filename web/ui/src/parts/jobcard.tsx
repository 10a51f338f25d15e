// A job in short: kind, target, state, bar, figures, actions.
import { useEffect, useState, type ReactNode } from "react";
import type { Job } from "../wire/api.ts";
import { useJob } from "../wire/store.ts";
import { figuresOf, live, secondsOf, targetOf, withLive } from "../pages/job.ts";
import { span } from "../format.ts";
import { words } from "../words.ts";
import { Time } from "./frame.tsx";
import { Icon, type IconName } from "./icon.tsx";
import { RowLink } from "./rowlist.tsx";
import { Link } from "wouter";

const icons: Record<string, [IconName, string]> = { pending: ["jobs", "muted"], running: ["next", "accent"], completed: ["ok", "ok"], failed: ["bad", "bad"], canceled: ["stop", "muted"] };

export function JobState({ status }: { status: string }) {
  const [icon, tone] = icons[status] ?? ["info", "muted"];
  return <span className={`badge ${tone}`}><Icon name={icon} />{words.jobStates[status] ?? status}</span>;
}

// useNow is the time, once a second while something runs.
export function useNow(running: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!running) return;
    const tick = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(tick);
  }, [running]);
  return running ? now : Date.now();
}

// Progress is a bar with its figures in words.
export function Progress({ job, now }: { job: Job; now: number }) {
  const line = figuresOf(job, now);
  const { done, total } = job.progress;
  const value = job.status === "completed" ? 1 : total ? Math.min(1, done / total) : undefined;
  return <progress aria-label={`${job.kind} ${targetOf(job)}`} aria-valuetext={line} max={1} value={value ?? (live(job) ? undefined : 0)} />;
}

type Props = { job: Job; link?: boolean; row?: boolean; children?: ReactNode };

export function JobCard({ job: given, link = false, row = false, children }: Props) {
  const job = withLive(given, useJob(given.id));
  const now = useNow(live(job));
  const name = <><strong>{job.kind}</strong> {targetOf(job)}</>;
  return (
    <div className={row ? "job" : "job card"}>
      <div className="job-head">
        {row ? <RowLink href={`/jobs/${job.id}`}>{name}</RowLink> : link ? <Link href={`/jobs/${job.id}`}>{name}</Link> : <span>{name}</span>}
        <JobState status={job.status} />
        <span className="muted num">{job.started ? span(secondsOf(job, now)) : null}</span>
        {!live(job) && <span className="muted"><Time at={job.created} /></span>}
        {children}
      </div>
      {live(job) && <Progress job={job} now={now} />}
      <div className="num muted">{job.error ? <span className="bad">{job.error.message}</span> : figuresOf(job, now)}</div>
    </div>
  );
}
