import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { get } from "../wire/api.ts";
import { Failure, Page } from "../parts/frame.tsx";

type Check = { name: string; ok: boolean; detail: string; hint: string };
type Client = { name: string; title: string; stdio: string; http?: string; after?: string };

export function Health() {
  const doctor = useQuery({ queryKey: ["doctor"], queryFn: () => get<{ checks: Check[] | null }>("/api/doctor") });
  return (
    <Page title="Health">
      {doctor.error ? <Failure what="Could not look" error={doctor.error} again={() => void doctor.refetch()} /> : null}
      <ul className="rows">{(doctor.data?.checks ?? []).map((c) => (
        <li key={c.name}><span className={c.ok ? "ok" : "warn"}>{c.ok ? "✓ ok" : "! look"}</span> <strong>{c.name}</strong> {c.detail}{c.hint ? <div className="muted">{c.hint}</div> : null}</li>
      ))}</ul>
    </Page>
  );
}

function Copy({ text }: { text: string }) {
  const [said, setSaid] = useState("Copy");
  const copy = async () => {
    try { await navigator.clipboard.writeText(text); setSaid("Copied"); } catch { setSaid("Press Ctrl-C"); }
    setTimeout(() => setSaid("Copy"), 2_000);
  };
  return <button onClick={() => void copy()}>{said}</button>;
}

export function Connect() {
  const got = useQuery({ queryKey: ["connect"], queryFn: () => get<{ clients: Client[] | null; key_hint: string }>("/api/connect") });
  return (
    <Page title="Connect a client">
      {got.error ? <Failure what="Could not load the list" error={got.error} /> : null}
      {(got.data?.clients ?? []).map((c) => (
        <section key={c.name} aria-label={c.title}><h2>{c.title}</h2><pre tabIndex={0}><code>{c.stdio}</code></pre><Copy text={c.stdio} />
          {c.http ? <details><summary>HTTP</summary><pre tabIndex={0}><code>{c.http}</code></pre><Copy text={c.http} /></details> : null}</section>
      ))}
      <p className="muted">{got.data?.key_hint}</p>
    </Page>
  );
}
