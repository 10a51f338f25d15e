// What a job's numbers mean, for its page, the lists and what is spoken.
import type { Job } from "../wire/api.ts";
import type { LiveJob } from "../wire/store.ts";
import { about, count, few, rate, span } from "../format.ts";
import { words } from "../words.ts";

export const live = (job?: Job): boolean => job?.status === "running" || job?.status === "pending";

const patience = 10; // seconds before an estimate is worth saying

// targetOf is what a job was asked to do, as short as an address.
export function targetOf(job: Job): string {
  const asked = (job.request ?? {}) as { options?: { URLs?: string[] }; urls?: string[] };
  const more = Math.max(asked.options?.URLs?.length ?? 0, asked.urls?.length ?? 0) - 1;
  return (job.target ?? job.progress.url ?? "").replace(/^https?:\/\//, "").replace(/\/$/, "") + (more > 0 ? ` +${more}` : "");
}

// hostIn is the library's name for what a job reads; empty if it is not one site.
export function hostIn(job: Job): string {
  const asked = (job.request ?? {}) as { options?: { URLs?: string[] }; domain?: string };
  const url = asked.options?.URLs?.[0] ?? "";
  return asked.domain ?? (URL.canParse(url) ? new URL(url).hostname : "");
}

// withLive lays what the socket told over what the API gave.
export function withLive(job: Job, told?: LiveJob): Job {
  if (!told || !live(job) || told.status !== "running") return job;
  const m = (told.metrics ?? {}) as { rate?: number; eta_seconds?: number; url?: string };
  const ahead = (told.processed ?? 0) >= job.progress.done;
  return {
    ...job, status: "running",
    progress: ahead ? { ...job.progress, done: told.processed ?? job.progress.done, total: told.total ?? job.progress.total, rate: m.rate ?? job.progress.rate, eta_seconds: m.eta_seconds ?? job.progress.eta_seconds, url: m.url || job.progress.url } : job.progress,
  };
}

const plain = new Set(["fetched", "changed", "unchanged", "failed", "gone", "added"]);

export type Reason = { id: string; words: string; n: number; failed: boolean };

// reasonsOf lists why pages were left out or not had, the most frequent first.
export function reasonsOf(job: Job): Reason[] {
  const result = (job.result ?? {}) as { skipped?: Record<string, number>; failures?: Record<string, number> };
  const skipped = result.skipped ?? Object.fromEntries(Object.entries(job.progress.counts ?? {}).filter(([name]) => !plain.has(name)));
  const failures = result.failures ?? job.progress.failures ?? {};
  const list = (of: Record<string, number>, failed: boolean) => Object.entries(of).filter(([, n]) => n > 0).map(([id, n]) => ({ id, words: reasonWords(id), n, failed }));
  return [...list(skipped, false), ...list(failures, true)].sort((a, b) => b.n - a.n);
}

export const reasonWords = (id: string): string => words.reasons[id] ?? id.replace(/^http_/, "").replaceAll("_", " ");

// failedOf is how many pages could not be had.
export const failedOf = (job: Job): number => reasonsOf(job).filter((r) => r.failed).reduce((n, r) => n + r.n, 0);

export type Told = { at: string; message: string; failed: boolean; reason: string };

// toldIn reads the lines of a job's history: "failed http_404: https://…".
export function toldIn(job: Job): Told[] {
  return (job.events ?? []).map((e) => {
    const [, what = "", reason = ""] = /^(failed|skipped|changed|gone)(?: (\S+?))?: /.exec(e.message) ?? [];
    const rest = what ? e.message.slice(e.message.indexOf(": ") + 2) : e.message;
    return { at: e.at, message: what ? `${what === "failed" || what === "skipped" ? reasonWords(reason) || what : what} ${rest}` : e.message, failed: what === "failed" || /^failed/.test(e.message), reason };
  }).reverse();
}

// secondsOf is how long a job has worked.
export function secondsOf(job: Job, now: number): number {
  if (!job.started) return 0;
  return Math.max(0, ((job.finished ? Date.parse(job.finished) : now) - Date.parse(job.started)) / 1000);
}

// pagesOf is how many pages of a job can be searched.
export function pagesOf(job: Job): number {
  const r = (job.result ?? {}) as { documents?: number };
  return r.documents ?? (job.progress.counts?.changed ?? 0) + (job.progress.counts?.unchanged ?? 0);
}

// figuresOf is a job's state in one line.
export function figuresOf(job: Job, now: number): string {
  const p = job.progress;
  const unit = job.kind === "embed" ? "document" : job.kind === "evaluate" ? "question" : "page";
  if (job.status === "completed" && job.result && "pages_fetched" in job.result) return resultOf(job, unit);
  if (job.status === "pending") return words.jobStates.pending!;
  const done = p.total ? `${count(p.done)} of ${few(p.total, unit)}` : few(p.done, unit);
  if (job.status !== "running") return done;
  const left = !p.total || p.done >= p.total ? "" : secondsOf(job, now) < patience || !p.eta_seconds ? `, ${words.estimating}` : `, ${words.about(about(p.eta_seconds))}`;
  return `${done}${p.rate ? `, ${rate(p.rate)} ${unit}s/s` : ""}${left}`;
}

function resultOf(job: Job, unit: string): string {
  const r = job.result as Record<string, number>;
  const part = (n: number | undefined, what: string) => (n ? [`${count(n)} ${what}`] : []);
  const parts = [...part(r.pages_changed, "new or changed"), ...part(r.pages_unchanged, "unchanged"), ...part(r.pages_removed, "removed"), ...part(r.pages_failed, "failed")];
  const took = r.seconds ? ` in ${span(r.seconds)}` : "";
  return `${few(r.pages_fetched ?? 0, unit)}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}${took}`;
}
