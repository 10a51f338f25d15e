// Characters that hide or turn text, made visible (ui.md, section 5): controls,
// ANSI, bidi, zero-width, tags, variation selectors, spaces that are no space.
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u00a0\u00ad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff]|[\u{e0000}-\u{e0fff}]|[\u{1d173}-\u{1d17a}]/gu;

export function escapeHidden(text: string): string {
  return text.replace(unseen, (c) => {
    if (c === "\u001b") return "\\e";
    return `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`;
  });
}

// asText is a value of an agent as a person can judge it: text as it is, anything
// else as JSON, with nothing hidden.
export function asText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return escapeHidden(value);
  const { command } = value as { command?: unknown };
  if (typeof command === "string" && Object.keys(value as object).length === 1) return escapeHidden(command);
  return escapeHidden(JSON.stringify(value, null, 2));
}

// escapeProse leaves alone the spaces of typography, and what makes an emoji: the
// selector of its look and the joiner between two. They hide nothing.
export function escapeProse(text: string): string {
  const kept = /\p{Extended_Pictographic}(?:[\ufe0e\ufe0f]|\p{Emoji_Modifier})?(?:\u200d\p{Extended_Pictographic}(?:[\ufe0e\ufe0f]|\p{Emoji_Modifier})?)*|[\u00a0\u2000-\u200a\u202f\u205f\u3000]+/gu;
  let out = "", from = 0;
  for (const emoji of text.matchAll(kept)) {
    out += escapeHidden(text.slice(from, emoji.index)) + emoji[0];
    from = emoji.index + emoji[0].length;
  }
  return out + escapeHidden(text.slice(from));
}
