// The one socket of the page: ticket, reconnection, executions, resume. What it
// hears goes into the store.
import { ApiError, ticket, type Session } from "./api.ts";
import { read, type Frame } from "./frames.ts";
import { store, type Prompt } from "./store.ts";
import { claimChats, forgetChat, heldChats, holdChat, letGo } from "./chats.ts";

type Waiting = { done: (value: unknown) => void; fail: (error: Error) => void; whole: boolean };

// backoff is how long to wait before the nth try, in ms: 1 s to 30 s, with jitter.
export function backoff(n: number, chance = Math.random()): number {
  return Math.min(30_000, 1_000 * 2 ** (n - 1)) * (0.75 + chance / 2);
}

class Socket {
  private ws: WebSocket | undefined;
  private session: Session | undefined;
  private tries = 0;
  private started = false;
  private busy = false; // on the way to a new connection
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly waiting = new Map<string, Waiting>();
  private opened: (() => void)[] = [];
  // ended is called when a job has ended, so that lists are read again.
  ended: () => void = () => {};

  // start connects, and from then on keeps the connection up.
  start(session: Session): void {
    this.session = session;
    if (this.started) return;
    this.started = this.busy = true;
    void claimChats().then(() => this.connect());
  }

  // again tries at once.
  again(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.started && !this.ws && !this.busy) void this.connect();
  }

  private say(state: "connecting" | "open" | "lost", retryAt = 0): void {
    store.dispatch({ do: "connection", connection: { state, attempts: this.tries, retryAt, again: state === "open" && this.tries > 0 } });
  }

  private async connect(): Promise<void> {
    this.busy = true;
    if (this.tries === 0) this.say("connecting");
    const at = new URL("/ws", location.href);
    at.protocol = at.protocol.replace("http", "ws");
    let ws: WebSocket;
    try {
      if (this.session?.gate === "token") at.searchParams.set("ticket", await ticket());
      ws = new WebSocket(at);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) this.started = false; // until the sign-in, which starts it again
      else this.lost();
      return;
    } finally {
      this.busy = false;
    }
    this.ws = ws;
    ws.onopen = () => {
      this.say("open");
      this.tries = 0;
      for (const chat of heldChats()) this.resume(chat.id, chat.secret);
      for (const go of this.opened.splice(0)) go();
    };
    ws.onmessage = (event) => this.heard(String(event.data));
    ws.onclose = () => { if (this.ws === ws) this.lost(); };
  }

  private lost(): void {
    this.ws = undefined;
    const gone = new ApiError(0, "offline", "the connection was lost");
    for (const one of this.waiting.values()) one.fail(gone);
    this.waiting.clear();
    this.tries++;
    const wait = backoff(this.tries);
    this.say("lost", performance.now() + wait);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => { this.timer = undefined; void this.connect(); }, wait);
  }

  private heard(message: string): void {
    const frame = read(message);
    if (!frame) { store.dispatch({ do: "unknown" }); return; }
    if (frame.type === "session_started") holdChat({ id: frame.session_id, secret: frame.resume_secret, agent: frame.agent });
    if (frame.type === "error" && frame.code === "session_moved") letGo(frame.session_id);
    if (frame.type === "session_fallback") forgetChat(frame.old_session_id);
    store.dispatch({ do: "frame", frame, at: Date.now() });
    this.settle(frame);
    if (frame.type === "job.status" && !["pending", "running"].includes(frame.data.payload.status)) this.ended();
  }

  private settle(frame: Frame): void {
    if (frame.type !== "command.error" && frame.type !== "command.output.json" && frame.type !== "command.done") return;
    const one = this.waiting.get(frame.data.ctx.exec_id);
    if (!one) return;
    if (frame.type === "command.error") one.fail(new ApiError(400, frame.data.payload.code, frame.data.payload.message));
    else if (frame.type === "command.output.json" && !one.whole) one.done(frame.data.data);
    else if (frame.type === "command.done") one.done(undefined);
    else return; // a turn's result: its end follows
    this.waiting.delete(frame.data.ctx.exec_id);
  }

  private send(frame: Record<string, unknown>): boolean {
    if (this.ws?.readyState !== WebSocket.OPEN) return false;
    this.ws.send(JSON.stringify(frame));
    return true;
  }

  private async ready(): Promise<void> {
    if (this.ws?.readyState === WebSocket.OPEN) return;
    if (!this.ws && this.timer) throw new ApiError(0, "offline", "the connection was lost");
    await new Promise<void>((done, fail) => {
      const stop = setTimeout(() => fail(new ApiError(0, "offline", "axon-mcp does not answer")), 10_000);
      this.opened.push(() => { clearTimeout(stop); done(); });
    });
  }

  async execute(mode: string, input: string, flags: Record<string, unknown>, whole: boolean, id: string): Promise<unknown> {
    await this.ready();
    return new Promise((done, fail) => {
      this.waiting.set(id, { done, fail, whole });
      if (!this.send({ type: "execute", id, mode, input, flags })) {
        this.waiting.delete(id);
        fail(new ApiError(0, "offline", "the connection was lost"));
      }
    });
  }

  // cancel stops an execution, a job, or the turn of a conversation.
  cancel(id: string, mode: string): void { this.send({ type: "cancel", id, mode }); }

  // resume goes on with a conversation from the last event that came.
  resume(id: string, secret: string): void {
    const known = store.now().chats[id];
    store.dispatch({ do: "expect", id, secret, agent: heldChats().find((c) => c.id === id)?.agent ?? "" });
    this.send({ type: "acp_resume", session_id: id, resume_secret: secret, last_event: known?.event ?? 0 });
  }

  answer(p: Prompt, option: string): void {
    store.dispatch({ do: "pressed", perm: p.perm_id });
    this.send({ type: "permission_response", session_id: p.session_id, tool_call_id: p.tool_call_id, perm_id: p.perm_id, digest: p.digest, option_id: option });
  }
}

export const socket = new Socket();

// execute gives the result of a mode, for a job its first answer with job_id.
export function execute(now: Session, mode: string, input: string, flags: Record<string, unknown> = {}): Promise<unknown> {
  socket.start(now);
  return socket.execute(mode, input, flags, false, crypto.randomUUID());
}

// turn sends a message to an agent; it ends with the agent's turn.
export function turn(message: string, flags: Record<string, unknown>, id: string): Promise<unknown> {
  return socket.execute("pulse_chat", message, flags, true, id);
}
