// What the socket has told, in one place. reduce is pure; Store publishes its
// state to the page: text once a frame, figures of jobs at most four times a
// second. Hooks: useConnection, useJob, useJobs, useChat,
// useChats, usePrompts.
import { useSyncExternalStore } from "react";
import { contentsOf, type Content, type Frame, type FrameOf, type Prompted } from "./frames.ts";

// Connection is how the socket is. retryAt is a time of performance.now().
export type Connection = { state: "idle" | "connecting" | "open" | "lost"; attempts: number; retryAt: number; again: boolean };
export type LiveJob = {
  id: string; mode: string; input: string; status: string; phase: string; percent?: number; processed?: number; total?: number; metrics?: Record<string, unknown>; error?: string;
};
export type Entry =
  | { kind: "user" | "text"; text: string }
  | { kind: "thought"; text: string; began: number; ended: number }
  | { kind: "tool"; id: string; title: string; tool: string; status: string; content: Content[] }
  | { kind: "plan"; steps: { text: string; status: string }[] }
  | { kind: "note" | "failure"; text: string };
export type Chat = {
  id: string; secret: string; agent: string; modes: unknown; config: unknown; models: unknown; event: number; running: boolean; state: "here" | "moved" | "gone"; entries: Entry[];
  old: number; // the event that was the last when this tab came: up to it all is a repeat
};
// Prompt is a question of an agent. pressed: an answer is under way.
export type Prompt = Prompted & { pressed: boolean };
export type State = {
  connection: Connection; jobs: Record<string, LiveJob>; chats: Record<string, Chat>; prompts: Prompt[]; unknown: number; late: string;
  fallback: Record<string, string>; // sessions that go on under another id
};
export type Action =
  | { do: "frame"; frame: Frame; at: number } | { do: "unknown" } | { do: "connection"; connection: Connection }
  | { do: "pressed"; perm: string } | { do: "forget late" }
  | { do: "expect"; id: string; secret: string; agent: string }; // a conversation that is being resumed

export const empty: State = { connection: { state: "idle", attempts: 0, retryAt: 0, again: false }, jobs: {}, chats: {}, prompts: [], unknown: 0, late: "", fallback: {} };

export function reduce(s: State, a: Action): State {
  switch (a.do) {
    case "frame": return onFrame(s, a.frame, a.at);
    case "unknown": return { ...s, unknown: s.unknown + 1 };
    case "connection": // the server cancels what was asked on a socket that is gone
      return { ...s, connection: a.connection, prompts: a.connection.state === "open" ? s.prompts : [] };
    case "pressed": return { ...s, prompts: s.prompts.map((p) => (p.perm_id === a.perm ? { ...p, pressed: true } : p)) };
    case "forget late": return { ...s, late: "" };
    case "expect": {
      const known = s.chats[a.id] ?? { id: a.id, secret: a.secret, agent: a.agent, modes: null, config: null, models: null, event: 0, old: 0, running: false, state: "here" as const, entries: [] };
      return { ...s, chats: { ...s.chats, [a.id]: { ...known, state: "here" } } };
    }
  }
}

function onFrame(s: State, f: Frame, at: number): State {
  switch (f.type) {
    case "job.status": case "job.progress": return onJob(s, f);
    case "session_started": return started(s, f);
    case "session_fallback": return fellBack(s, f);
    case "permission_request": return asked(s, f);
    case "permission_resolved": return resolved(s, f);
    case "error": return onError(s, f);
    case "command.start": case "command.output.json": case "command.output.line": case "command.done": case "command.error": case "job.cancel.response": return s;
    default: return withChat(s, f.session_id, (c) => (f.event <= c.event ? c : { ...onEvent(c, f, at), event: f.event }));
  }
}

function onJob(s: State, f: FrameOf<"job.status"> | FrameOf<"job.progress">): State {
  const id = f.data.payload.job_id;
  const before = s.jobs[id] ?? { id, mode: f.data.ctx.mode, input: f.data.ctx.input, status: "pending", phase: "" };
  const job: LiveJob = { ...before };
  if (f.type === "job.progress") {
    const { phase, percent, processed, total } = f.data.payload;
    Object.assign(job, { phase, percent, processed, total });
  } else {
    const { status, metrics, error } = f.data.payload;
    job.status = status;
    if (metrics && typeof metrics === "object") job.metrics = metrics as Record<string, unknown>;
    if (error && typeof error === "object" && "message" in error) job.error = String(error.message);
  }
  return { ...s, jobs: { ...s.jobs, [id]: job } };
}

