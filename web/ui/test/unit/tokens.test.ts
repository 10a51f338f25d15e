// The colours keep their contrast (ui.md, section 4), read from the style sheet.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const css = readFileSync(new URL("../../src/tokens.css", import.meta.url), "utf8");
const themes = { light: /:root\{([^}]*)\}/, dark: /:root\[data-theme=dark\]\{([^}]*)\}/, system: /:root:not\(\[data-theme=light\]\)\{([^}]*)\}/ };

function light(hex: string): number {
  const full = hex.length === 3 ? [...hex].map((c) => c + c).join("") : hex;
  const [r = 0, g = 0, b = 0] = [0, 2, 4].map((i) => {
    const c = parseInt(full.slice(i, i + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

for (const [theme, rule] of Object.entries(themes)) {
  test(`contrast, ${theme}`, () => {
    const of = Object.fromEntries([...(rule.exec(css)?.[1] ?? "").matchAll(/--([\w-]+):#(\w+)/g)].map((m) => [m[1], light(m[2]!)])) as Record<string, number>;
    const ratio = (a: string, b: string) => (Math.max(of[a]!, of[b]!) + 0.05) / (Math.min(of[a]!, of[b]!) + 0.05);
    for (const ground of ["bg", "surface", "raised"]) {
      for (const name of ["text", "muted", "accent", "ok", "warn", "bad"]) assert.ok(ratio(name, ground) >= 4.5, `${name} on ${ground}: ${ratio(name, ground)}`);
      assert.ok(ratio("line", ground) >= 3, `line on ${ground}`);
    }
    assert.ok(ratio("on-accent", "accent") >= 4.5 && ratio("text", "mark") >= 4.5);
  });
}
