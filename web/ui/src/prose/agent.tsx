// What an agent says, as Markdown that cannot pose as the page: HTML is text,
// there are no pictures, headings are small, links show their host.
import { lexer, type Token, type Tokens } from "marked";
import type { ReactNode } from "react";
import { escapeProse } from "./escape.ts";

const deepest = 12; // nested lists and quotes; what is deeper is text

function plain(text: string): string {
  return escapeProse(text.replace(/&(amp|lt|gt|quot|#39);/g, (whole, name: string) => ({ amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" })[name] ?? whole));
}

function link(raw: string, words: ReactNode, key: number): ReactNode {
  let to: URL;
  try {
    to = new URL(raw);
  } catch {
    return <span key={key}>{words}</span>;
  }
  if (to.protocol !== "https:" && to.protocol !== "http:") return <span key={key}>{words}</span>;
  return <span key={key}><a href={to.href} rel="noreferrer noopener" target="_blank">{words}</a> <small className="muted">({to.host})</small></span>;
}

const all = (tokens: Token[] | undefined, depth: number): ReactNode[] => (tokens ?? []).map((t, key) => one(t, key, depth + 1));

function table(t: Tokens.Table, key: number, depth: number): ReactNode {
  return (
    <table key={key} tabIndex={0}>
      <thead><tr>{t.header.map((c, i) => <th key={i}>{all(c.tokens, depth)}</th>)}</tr></thead>
      <tbody>{t.rows.map((r, i) => <tr key={i}>{r.map((c, j) => <td key={j}>{all(c.tokens, depth)}</td>)}</tr>)}</tbody>
    </table>
  );
}

function one(t: Token, key: number, depth: number): ReactNode {
  if (depth > deepest) return plain(t.raw);
  const inner = () => all((t as { tokens?: Token[] }).tokens, depth);
  switch (t.type) {
    case "heading": return <p key={key} className="agenthead"><strong>{inner()}</strong></p>;
    case "paragraph": return <p key={key}>{inner()}</p>;
    case "strong": return <strong key={key}>{inner()}</strong>;
    case "em": return <em key={key}>{inner()}</em>;
    case "del": return <del key={key}>{inner()}</del>;
    case "codespan": return <code key={key}>{escapeProse(t.text)}</code>;
    case "code": return <pre key={key} tabIndex={0}><code>{escapeProse(t.text)}</code></pre>;
    case "blockquote": return <blockquote key={key}>{inner()}</blockquote>;
    case "hr": return <hr key={key} />;
    case "br": return <br key={key} />;
    case "space": case "def": return null;
    case "list": {
      const items = (t as Tokens.List).items.map((item, i) => <li key={i}>{all(item.tokens, depth)}</li>);
      return t.ordered ? <ol key={key} start={Number(t.start) || 1}>{items}</ol> : <ul key={key}>{items}</ul>;
    }
    case "table": return table(t as Tokens.Table, key, depth);
    case "link": return link(t.href, inner(), key);
    case "text": return (t as Tokens.Text).tokens ? <span key={key}>{inner()}</span> : plain(t.text);
    case "escape": return plain(t.text);
    default: return plain(t.raw); // HTML, pictures, and whatever is not known
  }
}

// tokens are none where the text is nested too deeply to be read as Markdown.
function tokens(text: string): Token[] | undefined {
  try {
    return lexer(text);
  } catch {
    return undefined;
  }
}

export function AgentText({ text }: { text: string }) {
  const read = tokens(text);
  return <div className="prose agenttext">{read ? all(read, 0) : <pre tabIndex={0}>{escapeProse(text)}</pre>}</div>;
}
