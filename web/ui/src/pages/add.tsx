import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState, type FormEvent } from "react";
import { useLocation, useSearch } from "wouter";
import type { Session } from "../wire/api.ts";
import { execute } from "../wire/socket.ts";
import { Page, asURL } from "../parts/frame.tsx";

export function Add() {
  const params = new URLSearchParams(useSearch());
  const [, go] = useLocation();
  const cache = useQueryClient();
  const [url, setUrl] = useState(params.get("url") ?? "");
  const [pages, setPages] = useState("");
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const begun = useRef(false);
  const start = async () => {
    setBusy(true);
    setWrong("");
    try {
      const out = (await execute(cache.getQueryData<Session>(["session"])!, "crawl", asURL(url.trim()), pages ? { max_pages: Number(pages) } : {})) as { job_id: string };
      go(`/jobs/${out.job_id}`, { replace: true });
    } catch (error) {
      setWrong(`This address cannot be read: ${(error as Error).message}`);
      setBusy(false);
    }
  };
  useEffect(() => {
    // From the box, Enter was pressed already. An address that came from
    // elsewhere is only filled in: a link must not start a crawl.
    if (!begun.current && sessionStorage.getItem("axon.add") === url) {
      begun.current = true;
      void start();
    }
    sessionStorage.removeItem("axon.add");
  }, []);
  const send = (e: FormEvent) => { e.preventDefault(); void start(); };
  return (
    <Page title="Add a site" focus={false}>
      <form onSubmit={send}>
        <div className="box"><input autoFocus aria-label="Address" placeholder="https://go.dev/doc" value={url} onChange={(e) => setUrl(e.target.value)} required /><button className="main" disabled={busy}>Add</button></div>
        <p className="muted">up to 1,000 pages, robots obeyed</p>
        <details><summary>Options</summary><label className="row">pages <input type="number" min={1} max={1000000} value={pages} onChange={(e) => setPages(e.target.value)} /></label></details>
      </form>
      <p className="bad" role="alert">{wrong}</p>
    </Page>
  );
}
