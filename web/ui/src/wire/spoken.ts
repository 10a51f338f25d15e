// What of a conversation is spoken: whole paragraphs, once, and nothing of what
// was there before.
import type { Chat } from "./store.ts";

// Reader remembers how far a conversation has been read out.
export class Reader {
  private entry = 0;
  private chars = 0;

  // skip goes to the end without a word.
  skip(chat: Chat): void {
    this.entry = chat.entries.length;
    this.chars = 0;
    const last = chat.entries[this.entry - 1];
    if (chat.running && last?.kind === "text") [this.entry, this.chars] = [this.entry - 1, last.text.length];
  }

  // next gives the paragraphs that were finished since it was last asked.
  next(chat: Chat): string {
    const said: string[] = [];
    for (; this.entry < chat.entries.length; this.entry++, this.chars = 0) {
      const e = chat.entries[this.entry]!;
      const whole = !chat.running || this.entry < chat.entries.length - 1;
      if (e.kind === "text") {
        const end = whole ? e.text.length : e.text.lastIndexOf("\n\n");
        if (end > this.chars) { said.push(e.text.slice(this.chars, end).trim()); this.chars = end; }
        if (!whole) break;
      } else if (e.kind === "note" || e.kind === "failure") said.push(e.text);
      else if (e.kind === "tool") said.push(e.title);
    }
    return said.filter(Boolean).join("\n");
  }
}
