// The store: each event once and in order, questions by their own id, jobs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { contentsOf, modelsOf, modesOf, read } from "../../src/wire/frames.ts";
import { Reader } from "../../src/wire/spoken.ts";
import { empty, reduce, type State } from "../../src/wire/store.ts";

const run = (frames: unknown[], from: State = empty): State =>
  frames.reduce<State>((s, f, i) => {
    const frame = read(JSON.stringify(f));
    return reduce(s, frame ? { do: "frame", frame, at: i * 1000 } : { do: "unknown" });
  }, from);
const begin = { type: "session_started", session_id: "s", resume_secret: "r", agent: "claude", modes: null, config: null, first_event: 1, last_event: 0, running: false };
const text = (event: number, words: string) => ({ type: "assistant.text", session_id: "s", event, sessionUpdate: "agent_message_chunk", content: { type: "text", text: words } });
const ask = (perm: string, digest = "d", session = "s") => ({
  type: "permission_request", session_id: session, tool_call_id: "call", perm_id: perm, digest, agent: "claude", tool: { title: "t", kind: "edit" },
  options: [{ option_id: "yes", name: "Yes", kind: "allow_once" }], expires_at: "2026-01-01T00:00:00Z",
});

test("a replay repeats nothing and leaves no gap", () => {
  const s = run([begin, text(1, "a"), text(2, "b"), begin, text(1, "a"), text(2, "b"), text(3, "c")]);
  assert.deepEqual(s.chats.s?.entries, [{ kind: "text", text: "abc" }]);
});

test("what is no longer kept is said", () => {
  const s = run([begin, text(1, "a"), { ...begin, first_event: 5 }, text(5, "e")]);
  assert.deepEqual(s.chats.s?.entries.map((e) => e.kind), ["text", "note", "text"]);
});

test("a turn", () => {
  const s = run([
    begin,
    { type: "assistant.other", session_id: "s", event: 1, sessionUpdate: "user_message_chunk", content: { type: "text", text: "do" } },
    { type: "assistant.thought", session_id: "s", event: 2, content: { type: "text", text: "hm" } },
    { type: "assistant.thought", session_id: "s", event: 3, content: { type: "text", text: "m" } },
    { type: "assistant.tool_call", session_id: "s", event: 4, toolCallId: "c", title: "edit x", kind: "edit", status: "pending" },
    { type: "assistant.tool_update", session_id: "s", event: 5, toolCallId: "c", status: "completed", content: [{ type: "diff", path: "x", oldText: "a", newText: "b" }, 7, null] },
    { type: "assistant.plan", session_id: "s", event: 6, entries: [{ content: "one", status: "pending" }, 3] },
    { type: "assistant.turn_end", session_id: "s", event: 7, stop_reason: "error", error: { code: "upstream", message: "it fell" } },
  ]);
  const c = s.chats.s;
  assert.equal(c?.running, false);
  assert.deepEqual(c?.entries.map((e) => e.kind), ["user", "thought", "tool", "plan", "failure"]);
  const [, thought, tool] = c.entries;
  assert.ok(thought?.kind === "thought" && thought.text === "hmm" && thought.ended > thought.began);
  assert.ok(tool?.kind === "tool" && tool.status === "completed" && tool.title === "edit x" && tool.content.length === 1);
});

test("questions are told apart by perm_id", () => {
  let s = run([begin, ask("1"), ask("2"), ask("1", "other")]);
  assert.deepEqual(s.prompts.map((p) => [p.perm_id, p.digest]), [["1", "other"], ["2", "d"]]);
  s = reduce(s, { do: "pressed", perm: "2" });
  s = run([{ type: "error", code: "no_such_permission", message: "x" }], s);
  assert.deepEqual(s.prompts.map((p) => p.perm_id), ["1"]);
  assert.equal(s.late, "Too late: this was already closed.");
  s = run([{ type: "permission_resolved", session_id: "s", tool_call_id: "call", perm_id: "1", outcome: "cancelled", by: "timeout", tool: { title: "t", kind: "edit" } }], s);
  assert.deepEqual(s.prompts, []);
  assert.match(JSON.stringify(s.chats.s?.entries), /No answer: cancelled/);
});

test("a lost connection takes the questions with it", () => {
  const s = reduce(run([begin, ask("1")]), { do: "connection", connection: { state: "lost", attempts: 1, retryAt: 0, again: false } });
  assert.deepEqual(s.prompts, []);
});

