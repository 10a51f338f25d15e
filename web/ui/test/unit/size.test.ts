// The first load stays small (ui.md, section 6): what index.html names and what
// that imports before anything is shown, gzipped, style sheets with it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const limit = 180_000; // bytes
const dist = new URL("../../dist/", import.meta.url);

function firstLoad(): Map<string, number> {
  const sizes = new Map<string, number>();
  const take = (name: string) => {
    if (sizes.has(name)) return;
    const raw = readFileSync(new URL(name, dist));
    sizes.set(name, gzipSync(raw, { level: 9 }).length);
    if (!name.endsWith(".js")) return;
    // Static imports alone: import() is what is fetched later.
    for (const m of raw.toString().matchAll(/(?:^|[;}\n])\s*(?:import|export)\b[^"'()]*?["']\.\/([^"']+)["']/g)) take(new URL(m[1]!, new URL(name, "http://page/")).pathname.slice(1));
  };
  const html = readFileSync(new URL("index.html", dist), "utf8");
  sizes.set("index.html", gzipSync(html).length);
  for (const m of html.matchAll(/(?:src|href)="\/([^"]+)"/g)) take(m[1]!);
  return sizes;
}

test(`first load is at most ${limit / 1000} kB`, (t) => {
  const sizes = firstLoad();
  const sum = [...sizes.values()].reduce((a, b) => a + b, 0);
  t.diagnostic(`first load: ${(sum / 1000).toFixed(1)} kB gzip: ${[...sizes].map(([n, s]) => `${n} ${s}`).join(", ")}`);
  assert.ok([...sizes.keys()].some((n) => n.endsWith(".css")) && [...sizes.keys()].some((n) => n.endsWith(".js")), "the page names a script and a style sheet");
  assert.ok(sum <= limit, `first load is ${sum} bytes`);
});
