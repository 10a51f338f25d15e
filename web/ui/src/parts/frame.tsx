// What several pages show: a page's heading, a failure, a time.
import { useEffect, useRef, type ReactNode } from "react";
import { ApiError } from "../wire/api.ts";
import { age } from "../format.ts";
import { words } from "../words.ts";

export function Page({ title, focus = true, children }: { title: string; focus?: boolean; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => { document.title = `${title} - axon`; }, [title]);
  useEffect(() => { if (focus) heading.current?.focus(); }, [focus]);
  return <main><h1 ref={heading} tabIndex={-1}>{title}</h1>{children}</main>;
}

export function Failure({ what, error, again }: { what: string; error: Error; again?: () => void }) {
  const status = error instanceof ApiError ? error.status : -1;
  const text = status === 0 ? words.gone : `${what}: ${error.message}`;
  return <p className="bad" role="alert">✕ {text} {again && <button onClick={again}>Try again</button>}</p>;
}

export function Time({ at }: { at: string }) {
  return <time dateTime={at} title={new Date(at).toLocaleString()}>{age(at)}</time>;
}

export const isURL = (text: string) => /^https?:\/\/\S+$/.test(text) || /^[\w-]+(\.[\w-]+)+(:\d+)?(\/\S*)?$/.test(text);
export const asURL = (text: string) => (/^https?:\/\//.test(text) ? text : `https://${text}`);