function withChat(s: State, id: string, change: (c: Chat) => Chat): State {
  const chat = s.chats[id];
  if (!chat) return s;
  const next = change(chat);
  return next === chat ? s : { ...s, chats: { ...s.chats, [id]: next } };
}

function started(s: State, f: FrameOf<"session_started">): State {
  const known = s.chats[f.session_id];
  const chat: Chat = {
    id: f.session_id, secret: f.resume_secret, agent: f.agent, modes: f.modes, config: f.config, models: f.models,
    event: known?.event ?? 0, old: f.last_event, entries: known?.entries ?? [], running: f.running, state: "here",
  };
  if (chat.event < f.first_event - 1) { // what came between is no longer kept
    chat.event = f.first_event - 1;
    chat.entries = [...chat.entries, { kind: "note", text: "Some of this conversation is no longer kept." }];
  }
  return { ...s, chats: { ...s.chats, [chat.id]: chat } };
}

// fellBack goes on with a new session under the same transcript.
function fellBack(s: State, f: FrameOf<"session_fallback">): State {
  const { [f.old_session_id]: before, ...chats } = s.chats;
  const fallback = { ...s.fallback, [f.old_session_id]: f.new_session_id };
  if (!before) return { ...s, fallback };
  const note: Entry = { kind: "note", text: "The agent was started anew. It remembers nothing of what is above." };
  return { ...s, fallback, chats: { ...chats, [f.new_session_id]: { ...before, id: f.new_session_id, event: 0, old: 0, entries: [...before.entries, note] } } };
}

type Event = Exclude<Frame, { type: "job.status" | "job.progress" | "session_started" | "session_fallback" | "permission_request" | "permission_resolved" | "error" | "job.cancel.response" | `command.${string}` }>;

// onEvent adds what an agent did to the transcript.
function onEvent(c: Chat, f: Event, at: number): Chat {
  const last = c.entries[c.entries.length - 1];
  const put = (...entries: Entry[]): Chat => ({ ...c, entries: [...ended(c.entries, at), ...entries] });
  const grow = (entry: Entry): Chat => ({ ...c, entries: [...c.entries.slice(0, -1), entry] });
  switch (f.type) {
    case "assistant.text": {
      const text = f.content?.text ?? "";
      return last?.kind === "text" ? grow({ ...last, text: last.text + text }) : put({ kind: "text", text });
    }
    case "assistant.thought": {
      const text = f.content?.text ?? "";
      return last?.kind === "thought" ? grow({ ...last, text: last.text + text, ended: at }) : put({ kind: "thought", text, began: at, ended: at });
    }
    case "assistant.tool_call": case "assistant.tool_update": return onTool(c, f, put);
    case "assistant.plan": return { ...c, entries: [...ended(c.entries.filter((e) => e.kind !== "plan"), at), { kind: "plan", steps: stepsOf(f.entries) }] };
    case "assistant.mode": return { ...c, modes: { ...(c.modes as object | null), currentModeId: f.currentModeId } };
    case "assistant.other":
      if (f.sessionUpdate === "user_message_chunk") {
        const text = (f.content as { text?: unknown } | undefined)?.text;
        return { ...put({ kind: "user", text: typeof text === "string" ? text : "" }), running: true };
      }
      return f.configOptions ? { ...c, config: f.configOptions } : c;
    case "assistant.turn_end": {
      const why = f.error ? [{ kind: "failure", text: f.error.message } as const] : f.stop_reason === "end_turn" ? [] : [{ kind: "note", text: stopped(f.stop_reason) } as const];
      return { ...put(...why), running: false };
    }
    default: return c;
  }
}

const stopped = (reason: string) =>
  ({ cancelled: "Stopped.", max_tokens: "The agent stopped: its answer reached its limit.", max_turn_requests: "The agent stopped: it reached its limit of requests.", refusal: "The agent refused." })[reason] ?? `The agent stopped: ${reason}.`;

// ended closes the thought that was going on.
function ended(entries: Entry[], at: number): Entry[] {
  const last = entries[entries.length - 1];
  return last?.kind === "thought" ? [...entries.slice(0, -1), { ...last, ended: at }] : entries;
}

function stepsOf(raw: readonly unknown[]): { text: string; status: string }[] {
  return raw.flatMap((step) => {
    const { content, status } = (step ?? {}) as { content?: unknown; status?: unknown };
    return typeof content === "string" ? [{ text: content, status: String(status ?? "") }] : [];
  });
}

