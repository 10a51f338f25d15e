// A document as it was stored: what is on the page, the passage of the hit, the
// next and the previous one, and the rest of a long text piece by piece.
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState, type MouseEvent } from "react";
import { Link, useLocation, useSearch } from "wouter";
import { ApiError, get, type Doc, type Hit } from "../wire/api.ts";
import { count, few } from "../format.ts";
import { words } from "../words.ts";
import { Button } from "../parts/button.tsx";
import { Failure, Page, Time, Waiting } from "../parts/frame.tsx";
import { Icon } from "../parts/icon.tsx";
import { useMemory } from "../parts/memory.tsx";
import { useHandlers, useShell } from "../parts/shell.tsx";
import { Markdown, type Place, type Range } from "../prose/markdown.tsx";
import { useCopy } from "./copying.ts";
import { useForgetOne, useLeaving } from "./forgetting.tsx";
import { docLink, domainLink, domainOf } from "./links.ts";
import { pattern } from "./mark.tsx";

const piece = 60_000; // characters at once
const whole = 1_000_000; // for a copy
const mostHits = 100;

// unitsIn turns characters (code points), in which the server counts, into the
// UTF-16 units of a piece.
function unitsIn(text: string, characters: number): number {
  if (!/[\ud800-\udbff]/.test(text)) return Math.min(text.length, Math.max(0, characters));
  let units = 0;
  for (const c of text) {
    if (characters-- <= 0) break;
    units += c.length;
  }
  return units;
}

const lengthOf = (text: string) => (/[\ud800-\udbff]/.test(text) ? [...text].length : text.length);

export default function Reader() {
  const params = new URLSearchParams(useSearch());
  const url = params.get("url") ?? "";
  const chunk = params.get("chunk") ?? "";
  const q = params.get("q") ?? "";
  const doc = useInfiniteQuery({
    queryKey: ["doc", url], enabled: url !== "", initialPageParam: 0, getNextPageParam: (p: Doc) => p.next_offset ?? undefined,
    queryFn: ({ pageParam }) => get<Doc>("/api/documents", { url, offset: pageParam, max_chars: piece }), staleTime: 60_000,
  });
  const leaving = useLeaving();
  const gone = url === "" || (doc.error instanceof ApiError && doc.error.status === 404) || leaving.includes(url);
  if (gone) return <Page title={words.noDocument} section="Library"><p className="muted">{url}</p>{url && !leaving.includes(url) && <Link className="button main" href={`/add?${new URLSearchParams({ url })}`}><Icon name="add" />{words.addIt}</Link>}</Page>;
  if (doc.error && !doc.data) return <Page title={words.reading} section="Library"><Failure what={words.textFailed} error={doc.error} again={() => void doc.refetch()} /></Page>;
  if (!doc.data) return <Page title={words.reading} section="Library"><Waiting rows={10} /></Page>;
  return <Text key={url} doc={doc.data.pages} chunk={chunk} q={q} more={doc.hasNextPage} busy={doc.isFetchingNextPage} next={() => void doc.fetchNextPage()} />;
}

type TextProps = { doc: readonly Doc[]; chunk: string; q: string; more: boolean; busy: boolean; next: () => void };

