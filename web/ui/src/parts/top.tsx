// The head of every page: where one can go, the palette, the connection.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { get, type Job } from "../wire/api.ts";
import { count } from "../format.ts";
import { pageKeys } from "../keys.ts";
import { words } from "../words.ts";
import { Button } from "./button.tsx";
import { Dot, Icon } from "./icon.tsx";
import { pageIcons } from "./palette.tsx";
import { setTheme, theme, themes } from "./theme.ts";

const glance = 5_000; // milliseconds between two looks at the number of running jobs
const seldom = 30_000; // while nobody looks

function useRunning(): number {
  const jobs = useQuery({
    queryKey: ["jobs", "running"], queryFn: () => get<{ jobs: Job[] | null }>("/api/jobs", { status: "running", limit: 100 }),
    refetchInterval: () => (document.hidden ? seldom : glance),
  });
  return jobs.data?.jobs?.length ?? 0;
}

function ThemeButton() {
  const [now, set] = useState(theme);
  const next = themes[(themes.indexOf(now) + 1) % themes.length]!;
  return <Button kind="quiet" icon={now} aria-label={words.themeIs(words.themes[now])} title={words.themeIs(words.themes[now])} onClick={() => { set(next); setTheme(next); }} />;
}

// mac tells which key opens the palette.
const mac = () => /Mac|iPhone|iPad/.test(navigator.platform);

export function Top({ up, openPalette }: { up: boolean; openPalette: () => void }) {
  const [at] = useLocation();
  const running = useRunning();
  const here = (to: string) => at === to || at.startsWith(`${to}/`) || (to === "/library" && at === "/doc") || (to === "/search" && at === "/") || (to === "/health" && at === "/connect");
  return (
    <header className="top"><div>
      <Link href="/" className="brand"><Mark />axon</Link>
      <nav className="pages" aria-label={words.pages}>
        {Object.entries(pageKeys).map(([key, page]) => (
          <Link key={key} href={page.to} aria-current={here(page.to) ? "page" : undefined}>
            <Icon name={pageIcons[key]!} size={20} />{page.name}
            {page.to === "/jobs" && running > 0 && <span className="count"><span className="unseen">{words.running} </span>{count(running)}</span>}
          </Link>
        ))}
      </nav>
      <div className="tools">
        <Button className="find" icon="search" aria-keyshortcuts="Control+K Meta+K" onClick={openPalette}><span>{words.palette}</span><kbd>{mac() ? "⌘ K" : "Ctrl K"}</kbd></Button>
        <ThemeButton />
        <span className={up ? "link-state" : "link-state off"}><Dot on={up} /><span>{up ? words.connected : words.notConnected}</span></span>
      </div>
    </div></header>
  );
}

// Mark is public/icon.svg in the theme's colours.
export function Mark() {
  return <svg width="22" height="22" viewBox="0 0 16 16" fill="none" aria-hidden="true"><circle cx="8" cy="8" r="7.5" fill="currentColor" /><path d="M5 11 8 4l3 7M6.2 8.8h3.6" stroke="var(--on-accent)" strokeWidth="1.6" /></svg>;
}
