// What the palette offers, and which of it fits what was typed.
import type { Option } from "./combobox.tsx";

export type Command = Option & { text: string }; // text is what the typed words are looked for in

const mostOfAKind = 8;

// filtered keeps the commands that have every typed word, at most eight of a group.
export function filtered(all: readonly Command[], typed: string): Command[] {
  const want = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const counts = new Map<string, number>();
  return all.filter((c) => {
    const group = c.group ?? "";
    if (!want.every((w) => c.text.toLowerCase().includes(w)) || (counts.get(group) ?? 0) >= mostOfAKind) return false;
    counts.set(group, (counts.get(group) ?? 0) + 1);
    return true;
  });
}
