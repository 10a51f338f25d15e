// One passage that was found: title, place, words, score, age.
import type { Hit } from "../wire/api.ts";
import { hostOf } from "../pages/links.ts";
import { marked, pattern } from "../pages/mark.tsx";
import { words } from "../words.ts";
import { Time } from "./frame.tsx";
import { RowLink } from "./rowlist.tsx";

export const hitName = (h: Hit): string => h.title || h.url;

export function HitView({ hit, href, query, top }: { hit: Hit; href: string; query: string; top: number }) {
  const score = new Intl.NumberFormat(undefined, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(hit.score);
  return (
    <article className="hit">
      <div className="hit-head">
        <RowLink href={href}>{hitName(hit)}</RowLink>
        <span className="hit-facts muted"><span className="hit-host">{hostOf(hit.url) || hit.source_type}</span>
          <span className="num score"><span className="unseen">{words.score("")}</span>{score}<Score share={top > 0 ? hit.score / top : 0} /></span>
          <Time at={hit.fetched_at} /></span>
      </div>
      {hit.heading_path && hit.heading_path.length > 0 && <div className="muted path">{hit.heading_path.join(" › ")}</div>}
      <div className="clip">{marked(trimmed(hit.text), pattern(query))}{hit.text_truncated ? "…" : ""}</div>
    </article>
  );
}

// trimmed is a passage to be read at a glance: without the marks of its headings
// and fences.
function trimmed(text: string): string {
  return text.replace(/^#{1,6} .*$/gm, "").replace(/^\s*```.*$/gm, "").replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/`([^`\n]+)`/g, "$1").replace(/\*\*([^*\n]+)\*\*/g, "$1").replace(/\n{3,}/g, "\n\n").trim();
}

// Score is the hit's score beside the best one's.
function Score({ share }: { share: number }) {
  return <svg width="40" height="6" aria-hidden="true"><rect width="40" height="6" rx="3" className="ground" /><rect width={Math.max(2, Math.min(1, share) * 40)} height="6" rx="3" className="bar" /></svg>;
}
