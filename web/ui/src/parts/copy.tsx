import { useEffect, useRef, useState } from "react";
import { Button } from "./button.tsx";
import { useShell } from "./shell.tsx";
import { words } from "../words.ts";

const shown = 2_000; // milliseconds

// CopyButton says "Copied" for two seconds. Without the right to the clipboard the
// text stands selected beside it.
export function CopyButton({ text, label = words.copy, kind = "plain", tabIndex, name }: { text: string | (() => string); label?: string; kind?: "plain" | "quiet"; tabIndex?: number; name?: string }) {
  const { say } = useShell();
  const [state, setState] = useState<"" | "copied" | "by hand">("");
  const field = useRef<HTMLInputElement>(null);
  const value = () => (typeof text === "string" ? text : text());
  useEffect(() => {
    if (state === "by hand") field.current?.select();
    if (state !== "copied") return;
    const wait = setTimeout(() => setState(""), shown);
    return () => clearTimeout(wait);
  }, [state]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(value());
      setState("copied");
      say(words.copied);
    } catch {
      setState("by hand");
      say(words.copyByHand);
    }
  };
  return (
    <>
      <Button icon={state === "copied" ? "ok" : "copy"} kind={kind} tabIndex={tabIndex} aria-label={name} onClick={() => void copy()}>{state === "copied" ? words.copied : label}</Button>
      {state === "by hand" && <span className="row"><input ref={field} readOnly autoFocus aria-label={words.copyByHand} value={value()} onBlur={() => setState("")} /><span className="muted">{words.copyByHand}</span></span>}
    </>
  );
}
