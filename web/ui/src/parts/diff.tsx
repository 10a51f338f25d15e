// A change of a file as lines that went and came.
import { structuredPatch } from "diff";
import { escapeHidden } from "../prose/escape.ts";
import { words } from "../words.ts";

const most = 400; // lines that are shown
const patience = 200; // ms for finding out what changed

function linesOf(path: string, before: string, after: string): string[] {
  const patch = structuredPatch(path, path, before, after, "", "", { context: 3, timeout: patience });
  if (patch) return patch.hunks.flatMap((h) => [`@@ line ${h.newStart} @@`, ...h.lines]);
  return [...before.split("\n").map((l) => `-${l}`), ...after.split("\n").map((l) => `+${l}`)];
}

export default function Diff({ path, before, after }: { path: string; before: string; after: string }) {
  const lines = linesOf(path, before, after);
  return (
    <figure className="diff">
      <figcaption>{escapeHidden(path)}</figcaption>
      <pre tabIndex={0}>{lines.slice(0, most).map((line, i) => {
        const text = `${line[0]} ${escapeHidden(line.slice(1))}\n`;
        return line[0] === "+" ? <ins key={i}>{text}</ins> : line[0] === "-" ? <del key={i}>{text}</del> : <span key={i} className="muted">{line[0] === " " ? text : `${escapeHidden(line)}\n`}</span>;
      })}</pre>
      {lines.length > most && <p className="muted">{words.linesMore(lines.length - most)}</p>}
    </figure>
  );
}