function Text({ doc, chunk, q, more, busy, next }: TextProps) {
  const first = doc[0]!;
  const url = first.url;
  const [, go] = useLocation();
  const where = usePassage(url, chunk);
  const hits = useHits(url, q);
  const at = hits.findIndex((h) => h.chunk_id === chunk);
  const mark = useMemo(() => pattern(q), [q]);
  const places = usePlaces(doc);
  const loaded = doc.reduce((n, d) => n + lengthOf(d.markdown), 0);
  const jump = (to: number) => { const hit = hits[to]; if (hit) go(docLink(hit.url, hit.chunk_id, q), { replace: true }); };
  useHandlers(hits.length === 0 ? {} : { next: () => jump(Math.min(hits.length - 1, at + 1)), previous: () => jump(Math.max(0, at - 1)) });
  useEffect(() => { if (where?.passage && where.passage.end > loaded && more && !busy) next(); }, [where, loaded, more, busy]);
  useArrival(where?.passage, loaded, chunk, places);
  const sections = (e: MouseEvent) => {
    const to = (e.target as Element).closest<HTMLElement>("a[data-section]")?.dataset.section;
    const place = to !== undefined && places.find((p) => p.anchor === to);
    if (!place) return;
    e.preventDefault();
    visit(place);
  };
  return (
    <Page title={first.title || url} section="Library" className="reader">
      <Facts doc={first} />
      {where?.changed && <p className="warn">{words.passageGone}</p>}
      {hits.length > 0 && (
        <div className="row hits-row"><span className="muted num">{words.hitOf(Math.max(1, at + 1), hits.length)}</span>
          <Button kind="quiet" aria-keyshortcuts="[" disabled={at <= 0} onClick={() => jump(at - 1)}>{words.previousHit} <kbd>[</kbd></Button>
          <Button kind="quiet" aria-keyshortcuts="]" disabled={at >= hits.length - 1} onClick={() => jump(at + 1)}>{words.nextHit} <kbd>]</kbd></Button>
          <Link className="button" href={`/search?${new URLSearchParams({ q })}`}><Icon name="search" />{words.backToHits}</Link></div>
      )}
      <div className="reader-columns">
        <Contents places={places} />
        <div className="prose" onClick={sections}>
          {doc.map((d, i) => <Piece key={d.offset} doc={d} base={url} places={places.filter((p) => p.piece === i)} passage={where?.passage} mark={mark} />)}
          {more && <p><Button busy={busy} onClick={next}>{words.readOn(count(first.total_chars - loaded))}</Button></p>}
        </div>
      </div>
    </Page>
  );
}

function Piece({ doc, base, places, passage, mark }: { doc: Doc; base: string; places: readonly Place[]; passage?: Range; mark?: RegExp }) {
  const own = useMemo(() => {
    if (!passage || passage.end <= doc.offset || passage.start >= doc.offset + lengthOf(doc.markdown)) return undefined;
    return { start: unitsIn(doc.markdown, passage.start - doc.offset), end: unitsIn(doc.markdown, passage.end - doc.offset) };
  }, [doc, passage]);
  const kept = useMemo(() => places, [doc, places.length]);
  return <Markdown text={doc.markdown} base={base} places={kept} passage={own} mark={mark} />;
}

type Section = Place & { anchor: string; piece: number };

// usePlaces are the headings that are loaded, with ids that are no other part's of
// the page.
function usePlaces(doc: readonly Doc[]): readonly Section[] {
  return useMemo(() => {
    const headings = doc[0]?.headings ?? [];
    return headings.flatMap((h) => {
      const piece = doc.findIndex((d) => h.offset >= d.offset && (d.next_offset === null || h.offset < d.next_offset));
      const d = doc[piece];
      if (!d) return [];
      return [{ level: h.level, text: h.text, id: `at-${h.anchor || h.offset}`, anchor: h.anchor ?? "", piece, at: unitsIn(d.markdown, h.offset - d.offset) }];
    });
  }, [doc]);
}

// usePassage asks where the hit stands now: apart from the text, which is the same
// for all hits.
function usePassage(url: string, chunk: string): { passage?: Range; changed: boolean } | undefined {
  const found = useQuery({
    queryKey: ["passage", url, chunk], enabled: chunk !== "", staleTime: 60_000,
    queryFn: () => get<Doc>("/api/documents", { url, chunk, max_chars: 100 }).then((d) => ({ passage: d.passage, changed: !d.passage })),
  });
  return chunk ? found.data : undefined;
}

