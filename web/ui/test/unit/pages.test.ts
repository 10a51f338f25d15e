// What the pages compute: flags, reasons, marks, boxes, percentiles.
import assert from "node:assert/strict";
import { test } from "node:test";
import { about, few } from "../../src/format.ts";
import { treemap } from "../../src/parts/treemap.ts";
import { percentile } from "../../src/pages/latency.ts";
import { docLink, domainOf } from "../../src/pages/links.ts";
import { figuresOf, reasonsOf, targetOf, toldIn, withLive } from "../../src/pages/job.ts";
import type { Job } from "../../src/wire/api.ts";

const job = (over: Partial<Job>): Job => ({ id: "1", kind: "crawl", status: "running", progress: { done: 3, total: 12, rate: 1.5, eta_seconds: 26 }, created: "2026-11-26T12:00:00Z", started: "2026-11-26T12:00:00Z", ...over });

test("figures of a job", () => {
  const at = (seconds: number) => Date.parse("2026-11-26T12:00:00Z") + seconds * 1000;
  assert.equal(figuresOf(job({}), at(9)), "3 of 12 pages, 1.5 pages/s, estimating");
  assert.equal(figuresOf(job({}), at(11)), "3 of 12 pages, 1.5 pages/s, about 26 s");
  assert.equal(figuresOf(job({ status: "canceled" }), at(11)), "3 of 12 pages");
  assert.equal(figuresOf(job({ status: "completed", kind: "refresh", result: { pages_fetched: 530, pages_unchanged: 530, seconds: 102 } }), at(11)), "530 pages: 530 unchanged in 1 m 42 s");
  assert.equal(targetOf(job({ target: "https://go.dev/doc/", request: { urls: ["a", "b"] } })), "go.dev/doc +1");
});

test("reasons and events of a job", () => {
  const live = job({ progress: { done: 3, counts: { fetched: 2, changed: 2, robots: 1, redirect: 4, failed: 3 }, failures: { http_404: 3 } } });
  assert.deepEqual(reasonsOf(live).map((r) => [r.words, r.n, r.failed]), [["redirect", 4, false], ["404", 3, true], ["robots", 1, false]]);
  const done = job({ status: "completed", result: { skipped: { off_scope: 9 }, failures: {} } });
  assert.deepEqual(reasonsOf(done).map((r) => r.words), ["out of scope"]);
  const told = toldIn(job({ events: [{ at: "a", message: "attempt 1 begins" }, { at: "b", message: "failed http_404: https://a.example/x: y" }, { at: "c", message: "changed: https://a.example/z" }] }));
  assert.deepEqual(told.map((t) => [t.message, t.failed, t.reason]), [["changed https://a.example/z", false, ""], ["404 https://a.example/x: y", true, "http_404"], ["attempt 1 begins", false, ""]]);
});

test("the socket's figures lie over the API's, and never take a job back", () => {
  const told = { id: "1", mode: "crawl", input: "", status: "running", phase: "crawl", processed: 7, total: 20, metrics: { rate: 2, eta_seconds: 6 } };
  assert.equal(withLive(job({}), told).progress.done, 7);
  assert.equal(withLive(job({ progress: { done: 9 } }), told).progress.done, 9);
  assert.equal(withLive(job({ status: "completed" }), told).status, "completed");
});

test("boxes of a treemap fill the whole and keep the areas", () => {
  const values = [50, 30, 10, 6, 4];
  const boxes = treemap(values, 400, 200);
  assert.equal(boxes.length, 5);
  for (const b of boxes) {
    assert.ok(Math.abs(b.w * b.h - (values[b.at]! / 100) * 80_000) < 1e-6);
    assert.ok(b.x >= -1e-9 && b.y >= -1e-9 && b.x + b.w <= 400 + 1e-6 && b.y + b.h <= 200 + 1e-6);
  }
  assert.deepEqual(treemap([], 400, 200), []);
  assert.deepEqual(treemap([0, 0], 400, 200), []);
});

test("small things", () => {
  assert.equal(few(1, "page"), "1 page");
  assert.equal(few(1699, "page").replace(/\D/g, ""), "1699");
  assert.equal(about(26.4), "26 s");
  assert.equal(about(130), "2 min");
  assert.equal(percentile([1, 2, 3, 4], 50), 2);
  assert.equal(percentile([1, 2, 3, 4], 95), 4);
  assert.equal(percentile([], 95), 0);
  assert.equal(docLink("https://a.example/x#y", "c", "q w"), "/doc?url=https%3A%2F%2Fa.example%2Fx&chunk=c&q=q+w#y");
  assert.equal(domainOf("http://127.0.0.1:8080/x"), "127.0.0.1");
});
