// The keys as data (ui.md, section 3). No key answers a prompt.
export type Action = "palette" | "keys" | "box" | "down" | "up" | "open" | "copy" | "add" | "next" | "previous" | "escape";
export type Key = { press: readonly string[]; shown: string; words: string; action: Action };

export const keys: readonly Key[] = [
  { press: ["/"], shown: "/", words: "Search box", action: "box" },
  { press: ["j"], shown: "j", words: "Next row", action: "down" },
  { press: ["k"], shown: "k", words: "Previous row", action: "up" },
  { press: ["o", "Enter"], shown: "Enter or o", words: "Open the row", action: "open" },
  { press: ["y"], shown: "y", words: "Copy the row's link", action: "copy" },
  { press: ["a"], shown: "a", words: "Add a site", action: "add" },
  { press: ["]"], shown: "]", words: "Next hit in the reader", action: "next" },
  { press: ["["], shown: "[", words: "Previous hit in the reader", action: "previous" },
  { press: ["?"], shown: "?", words: "These keys", action: "keys" },
  { press: ["Escape"], shown: "Esc", words: "Leave the list, the dialog, the field", action: "escape" },
];

// pageKeys are the pages after g.
export const pageKeys: Readonly<Record<string, { to: string; name: string }>> = {
  s: { to: "/search", name: "Search" },
  l: { to: "/library", name: "Library" },
  j: { to: "/jobs", name: "Jobs" },
  c: { to: "/chat", name: "Chat" },
  h: { to: "/health", name: "Health" },
};

const leads = 1_500; // milliseconds that g waits for its letter

export type Press = { key: string; ctrlKey: boolean; metaKey: boolean; altKey: boolean; isComposing: boolean; defaultPrevented: boolean };
// Where the key was pressed: in a field that takes text, on a control that has its
// own meaning for Enter, or neither.
export type Place = "field" | "control" | "page";
export type Meaning = { action: Action } | { to: string } | undefined;

// reader gives what a press means. It remembers a g that waits for its letter.
export function reader(now: () => number): (press: Press, place: Place, on: boolean) => Meaning {
  let led = -Infinity;
  return (press, place, on) => {
    const leading = now() - led < leads;
    led = -Infinity;
    if (press.isComposing || press.defaultPrevented || press.altKey) return undefined;
    if (press.ctrlKey || press.metaKey) return press.key.toLowerCase() === "k" ? { action: "palette" } : undefined;
    if (press.key === "Escape") return { action: "escape" };
    if (place === "field" || !on) return undefined;
    if (leading && pageKeys[press.key]) return { to: pageKeys[press.key]!.to };
    if (press.key === "g") { led = now(); return undefined; }
    if (press.key === "Enter" && place === "control") return undefined;
    const key = keys.find((k) => k.press.includes(press.key));
    return key && { action: key.action };
  };
}

// Whether single keys count: WCAG 2.1.4 asks for a switch.
export function keysOn(): boolean {
  try { return localStorage.getItem("axon.keys") !== "off"; } catch { return true; }
}
export function switchKeys(on: boolean): void {
  try { on ? localStorage.removeItem("axon.keys") : localStorage.setItem("axon.keys", "off"); } catch { /* only for this visit */ }
}
