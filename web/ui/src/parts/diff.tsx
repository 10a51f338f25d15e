// A change of a file as lines that went and came.
import { structuredPatch } from "diff";
import { escapeHidden } from "../prose/escape.ts";

const most = 400; // lines that are shown

export default function Diff({ path, before, after }: { path: string; before: string; after: string }) {
  const lines = structuredPatch(path, path, before, after, "", "", { context: 3 }).hunks.flatMap((h) => [`@@ line ${h.newStart} @@`, ...h.lines]);
  return (
    <figure className="diff">
      <figcaption>{escapeHidden(path)}</figcaption>
      <pre tabIndex={0}>{lines.slice(0, most).map((line, i) => {
        const text = escapeHidden(line) + "\n";
        return line[0] === "+" ? <ins key={i}>{text}</ins> : line[0] === "-" ? <del key={i}>{text}</del> : <span key={i} className="muted">{text}</span>;
      })}</pre>
      {lines.length > most && <p className="muted">{lines.length - most} lines more.</p>}
    </figure>
  );
}