test("what was approved by itself is written down", () => {
  const s = run([begin, { type: "permission_resolved", session_id: "s", tool_call_id: "c", perm_id: "p", outcome: "selected", by: "auto", tool: { title: "fetch.go", kind: "edit" } }]);
  assert.deepEqual(s.chats.s?.entries, [{ kind: "note", text: "Auto-approved: edit fetch.go" }]);
});

test("a conversation that has moved has no questions here", () => {
  const s = run([begin, ask("1"), ask("2", "d", "other"), { type: "error", code: "session_moved", message: "x", session_id: "s" }]);
  assert.equal(s.chats.s?.state, "moved");
  assert.deepEqual(s.prompts.map((p) => p.perm_id), ["2"]);
});

test("jobs", () => {
  const ctx = { exec_id: "e", mode: "crawl", input: "u" };
  const s = run([
    { type: "job.status", data: { ctx, payload: { job_id: "j", status: "running", metrics: { pages_fetched: 3 } } } },
    { type: "job.progress", data: { ctx, payload: { job_id: "j", phase: "crawl", processed: 3, total: 6, percent: 50 } } },
    { type: "job.status", data: { ctx, payload: { job_id: "j", status: "failed", error: { message: "no" } } } },
  ]);
  assert.deepEqual(s.jobs.j, { id: "j", mode: "crawl", input: "u", status: "failed", phase: "crawl", percent: 50, processed: 3, total: 6, metrics: { pages_fetched: 3 }, error: "no" });
});

test("frames that are none are counted and change nothing else", () => {
  const bad: unknown[] = [null, 7, [], {}, { type: "assistant.text" }, { type: "new" }, { type: "assistant.text", session_id: "s", event: "1" }];
  const s = run(bad);
  assert.deepEqual(s, { ...empty, unknown: bad.length });
  assert.equal(read("{"), undefined);
});

test("what an agent offers", () => {
  assert.deepEqual(modesOf({ currentModeId: "a", availableModes: [{ id: "a", name: "Ask" }, { id: "b" }] }), { now: "a", all: [{ id: "a", name: "Ask" }, { id: "b", name: "b" }] });
  assert.deepEqual(modesOf(null).all, []);
  const config = [{ id: "x", options: [] }, { id: "m", category: "model", currentValue: "q", options: [{ name: "Group", options: [{ value: "q", name: "Q" }] }, { value: "z" }] }];
  assert.deepEqual(modelsOf(config, null), { now: "q", all: [{ id: "q", name: "Q" }, { id: "z", name: "z" }] });
  assert.deepEqual(modelsOf(null, { currentModelId: "o", availableModels: [{ modelId: "o", name: "O" }] }), { now: "o", all: [{ id: "o", name: "O" }] });
  assert.deepEqual(contentsOf([{ type: "content", content: { type: "text", text: "x" } }, "no"]).length, 1);
});

test("a session that goes on under another id keeps the transcript", () => {
  const s = run([
    begin, text(1, "a"), { type: "session_fallback", old_session_id: "s", new_session_id: "n" },
    { ...begin, session_id: "n" }, { ...text(1, "b"), session_id: "n" },
  ]);
  assert.deepEqual(Object.keys(s.chats), ["n"]);
  assert.deepEqual(s.chats.n?.entries.map((e) => e.kind), ["text", "note", "text"]);
  assert.equal(s.fallback.s, "n");
});

test("an answer that was not accepted can be given again", () => {
  let s = reduce(run([begin, ask("1")]), { do: "pressed", perm: "1" });
  s = run([{ type: "error", code: "invalid", message: "not offered" }], s);
  assert.deepEqual(s.prompts.map((p) => p.pressed), [false]);
});

test("whole paragraphs are spoken, once, and none of before", () => {
  const reader = new Reader();
  let s = run([{ ...begin, running: true }, text(1, "before")]);
  const now = () => s.chats.s!;
  reader.skip(now());
  assert.equal(reader.next(now()), "");
  s = run([text(2, " and on.\n\nSecond, ")], s);
  assert.equal(reader.next(now()), "and on.");
  s = run([text(3, "in parts.")], s);
  assert.equal(reader.next(now()), "");
  s = run([{ type: "assistant.tool_call", session_id: "s", event: 4, toolCallId: "c", title: "edit x", kind: "edit" }], s);
  assert.equal(reader.next(now()), "Second, in parts.\nedit x");
  s = run([text(5, "End."), { type: "assistant.turn_end", session_id: "s", event: 6, stop_reason: "end_turn" }], s);
  assert.equal(reader.next(now()), "End.");
  assert.equal(reader.next(now()), "");
});
