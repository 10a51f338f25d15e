// What the source may not have: ways that text becomes markup or code. The policy
// of the page stops them in the browser; this stops them before.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const src = new URL("../../src/", import.meta.url);
const banned = /dangerouslySetInnerHTML|\.(?:inner|outer)HTML\b|insertAdjacentHTML|document\.write|\beval\s*\(|new\s+Function\b|createContextualFragment|DOMParser|srcdoc/;

test("no text becomes markup or code", () => {
  for (const bad of ["x.innerHTML = y", "<div dangerouslySetInnerHTML={x} />", "eval (x)", "new Function(x)", "a.insertAdjacentHTML(b, c)"]) assert.match(bad, banned);
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((f) => /\.tsx?$/.test(f));
  assert.ok(files.length > 10);
  for (const file of files) {
    readFileSync(new URL(file, src), "utf8").split("\n").forEach((line, at) => assert.ok(!banned.test(line.replace(/\/\/.*/, "")), `${file}:${at + 1}: ${line.trim()}`));
  }
});

test("no address of elsewhere is asked for", () => {
  for (const file of readdirSync(src, { recursive: true, encoding: "utf8" }).filter((f) => f.endsWith(".css"))) {
    assert.doesNotMatch(readFileSync(new URL(file, src), "utf8"), /@import|url\(\s*["']?(?:https?:)?\/\//, file);
  }
});
