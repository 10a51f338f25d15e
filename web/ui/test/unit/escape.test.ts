import assert from "node:assert/strict";
import { test } from "node:test";
import { asText, escapeHidden, escapeProse } from "../../src/prose/escape.ts";

test("nothing that hides or turns text stays hidden", () => {
  for (const code of [0x00, 0x07, 0x0d, 0x1b, 0x7f, 0x9b, 0xa0, 0xad, 0x61c, 0x200b, 0x200f, 0x202e, 0x2028, 0x2066, 0x2069, 0x2800, 0x3000, 0xfeff, 0xfe0f, 0xe0041, 0xe0100]) {
    const shown = escapeHidden(`a${String.fromCodePoint(code)}b`);
    assert.match(shown, /^a\\(e|u\{[0-9a-f]+\})b$/, code.toString(16));
  }
  assert.equal(escapeHidden("tab\tline\nümläut 日本 😀"), "tab\tline\nümläut 日本 😀");
  assert.equal(escapeHidden("\u001b[31mred"), "\\e[31mred");
});

test("values as a person can judge them", () => {
  assert.equal(asText({ command: "rm -rf /" }), "rm -rf /");
  assert.equal(asText({ command: "ls", cwd: "/" }), '{\n  "command": "ls",\n  "cwd": "/"\n}');
  assert.equal(asText(undefined), "");
  assert.equal(asText({ a: "\u202e" }), '{\n  "a": "\\u{202e}"\n}');
});

test("an emoji keeps what makes it one, and hides nothing", () => {
  assert.equal(escapeProse("⚠\ufe0f 👩\u200d💻 a\u200db a\ufe0f"), "⚠\ufe0f 👩\u200d💻 a\\u{200d}b a\\u{fe0f}");
  assert.equal(escapeProse("👩\u200d\u202e💻\u00a0x"), "👩\\u{200d}\\u{202e}💻\u00a0x");
});
