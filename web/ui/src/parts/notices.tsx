// Bars between navigation and content: the connection, and a server that asks for
// patience.
import { useEffect, useRef, useState } from "react";
import { words } from "../words.ts";
import { Button } from "./button.tsx";
import { Icon } from "./icon.tsx";
import { useShell } from "./shell.tsx";

const others = 5; // tries after which the bar says something else
const glad = 4_000; // milliseconds of "Connected again."

// useCountdown gives the whole seconds until a time of performance.now().
export function useCountdown(until: number | undefined): number {
  const left = () => (until === undefined ? 0 : Math.max(0, Math.ceil((until - performance.now()) / 1000)));
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    setSeconds(left());
    if (until === undefined) return;
    const tick = setInterval(() => setSeconds(left()), 250);
    return () => clearInterval(tick);
  }, [until]);
  return seconds;
}

export type Link = { up: boolean; tries: number; retryAt?: number; retryNow: () => void };

// ConnectionBar tells of a lost connection and of its return. It speaks once for
// each of its states, not for each second.
export function ConnectionBar({ link }: { link: Link }) {
  const { say } = useShell();
  const seconds = useCountdown(link.up ? undefined : link.retryAt);
  const [back, setBack] = useState(false);
  const was = useRef(true);
  const away = link.tries >= others;
  useEffect(() => {
    if (link.up === was.current) return;
    was.current = link.up;
    say(link.up ? words.connectedAgain : words.connectionLost, link.up ? "status" : "alert");
    setBack(link.up);
    if (!link.up) return;
    const wait = setTimeout(() => setBack(false), glad);
    return () => clearTimeout(wait);
  }, [link.up, say]);
  useEffect(() => { if (away && !link.up) say(words.gone, "alert"); }, [away, link.up, say]);
  if (link.up) return back ? <section className="notice good" aria-label={words.connection}><div><Icon name="ok" />{words.connectedAgain}</div></section> : null;
  return (
    <section className="notice" aria-label={words.connection}><div>
      <Icon name="warn" /><span>{away ? words.gone : words.tryingAgain(seconds)}</span><Button onClick={link.retryNow}>{words.now}</Button>
    </div></section>
  );
}

// PatienceBar counts down to when a refused request (429) is sent again.
export function PatienceBar({ until }: { until?: number }) {
  const { say } = useShell();
  const seconds = useCountdown(until);
  const shown = until !== undefined && seconds > 0;
  useEffect(() => { if (shown) say(words.tooMany(seconds)); }, [shown]);
  return shown ? <section className="notice" aria-label={words.connection}><div><Icon name="warn" />{words.tooMany(seconds)}</div></section> : null;
}
