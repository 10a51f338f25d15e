import { useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "wouter";
import { ApiError, get, type Doc } from "../wire/api.ts";
import { Failure, Page, Time } from "../parts/frame.tsx";
import { Markdown } from "../prose/markdown.tsx";
import { words } from "../words.ts";

export default function Reader() {
  const url = new URLSearchParams(useSearch()).get("url") ?? "";
  const doc = useQuery({ queryKey: ["doc", url], enabled: url !== "", queryFn: () => get<Doc>("/api/documents", { url, max_chars: 1_000_000 }) });
  if (doc.error instanceof ApiError && doc.error.status === 404) {
    return <Page title={words.noDocument}><Link href={`/add?${new URLSearchParams({ url })}`}>Add it</Link></Page>;
  }
  if (doc.error) return <Page title="Reader"><Failure what="The text could not be read" error={doc.error} /></Page>;
  if (!doc.data) return <Page title="Reader"> </Page>;
  const web = /^https?:/.test(doc.data.url);
  return (
    <Page key={url} title={doc.data.title || url}>
      <p className="muted">fetched <Time at={doc.data.fetched_at} /> {web && <a href={doc.data.url} rel="noreferrer noopener" target="_blank">live</a>}</p>
      <Markdown text={doc.data.markdown} base={doc.data.url} />
    </Page>
  );
}
