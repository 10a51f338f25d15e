// Markdown to elements: marked's tokens, never innerHTML. HTML is shown as text,
// but for br, sub, sup and kbd without attributes; a picture becomes a link.
import { lexer, type Token, type Tokens } from "marked";
import { createElement, memo, type ReactNode } from "react";
import { marked } from "../pages/mark.tsx";
import { words } from "../words.ts";

// Where things stand in the text, in UTF-16 units.
export type Place = { level: number; text: string; id: string; at: number };
export type Range = { start: number; end: number };
type How = { base: string; mark?: RegExp; here?: string }; // here: the document's own address, for links to its sections

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

function link(raw: string, how: How, inner: ReactNode, key: number): ReactNode {
  const to = href(raw, how.base);
  if (!to) return <span key={key}>{inner}</span>;
  const [page, section] = to.split("#");
  if (section && page === how.here) return <a key={key} href={`#${section}`} data-section={safely(section)}>{inner}</a>;
  return <a key={key} href={to} rel="noreferrer noopener" target="_blank">{inner}</a>;
}

function safely(text: string): string {
  try { return decodeURIComponent(text); } catch { return text; }
}

// Defining marks what is indented below a definition (": text"), which goes on
// with it and is no code.
type Defining = Token & { defining?: boolean };

function read(text: string): Token[] {
  const tokens = lexer(text);
  let open = false;
  for (const t of tokens as Defining[]) {
    if (t.type === "space") continue;
    t.defining = open && t.type === "code" && t.codeBlockStyle === "indented";
    open = t.defining || (t.type === "paragraph" && /(^|\n): /.test(t.raw));
  }
  return tokens;
}

const bare = /^<(sub|sup|kbd)>$/i;

// render makes elements of tokens. An element of HTML that is allowed goes from
// its tag to the closing one on the same level.
function render(tokens: readonly Token[] | undefined, how: How): ReactNode[] {
  const list = tokens ?? [];
  const out: ReactNode[] = [];
  for (let i = 0; i < list.length; i++) {
    const t = list[i]!;
    const name = t.type === "html" ? bare.exec(t.raw)?.[1]?.toLowerCase() : undefined;
    const end = name ? list.findIndex((o, j) => j > i && o.type === "html" && o.raw.toLowerCase() === `</${name}>`) : -1;
    if (name && end > 0) {
      out.push(createElement(name, { key: i }, render(list.slice(i + 1, end), how)));
      i = end;
    } else if (t.type === "html" && /^<br ?\/?>$/i.test(t.raw)) out.push(<br key={i} />);
    else out.push(one(t, how, i));
  }
  return out;
}

function table(t: Tokens.Table, how: How, key: number): ReactNode {
  return (
    <div key={key} className="scroll" tabIndex={0} role="group" aria-label="Table"><table>
      <thead><tr>{t.header.map((c, i) => (c.text ? <th key={i} scope="col">{render(c.tokens, how)}</th> : <td key={i} />))}</tr></thead>
      <tbody>{t.rows.map((r, i) => <tr key={i}>{r.map((c, j) => <td key={j}>{render(c.tokens, how)}</td>)}</tr>)}</tbody>
    </table></div>
  );
}

function one(t: Token, how: How, key: number): ReactNode {
  const inner = () => render((t as { tokens?: Token[] }).tokens, how);
  switch (t.type) {
    case "heading": return createElement(`h${Math.min(6, t.depth + 1)}`, { key }, inner());
    case "paragraph": return <p key={key}>{inner()}</p>;
    case "strong": return <strong key={key}>{inner()}</strong>;
    case "em": return <em key={key}>{inner()}</em>;
    case "del": return <del key={key}>{inner()}</del>;
    case "codespan": return <code key={key}>{marked(t.text, how.mark)}</code>;
    case "code":
      if ((t as Defining).defining) return <div key={key} className="definition">{render(read(t.text), how)}</div>;
      return <pre key={key} tabIndex={0}><code>{marked(t.text, how.mark)}</code></pre>;
    case "blockquote": return <blockquote key={key}>{inner()}</blockquote>;
    case "hr": return <hr key={key} />;
    case "br": return <br key={key} />;
    case "space": case "def": return null;
    case "list": {
      const items = (t as Tokens.List).items.map((item, i) => <li key={i}>{render(item.tokens, how)}</li>);
      return t.ordered ? <ol key={key} start={Number(t.start) || 1}>{items}</ol> : <ul key={key}>{items}</ul>;
    }
    case "table": return table(t as Tokens.Table, how, key);
    case "link": return link(t.href, how, inner(), key);
    case "image": return link(t.href, how, t.text || "image", key);
    case "text": return (t as Tokens.Text).tokens ? <span key={key}>{inner()}</span> : <span key={key}>{defined(plain(t.text), how.mark)}</span>;
    case "escape": return plain(t.text);
    default: return t.raw; // HTML, and whatever is not known
  }
}

// defined puts the definition of a term (": text" below it) on a line of its own.
function defined(text: string, mark?: RegExp): ReactNode[] {
  return text.split(/\n: /).flatMap((part, i) => [...(i > 0 ? [<br key={`d${i}`} />] : []), <span key={i}>{marked(part, mark)}</span>]);
}

type Props = {
  text: string; base: string;
  places?: readonly Place[]; // headings, whose ids one can go to
  passage?: Range; // what a hit is about
  mark?: RegExp; // words to mark within the passage
};

// Markdown shows a text, or one piece of a longer one.
export const Markdown = memo(function Markdown({ text, base, places, passage, mark }: Props) {
  const how: How = { base, here: base.split("#")[0] };
  const out: ReactNode[] = [];
  let inside: ReactNode[] = [];
  const close = (key: string) => {
    if (inside.length > 0) out.push(<div key={key} className="passage" data-passage tabIndex={-1}><span className="unseen">{words.passageHere} </span>{inside}</div>);
    inside = [];
  };
  let at = 0;
  read(text).forEach((t, i) => {
    const end = at + t.raw.length;
    const hit = passage !== undefined && t.type !== "space" && end > passage.start && at < passage.end;
    const here = (places ?? []).filter((p) => p.at >= at && p.at < end);
    const place = t.type === "heading" ? here[0] : undefined;
    const others = place ? here.slice(1) : here; // terms of definitions
    const body = t.type === "html" || t.type === "text" ? <p key={i}>{render([t], hit ? { ...how, mark } : how)}</p> : one(t, hit ? { ...how, mark } : how, i);
    const node = place ? createElement(`h${Math.min(6, (t as Tokens.Heading).depth + 1)}`, { key: i, id: place.id, tabIndex: -1 }, render((t as Tokens.Heading).tokens, hit ? { ...how, mark } : how)) : body;
    const nodes = [...others.map((p) => <span key={p.id} id={p.id} tabIndex={-1} className="anchor" />), node];
    if (hit) inside.push(...nodes);
    else if (t.type !== "space") { close(`passage-${i}`); out.push(...nodes); }
    at = end;
  });
  close("passage-end");
  return <>{out}</>;
});
