// The words of a query in a passage, marked.
import type { ReactNode } from "react";

// wordsOf gives what of a query is worth marking, the longest first, so that
// "loads" wins over "load".
export function wordsOf(query: string): string[] {
  const all = query.toLowerCase().split(/[^\p{L}\p{N}_.-]+/u).map((w) => w.replace(/^[.-]+|[.-]+$/g, ""));
  return [...new Set(all)].filter((w) => w.length > 1 && !idle.has(w)).sort((a, b) => b.length - a.length);
}

// Words that stand in every passage say nothing in any.
const idle = new Set("a an and are as at be by can do does for from how i if in into is it its of on or that the this to use what when where which with you".split(" "));

export function pattern(query: string): RegExp | undefined {
  const list = wordsOf(query).map((w) => w.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  // A word is marked at its beginning: "key" in "keys", but not in "monkey".
  return list.length > 0 ? new RegExp(`(?<![\\p{L}\\p{N}])(${list.join("|")})`, "giu") : undefined;
}

export function marked(text: string, what: RegExp | undefined): ReactNode[] {
  if (!what) return [text];
  return text.split(what).map((part, i) => (i % 2 ? <mark key={i}>{part}</mark> : part));
}
