// Pictures are ours, in SVG, and each can be shown as a table.
import { useId, useLayoutEffect, useRef, useState, type ReactNode, type RefObject } from "react";
import { words } from "../words.ts";
import { Button } from "./button.tsx";

export type Table = { head: readonly string[]; rows: readonly (readonly ReactNode[])[] };

export function Picture({ title, table, children, className = "" }: { title: string; table: Table; children: ReactNode; className?: string }) {
  const [flat, setFlat] = useState(false);
  const id = useId();
  return (
    <figure className={`picture ${className}`} aria-labelledby={id}>
      <figcaption id={id}>{title}<Button kind="quiet" aria-pressed={flat} onClick={() => setFlat(!flat)}>{flat ? words.showPicture : words.showTable}</Button></figcaption>
      {flat ? (
        <div className="scroll" tabIndex={0} role="region" aria-label={title}><table>
          <thead><tr>{table.head.map((h) => <th key={h} scope="col">{h}</th>)}</tr></thead>
          <tbody>{table.rows.map((r, i) => <tr key={i}>{r.map((c, j) => <td key={j}>{c}</td>)}</tr>)}</tbody>
        </table></div>
      ) : children}
    </figure>
  );
}

// useWidth is the width of an element in pixels, 0 before the first layout.
export function useWidth(): [RefObject<HTMLDivElement | null>, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  return [box, width];
}

export type Sample = { at: number; rate: number }; // ms, per second

// Sparkline draws rates over the last span ms.
export function Sparkline({ samples, span, now, label }: { samples: readonly Sample[]; span: number; now: number; label: string }) {
  const [box, width] = useWidth();
  const height = 48;
  const top = Math.max(1, ...samples.map((s) => s.rate));
  const x = (s: Sample) => width - ((now - s.at) / span) * width;
  const y = (s: Sample) => height - 2 - (s.rate / top) * (height - 6);
  const points = samples.filter((s) => now - s.at <= span).map((s) => `${x(s).toFixed(1)},${y(s).toFixed(1)}`);
  const first = points[0]?.split(",")[0] ?? "0";
  const last = points.at(-1)?.split(",")[0] ?? "0";
  return (
    <div ref={box} className="spark">
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={label}>
          <line x1="0" x2={width} y1={height - 1.5} y2={height - 1.5} className="axis" />
          {points.length > 1 && <><polygon points={`${first},${height - 2} ${points.join(" ")} ${last},${height - 2}`} className="area" /><polyline points={points.join(" ")} className="line" /></>}
        </svg>
      )}
    </div>
  );
}

// DotStrip draws times in ms as dots on one line, with marks at p50 and p95.
export function DotStrip({ times, p50, p95, label }: { times: readonly number[]; p50: number; p95: number; label: string }) {
  const [box, width] = useWidth();
  const height = 56;
  const end = Math.max(10, ...times) * 1.05;
  const x = (ms: number) => 6 + (ms / end) * (width - 12);
  return (
    <div ref={box} className="strip">
      {width > 0 && (
        <svg width={width} height={height} role="img" aria-label={label}>
          <line x1="0" x2={width} y1="28" y2="28" className="axis" />
          {times.map((ms, i) => <circle key={i} cx={x(ms)} cy={28 + (((i * 7) % 5) - 2) * 4} r="3" className="dot" />)}
          {([["p50", p50], ["p95", p95]] as const).map(([name, ms], i) => (
            <g key={name}><line x1={x(ms)} x2={x(ms)} y1="12" y2="44" className="mark-line" /><text x={Math.min(width - 4, x(ms) + 3)} y={i === 0 ? 10 : 54} textAnchor={x(ms) > width - 40 ? "end" : "start"}>{name}</text></g>
          ))}
        </svg>
      )}
    </div>
  );
}
