// The palette (Ctrl-K): pages, what can be done with the selected row, domains,
// running jobs.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { get, type Domain, type Job } from "../wire/api.ts";
import { pageKeys } from "../keys.ts";
import { words } from "../words.ts";
import { Combobox, type Option } from "./combobox.tsx";
import { filtered, type Command } from "./commands.ts";
import { Dialog } from "./dialog.tsx";
import type { IconName } from "./icon.tsx";
import { useShell, type RowAction } from "./shell.tsx";

export const pageIcons: Record<string, IconName> = { s: "search", l: "library", j: "jobs", c: "chat", h: "health" };

function command(id: string, text: string, group: string, icon: IconName, run: () => void, hint?: string): Command {
  return { id, text, words: text, group, icon, run, hint: hint === undefined ? undefined : <kbd>{hint}</kbd> };
}

export function Palette({ onClose, showKeys, row }: { onClose: () => void; showKeys: () => void; row?: { name: string; actions: readonly RowAction[] } }) {
  const [, go] = useLocation();
  const { writing, say } = useShell();
  const [typed, setTyped] = useState("");
  const domains = useQuery({ queryKey: ["palette", "domains"], queryFn: () => get<{ domains: Domain[] | null }>("/api/domains", { limit: 500 }) });
  const jobs = useQuery({ queryKey: ["palette", "jobs"], queryFn: () => get<{ jobs: Job[] | null }>("/api/jobs", { status: "running", limit: 20 }) });
  // The dialog closes first, so that what runs finds the focus back at its place.
  const then = (run: () => void) => () => { onClose(); setTimeout(run); };
  const act = (a: RowAction) => then(() => { if (a.writes && writing.off) say(writing.why); else a.run(); });
  const all: Command[] = [
    ...(row?.actions ?? []).map((a) => command(`row-${a.id}`, a.words, row!.name, a.icon ?? "open", act(a), a.key)),
    ...Object.entries(pageKeys).map(([key, page]) => command(`page-${key}`, page.name, words.pages, pageIcons[key] ?? "open", then(() => go(page.to)), `g ${key}`)),
    command("page-add", words.addSite, words.pages, "add", then(() => go("/add")), "a"),
    command("page-connect", words.connectClient, words.pages, "open", then(() => go("/connect"))),
    command("page-keys", words.keysTitle, words.pages, "keys", then(showKeys), "?"),
    ...(jobs.data?.jobs ?? []).map((j) => command(`job-${j.id}`, `${j.kind} ${j.progress.url ?? ""}`.trim(), words.runningJobs, "jobs", then(() => go(`/jobs/${j.id}`)))),
    ...(domains.data?.domains ?? []).filter((d) => d.domain).map((d) => command(`domain-${d.domain}`, d.domain, words.domains, "site", then(() => go(`/library/${encodeURIComponent(d.domain)}`)))),
  ];
  const options: Option[] = filtered(all, typed);
  const text = typed.trim();
  if (text) options.push({ id: "search", words: words.searchFor(text), icon: "search", run: then(() => go(`/search?${new URLSearchParams({ q: text })}`)) });
  return (
    <Dialog title={words.palette} unseenTitle className="palette" onClose={onClose}>
      <Combobox label={words.palette} placeholder={words.palette} data-first value={typed} onValue={setTyped} options={options} inline none={words.noCommand} />
    </Dialog>
  );
}
