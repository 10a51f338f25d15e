import assert from "node:assert/strict";
import { test } from "node:test";
import { keys, pageKeys, reader, type Place, type Press } from "../../src/keys.ts";
import { filtered, type Command } from "../../src/parts/commands.ts";

const press = (key: string, more: Partial<Press> = {}): Press => ({ key, ctrlKey: false, metaKey: false, altKey: false, isComposing: false, defaultPrevented: false, ...more });

test("what a key means", () => {
  const rows: [Press, Place, boolean, string | undefined][] = [
    [press("j"), "page", true, "down"],
    [press("j"), "control", true, "down"],
    [press("j"), "field", true, undefined],
    [press("j"), "page", false, undefined],
    [press("j", { ctrlKey: true }), "page", true, undefined],
    [press("j", { altKey: true }), "page", true, undefined],
    [press("j", { isComposing: true }), "page", true, undefined],
    [press("j", { defaultPrevented: true }), "page", true, undefined],
    [press("k", { ctrlKey: true }), "field", false, "palette"],
    [press("K", { metaKey: true }), "page", true, "palette"],
    [press("Enter"), "page", true, "open"],
    [press("Enter"), "control", true, undefined],
    [press("o"), "control", true, "open"],
    [press("Escape"), "field", false, "escape"],
    [press("/"), "page", true, "box"],
    [press("?"), "page", true, "keys"],
    [press("x"), "page", true, undefined],
  ];
  for (const [p, place, on, want] of rows) {
    const got = reader(() => 0)(p, place, on);
    assert.equal(got && ("action" in got ? got.action : got.to), want, `${p.key} in ${place}, ${on}`);
  }
});

test("g leads to the pages, for a moment", () => {
  let now = 0;
  const read = reader(() => now);
  for (const [letter, page] of Object.entries(pageKeys)) {
    assert.equal(read(press("g"), "page", true), undefined);
    assert.deepEqual(read(press(letter), "page", true), { to: page.to });
  }
  read(press("g"), "page", true);
  now = 5_000;
  assert.deepEqual(read(press("j"), "page", true), { action: "down" });
  read(press("g"), "page", true);
  read(press("x"), "page", true);
  assert.deepEqual(read(press("j"), "page", true), { action: "down" });
});

test("no key stands for two things", () => {
  const all = keys.flatMap((k) => k.press);
  assert.equal(new Set(all).size, all.length);
});

test("the palette keeps what has every word, eight of a group", () => {
  const of = (text: string, group: string): Command => ({ id: text, text, words: text, group, run: () => undefined });
  const all = [of("Library", "Pages"), of("Search", "Pages"), ...Array.from({ length: 20 }, (_, i) => of(`docs${i}.example.org`, "Domains"))];
  assert.deepEqual(filtered(all, "LIB").map((c) => c.text), ["Library"]);
  assert.equal(filtered(all, "").length, 10);
  assert.deepEqual(filtered(all, "org docs19").map((c) => c.text), ["docs19.example.org"]);
  assert.deepEqual(filtered(all, "nothing"), []);
});
