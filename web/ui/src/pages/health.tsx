// Whether each part works, what to do where not, and how fast queries were here.
import { useQuery } from "@tanstack/react-query";
import { get, type Stats } from "../wire/api.ts";
import { bytes, count, few } from "../format.ts";
import { words } from "../words.ts";
import { Button } from "../parts/button.tsx";
import { CopyButton } from "../parts/copy.tsx";
import { Failure, Page, Waiting } from "../parts/frame.tsx";
import { Icon } from "../parts/icon.tsx";
import { DotStrip, Picture } from "../parts/picture.tsx";
import { Link } from "wouter";
import { latencies, percentile } from "./latency.ts";

type Check = { name: string; ok: boolean; detail: string; hint: string };

export function Health() {
  const doctor = useQuery({ queryKey: ["doctor"], queryFn: () => get<{ checks: Check[] | null }>("/api/doctor") });
  const stats = useQuery({ queryKey: ["stats"], queryFn: () => get<Stats>("/api/stats") });
  const checks = doctor.data?.checks ?? [];
  const bad = checks.filter((c) => !c.ok);
  return (
    <Page title="Health">
      <div className="row">
        {doctor.data && <span role="status" className={bad.length > 0 ? "warn" : "ok"}><Icon name={bad.length > 0 ? "warn" : "ok"} /> {bad.length > 0 ? words.someWrong(few(bad.length, "thing")) : words.allFine}</span>}
        {stats.data && <span className="muted num">{words.inLibrary(few(stats.data.documents, "page"), few(stats.data.chunks, "passage"), bytes(stats.data.bytes))}</span>}
        <Button icon="retry" busy={doctor.isFetching} onClick={() => void doctor.refetch()}>{words.checkAgain}</Button>
        <Link className="button" href="/connect"><Icon name="open" />{words.connectClient}</Link>
      </div>
      {doctor.error ? <Failure what={words.healthFailed} error={doctor.error} again={() => void doctor.refetch()} /> : !doctor.data ? <Waiting rows={10} /> : null}
      <ul className="checks">{[...bad, ...checks.filter((c) => c.ok)].map((c) => (
        <li key={c.name}>
          <span className={c.ok ? "badge ok" : "badge warn"}><Icon name={c.ok ? "ok" : "warn"} />{c.ok ? words.fine : words.look}</span>
          <strong>{c.name}</strong><span className="what">{c.detail}{c.hint && <span className="hint">{c.hint} <CopyButton kind="quiet" text={commandIn(c.hint)} name={`${words.copy}: ${commandIn(c.hint)}`} /></span>}</span>
        </li>
      ))}</ul>
      <Latency />
    </Page>
  );
}

// commandIn is what of a hint is worth copying: what stands in back quotes, or the
// whole of it.
export const commandIn = (hint: string): string => /`([^`]+)`/.exec(hint)?.[1] ?? /\b((?:sudo |apt |brew |axon-mcp |export )[^;,]+)/.exec(hint)?.[1]?.trim() ?? /\b(AXON_[A-Z_]+(?:=\S+)?)/.exec(hint)?.[1] ?? hint;

function Latency() {
  const times = latencies();
  if (times.length === 0) return <p className="muted">{words.noLatency}</p>;
  const sorted = [...times].sort((a, b) => a - b);
  const p50 = percentile(sorted, 50), p95 = percentile(sorted, 95);
  const title = words.latency(count(times.length), count(Math.round(p50)), count(Math.round(p95)));
  return <Picture title={title} table={{ head: ["Query", "ms"], rows: times.map((t, i) => [count(i + 1), count(t)]) }}><DotStrip times={times} p50={p50} p95={p95} label={title} /></Picture>;
}
