import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, span } from "../../src/format.ts";

test("sizes and times", () => {
  assert.equal(bytes(512), "512 B");
  assert.match(bytes(19_083_000), /^18.2 MiB$/);
  assert.equal(span(102), "1 m 42 s");
  assert.equal(span(26), "26 s");
});
