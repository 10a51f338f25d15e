// The library by site: a treemap, or bars where the window is narrow.
import { useSyncExternalStore } from "react";
import { useLocation } from "wouter";
import type { Domain } from "../wire/api.ts";
import { few, count } from "../format.ts";
import { domainLink } from "../pages/links.ts";
import { words } from "../words.ts";
import { Picture, useWidth } from "./picture.tsx";
import { treemap } from "./treemap.ts";

const wide = "(min-width: 1024px)";
const heard = (changed: () => void) => {
  const query = matchMedia(wide);
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
};
const useWide = () => useSyncExternalStore(heard, () => matchMedia(wide).matches);

const most = 40; // boxes; what is smaller is one box
const mostBars = 8;
const height = 180;

export const siteName = (d: Domain) => d.domain || words.noDomain;

export function SitesPicture({ domains }: { domains: readonly Domain[] }) {
  const large = useWide();
  const sorted = [...domains].filter((d) => d.chunks > 0).sort((a, b) => b.chunks - a.chunks);
  const table = { head: [words.domain, words.sorts.passages!, words.sorts.pages!], rows: sorted.slice(0, 500).map((d) => [siteName(d), count(d.chunks), count(d.documents)]) };
  return <Picture title={words.byPassages} table={table} className="sites">{large ? <Map domains={sorted.slice(0, most)} /> : <Bars domains={sorted.slice(0, mostBars)} />}</Picture>;
}

function Map({ domains }: { domains: readonly Domain[] }) {
  const [box, width] = useWidth();
  const [, go] = useLocation();
  return (
    <div ref={box}>
      {width > 0 && (
        <svg width={width} height={height} className="treemap">
          {treemap(domains.map((d) => d.chunks), width, height).map((b) => {
            const d = domains[b.at]!;
            const room = Math.floor((b.w - 16) / 7.5);
            const name = siteName(d);
            return (
              <a key={d.domain} href={domainLink(d.domain)} aria-label={`${name}, ${few(d.chunks, "passage")}`} onClick={(e) => { if (!e.metaKey && !e.ctrlKey) { e.preventDefault(); go(domainLink(d.domain)); } }}>
                <title>{`${name}: ${few(d.chunks, "passage")}`}</title>
                <rect x={b.x + 1} y={b.y + 1} width={Math.max(0, b.w - 2)} height={Math.max(0, b.h - 2)} rx="4" className={`tone-${b.at % 4}`} />
                {room > 4 && b.h > 26 && <text x={b.x + 9} y={b.y + 20}>{name.length > room ? `${name.slice(0, room - 1)}…` : name}</text>}
                {room > 6 && b.h > 44 && <text x={b.x + 9} y={b.y + 38} className="sub">{count(d.chunks)}</text>}
              </a>
            );
          })}
        </svg>
      )}
    </div>
  );
}

function Bars({ domains }: { domains: readonly Domain[] }) {
  const [, go] = useLocation();
  const top = domains[0]?.chunks ?? 1;
  return (
    <ul className="bars">
      {domains.map((d) => (
        <li key={d.domain}><a href={domainLink(d.domain)} onClick={(e) => { if (!e.metaKey && !e.ctrlKey) { e.preventDefault(); go(domainLink(d.domain)); } }}>
          <span>{siteName(d)}</span><span className="num muted">{count(d.chunks)}</span>
          <svg width="100%" height="6" aria-hidden="true"><rect width="100%" height="6" rx="3" className="ground" /><rect width={`${Math.max(1, (d.chunks / top) * 100)}%`} height="6" rx="3" className="bar" /></svg>
        </a></li>
      ))}
    </ul>
  );
}
