// What /api gives, and the one way to ask for it.
export type Session = {
  gate: "open" | "token"; signed_in: boolean; csrf: string; version: string;
  now: string; // the server's clock
  auto_approve: boolean; model: string; agents: string[] | null;
};
export type Hit = { url: string; title: string; heading_path: string[] | null; text: string; text_truncated?: boolean; score: number; position: number; chunk_id: string; source_type: string; fetched_at: string };
export type Progress = { phase?: string; done: number; total?: number; rate?: number; eta_seconds?: number; url?: string; counts?: Record<string, number>; failures?: Record<string, number>; chunks?: number; bytes?: number };
export type Job = {
  id: string; kind: string; status: string; target?: string; progress: Progress; created: string; started?: string; finished?: string;
  error?: { code: string; message: string }; request?: unknown; result?: Record<string, unknown>; events?: { at: string; message: string }[];
};
export type Domain = { domain: string; documents: number; chunks: number; bytes: number; fetched_at: string };
export type Source = { url: string; title: string; chunks: number; bytes: number; fetched_at: string };
export type Heading = { level: number; text: string; anchor?: string; offset: number };
export type Doc = {
  url: string; title: string; markdown: string; fetched_at: string; offset: number; next_offset: number | null; total_chars: number; chunks: number;
  source_type: string; headings?: Heading[] | null; passage?: { start: number; end: number };
};
export type Stats = { documents: number; chunks: number; bytes: number };
export type Forget = { documents: number; chunks: number; bytes: number; confirm?: string };

// ApiError is a refusal in the server's words. Status 0: it did not answer.
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly id: string; // under which the log has an internal error
  readonly confirm: string; // token of a call that wants to be confirmed
  constructor(status: number, code: string, message: string, id = "", confirm = "") {
    super(message);
    this.status = status;
    this.code = code;
    this.id = id;
    this.confirm = confirm;
  }
}

// refusals tells the frame of answers that concern the whole page: "unauthorized",
// and "patience" with the time of performance.now() until which requests wait.
export const refusals = new EventTarget();

const patience = 3; // times that one request is sent again after 429
let csrf = ""; // in memory alone, never in storage

async function send(method: string, path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = {};
  if (csrf && method !== "GET") headers["X-CSRF-Token"] = csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    return await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal, credentials: "same-origin" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "offline", "axon-mcp does not answer");
  }
}

function pause(seconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const wait = setTimeout(done, seconds * 1000);
    signal?.addEventListener("abort", () => { clearTimeout(wait); fail(signal.reason as Error); }, { once: true });
  });
}

// call asks once, and again when the server was too busy: what it refuses with 429
// it has not done.
async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  for (let tries = 0; ; tries++) {
    const response = await send(method, path, body, signal);
    if (response.status === 204) return undefined as T;
    const value = await response.json().catch(() => ({}));
    if (response.ok) return value as T;
    const seconds = Number(response.headers.get("Retry-After"));
    if (response.status === 429 && seconds > 0 && tries < patience && path !== "/api/session") {
      refusals.dispatchEvent(new CustomEvent("patience", { detail: performance.now() + seconds * 1000 }));
      await pause(seconds, signal);
      continue;
    }
    if (response.status === 401 && path !== "/api/session") refusals.dispatchEvent(new Event("unauthorized"));
    throw new ApiError(response.status, String(value.code ?? ""), String(value.message ?? response.statusText), String(value.id ?? ""), String(value.confirm ?? ""));
  }
}

export const get = <T>(path: string, query: Record<string, string | number> = {}, signal?: AbortSignal): Promise<T> => {
  const given = Object.entries(query).filter(([, v]) => v !== "").map(([k, v]) => [k, String(v)]);
  const text = new URLSearchParams(given).toString();
  return call<T>("GET", text ? `${path}?${text}` : path, undefined, signal);
};
export const post = <T>(path: string, body: unknown = {}): Promise<T> => call<T>("POST", path, body);

let ahead = 0; // of the server's clock, ms

// serverNow is the time by the server's clock, in ms.
export const serverNow = (): number => Date.now() + ahead;

export async function session(): Promise<Session> {
  const asked = Date.now();
  const now = await call<Session>("GET", "/api/session");
  csrf = now.csrf;
  ahead = Date.parse(now.now) - (asked + Date.now()) / 2 || 0; // it looked at its clock about half way
  return now;
}
export async function signIn(token: string): Promise<Session> {
  const now = await call<Session>("POST", "/api/session", { token });
  csrf = now.csrf;
  return now;
}
export async function signOut(): Promise<void> {
  await call<void>("DELETE", "/api/session");
  csrf = "";
}
export async function ticket(): Promise<string> {
  return (await call<{ ticket: string }>("POST", "/api/ws-ticket")).ticket;
}