function onTool(c: Chat, f: FrameOf<"assistant.tool_call"> | FrameOf<"assistant.tool_update">, put: (...entries: Entry[]) => Chat): Chat {
  const at = c.entries.findLastIndex((e) => e.kind === "tool" && e.id === f.toolCallId);
  const before = at < 0 ? { kind: "tool" as const, id: f.toolCallId, title: "", tool: "", status: "pending", content: [] as Content[] } : (c.entries[at] as Extract<Entry, { kind: "tool" }>);
  const tool = {
    ...before, title: f.title ?? before.title, tool: f.kind ?? before.tool, status: f.status ?? before.status, content: f.content ? contentsOf(f.content) : before.content,
  };
  return at < 0 ? put(tool) : { ...c, entries: c.entries.with(at, tool) };
}

// asked enters a question; one that is asked again (its call changed) keeps its
// place.
function asked(s: State, f: Prompted): State {
  const at = s.prompts.findIndex((p) => p.perm_id === f.perm_id);
  const prompt: Prompt = { ...f, pressed: false };
  return { ...s, prompts: at < 0 ? [...s.prompts, prompt] : s.prompts.with(at, prompt) };
}

function resolved(s: State, f: FrameOf<"permission_resolved">): State {
  const next = { ...s, prompts: s.prompts.filter((p) => p.perm_id !== f.perm_id) };
  const kind = f.tool?.kind || "other", title = f.tool?.title ?? "";
  const what = title.toLowerCase().startsWith(kind) ? title : `${kind} ${title}`.trim();
  const text = f.by === "auto" ? `Auto-approved: ${what}` : f.by === "timeout" ? `No answer: cancelled. ${what}` : "";
  return text ? withChat(next, f.session_id, (c) => ({ ...c, entries: [...c.entries, { kind: "note", text }] })) : next;
}

function onError(s: State, f: FrameOf<"error">): State {
  if (f.code === "session_moved") return withChat({ ...s, prompts: s.prompts.filter((p) => p.session_id !== f.session_id) }, f.session_id, (c) => ({ ...c, state: "moved" }));
  if (f.session_id && f.code === "not_found") return withChat(s, f.session_id, (c) => ({ ...c, state: "gone", running: false }));
  if (f.code !== "no_such_permission" && f.code !== "ambiguous_permission") return { ...s, prompts: s.prompts.map((p) => ({ ...p, pressed: false })) };
  const at = s.prompts.findIndex((p) => p.pressed); // the oldest answer that is under way
  return { ...s, prompts: at < 0 ? s.prompts : s.prompts.toSpliced(at, 1), late: "Too late: this was already closed." };
}

// Store holds the state. wait says how long a change may wait to be shown.
export class Store {
  private state = empty;
  private shown = empty;
  private due = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly listeners = new Set<() => void>();

  dispatch(action: Action): void {
    this.state = reduce(this.state, action);
    if (this.state === this.shown) return;
    const slow = action.do === "unknown" || (action.do === "frame" && action.frame.type === "job.progress");
    this.publishIn(slow ? 250 : 16);
  }

  // now is the state as it is, shown or not.
  now(): State { return this.state; }

  private publishIn(ms: number): void {
    const at = performance.now() + ms;
    if (this.timer && this.due <= at) return;
    clearTimeout(this.timer);
    this.due = at;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.shown = this.state;
      for (const listener of this.listeners) listener();
    }, ms);
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
  readonly snapshot = (): State => this.shown;
}

export const store = new Store();

const useStore = <T,>(pick: (s: State) => T): T => useSyncExternalStore(store.subscribe, () => pick(store.snapshot()));
export const useConnection = (): Connection => useStore((s) => s.connection);
export const useJob = (id: string): LiveJob | undefined => useStore((s) => s.jobs[id]);
export const useJobs = (): Record<string, LiveJob> => useStore((s) => s.jobs);
export const useChat = (id: string): Chat | undefined => useStore((s) => s.chats[s.fallback[id] ?? id]);
export const useChats = (): Record<string, Chat> => useStore((s) => s.chats);
export const useFallback = (id: string): string | undefined => useStore((s) => s.fallback[id]);
export const usePrompts = (): Prompt[] => useStore((s) => s.prompts);
export const useLate = (): string => useStore((s) => s.late);
