// What any part may ask of the frame: say something to who listens, answer a key,
// offer the actions of the selected row, and know whether writing is on.
import { createContext, useContext, useEffect, useRef, type ReactNode, type RefObject } from "react";
import type { Action } from "../keys.ts";
import type { IconName } from "./icon.tsx";

// RowAction is something to do with a row: a button on it, and an entry of the
// palette while the row is selected.
export type RowAction = { id: string; words: string; icon?: IconName; key?: string; danger?: boolean; writes?: boolean; busy?: boolean; run: () => void };
export type Handlers = Partial<Record<Action, () => void>> & { row?: () => { name: string; actions: readonly RowAction[] } | undefined };

export type Shell = {
  handlers: Set<RefObject<Handlers>>; // the last that has an action answers
  say: (words: string, how?: "status" | "alert") => void;
  writing: { off: boolean; why: string };
};

const Context = createContext<Shell | undefined>(undefined);

export function ShellProvider({ value, children }: { value: Shell; children: ReactNode }) {
  return <Context value={value}>{children}</Context>;
}

export function useShell(): Shell {
  const shell = useContext(Context);
  if (!shell) throw new Error("outside of the shell");
  return shell;
}

// useHandlers answers keys while its component is shown.
export function useHandlers(handlers: Handlers): void {
  const { handlers: all } = useShell();
  const mine = useRef(handlers);
  mine.current = handlers;
  useEffect(() => {
    all.add(mine);
    return () => { all.delete(mine); };
  }, [all]);
}

// answer gives an action to the last component that has it.
export function answer(all: Set<RefObject<Handlers>>, action: Action): boolean {
  const found = [...all].reverse().find((h) => h.current[action]);
  found?.current[action]?.();
  return found !== undefined;
}

// say puts words into a live region of the first HTML. Emptied first, so that the
// same words are spoken again.
export function say(words: string, how: "status" | "alert" = "status"): void {
  const region = document.getElementById(how);
  if (!region) return;
  region.textContent = "";
  setTimeout(() => { region.textContent = words; }, 60);
}
