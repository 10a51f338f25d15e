// Markdown to elements: marked's tokens, never innerHTML. HTML is shown as text.
import { lexer, type Token, type Tokens } from "marked";
import { createElement, type ReactNode } from "react";

// href keeps what a document may link to.
function href(raw: string, base: string): string | undefined {
  try {
    const at = new URL(raw, base);
    return at.protocol === "https:" || at.protocol === "http:" ? at.href : undefined;
  } catch {
    return undefined;
  }
}

function plain(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (whole, name: string) => ({ amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" })[name] ?? whole);
}

function link(raw: string, base: string, words: ReactNode, key: number): ReactNode {
  const to = href(raw, base);
  return to ? <a key={key} href={to} rel="noreferrer noopener" target="_blank">{words}</a> : <span key={key}>{words}</span>;
}

function render(tokens: Token[] | undefined, base: string): ReactNode[] {
  return (tokens ?? []).map((token, key) => one(token, base, key));
}

function table(t: Tokens.Table, base: string, key: number): ReactNode {
  return (
    <table key={key}>
      <thead><tr>{t.header.map((c, i) => <th key={i}>{render(c.tokens, base)}</th>)}</tr></thead>
      <tbody>{t.rows.map((r, i) => <tr key={i}>{r.map((c, j) => <td key={j}>{render(c.tokens, base)}</td>)}</tr>)}</tbody>
    </table>
  );
}

function one(t: Token, base: string, key: number): ReactNode {
  const inner = () => render((t as { tokens?: Token[] }).tokens, base);
  switch (t.type) {
    case "heading": return createElement(`h${Math.min(6, t.depth + 1)}`, { key }, inner());
    case "paragraph": return <p key={key}>{inner()}</p>;
    case "strong": return <strong key={key}>{inner()}</strong>;
    case "em": return <em key={key}>{inner()}</em>;
    case "del": return <del key={key}>{inner()}</del>;
    case "codespan": return <code key={key}>{t.text}</code>;
    case "code": return <pre key={key} tabIndex={0}><code>{t.text}</code></pre>;
    case "blockquote": return <blockquote key={key}>{inner()}</blockquote>;
    case "hr": return <hr key={key} />;
    case "br": return <br key={key} />;
    case "space": case "def": return null;
    case "list": {
      const items = (t as Tokens.List).items.map((item, i) => <li key={i}>{render(item.tokens, base)}</li>);
      return t.ordered ? <ol key={key} start={Number(t.start) || 1}>{items}</ol> : <ul key={key}>{items}</ul>;
    }
    case "table": return table(t as Tokens.Table, base, key);
    case "link": return link(t.href, base, inner(), key);
    case "image": return link(t.href, base, t.text || "image", key);
    case "text": return (t as Tokens.Text).tokens ? <span key={key}>{inner()}</span> : plain(t.text);
    default: return t.raw; // HTML, and whatever is not known
  }
}

export function Markdown({ text, base }: { text: string; base: string }) {
  return <div className="prose">{render(lexer(text), base)}</div>;
}
