import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Icon, type IconName } from "./icon.tsx";
import { useShell } from "./shell.tsx";

type Props = Omit<ButtonHTMLAttributes<HTMLButtonElement>, "children"> & {
  icon?: IconName; children?: ReactNode; kind?: "main" | "plain" | "quiet" | "danger"; busy?: boolean;
  writes?: boolean; // changes something on the server: off, with the reason, while that is away
};

// Button keeps the focus while it is busy or off: aria-disabled, not disabled.
export function Button({ icon, children, kind = "plain", busy = false, writes = false, onClick, type = "button", className = "", ...rest }: Props) {
  const { writing, say } = useShell();
  const off = writes && writing.off;
  return (
    <button
      {...rest} type={type} className={`${kind === "plain" ? "" : kind} ${className}`.trim() || undefined}
      aria-disabled={off || busy || undefined} aria-busy={busy || undefined} title={off ? writing.why : rest.title}
      onClick={(e) => {
        if (off || busy) { e.preventDefault(); if (off) say(writing.why); return; }
        onClick?.(e);
      }}
    >
      {icon && <Icon name={icon} />}{children}
    </button>
  );
}