// useHits are the query's hits in this document, in the order of the text.
function useHits(url: string, q: string): readonly Hit[] {
  const found = useQuery({
    queryKey: ["hits", url, q], enabled: q !== "", staleTime: 60_000,
    queryFn: () => get<{ hits: Hit[] | null }>("/api/query", { query: q, url_prefix: url, limit: mostHits }).then((a) => (a.hits ?? []).filter((h) => h.url.split("#")[0] === url).sort((a, b) => a.position - b.position)),
  });
  return q ? (found.data ?? []) : [];
}

const gently = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth") as ScrollBehavior;

function visit(place: Place): void {
  const heading = document.getElementById(place.id);
  heading?.scrollIntoView({ behavior: gently() });
  heading?.focus({ preventScroll: true });
}

// useArrival goes to the passage, or to the section of the address, once it is
// there; not when Back has restored the place where one was.
function useArrival(passage: Range | undefined, loaded: number, chunk: string, places: readonly Section[]): void {
  const memory = useMemory();
  const { say } = useShell();
  const been = useRef("");
  useEffect(() => {
    const want = chunk || location.hash;
    if (!want || been.current === want) return;
    const first = been.current === "";
    if (chunk) {
      if (!passage || passage.end > loaded) return;
      been.current = want;
      if (first && memory.back() && memory.now().scroll > 0) return;
      const hit = document.querySelector<HTMLElement>("[data-passage]");
      hit?.scrollIntoView({ block: "center" });
      if (!first) { hit?.focus({ preventScroll: true }); say(words.passageHere); }
      return;
    }
    const place = places.find((p) => p.anchor === decodeURIComponent(location.hash.slice(1)));
    if (!place) return;
    been.current = want;
    if (!(memory.back() && memory.now().scroll > 0)) document.getElementById(place.id)?.scrollIntoView();
  }, [passage, loaded, chunk, places]);
}

// shortly is a heading, or of a long signature its name.
const shortly = (text: string) => (text.length > 40 ? text.replace(/^([\w. ]+)\(.*\)$/, "$1(…)") : text);

function Contents({ places }: { places: readonly Section[] }) {
  const [open, setOpen] = useState(() => matchMedia("(min-width: 1024px)").matches);
  const list = places.filter((p) => p.text.trim() !== "");
  if (list.length < 2) return <div />;
  const least = Math.min(...list.map((p) => p.level));
  return (
    <details className="contents" open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>{words.onThisPage}</summary>
      <nav aria-label={words.onThisPage}><ul>{list.map((p) => (
        <li key={p.id} className={`depth-${Math.min(3, p.level - least)}`}><a href={p.anchor ? `#${p.anchor}` : `#${p.id}`} onClick={(e) => { e.preventDefault(); visit(p); }}>{shortly(p.text)}</a></li>
      ))}</ul></nav>
    </details>
  );
}

function Facts({ doc }: { doc: Doc }) {
  const copy = useCopy();
  const [, go] = useLocation();
  const forget = useForgetOne();
  const { say } = useShell();
  const [busy, setBusy] = useState(false);
  const web = /^https?:/.test(doc.url);
  const all = async () => {
    setBusy(true);
    try {
      const got = await get<Doc>("/api/documents", { url: doc.url, max_chars: whole });
      copy(`${got.markdown.trim()}\n\nSource: [${doc.title || doc.url}](${doc.url})\n`);
    } catch (error) {
      say((error as Error).message, "alert");
    } finally {
      setBusy(false);
    }
  };
  const domain = domainOf(doc.url);
  return (
    <div className="row facts"><Link href={domainLink(domain)}>{domain || words.noDomain}</Link>
      <span className="muted">{words.fetched} <Time at={doc.fetched_at} /></span><span className="muted num">{few(doc.chunks, "passage")}</span>
      <Button icon="copy" busy={busy} onClick={() => void all()}>{words.copyMarkdown}</Button>
      {web && <a className="button" href={doc.url} rel="noreferrer noopener" target="_blank"><Icon name="open" />{words.live}</a>}
      <Button icon="delete" kind="quiet" writes onClick={() => { forget(doc.url, doc.title || doc.url); go(domainLink(domain)); }}>{words.remove}</Button></div>
  );
}
