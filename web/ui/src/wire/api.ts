// What /api gives, and the one way to ask for it.
export type Session = { gate: "open" | "token"; signed_in: boolean; csrf: string; version: string };
export type Hit = { url: string; title: string; heading_path: string[] | null; text: string; score: number; chunk_id: string; fetched_at: string };
export type Progress = { phase?: string; done: number; total?: number; rate?: number; eta_seconds?: number; url?: string; counts?: Record<string, number> };
export type Job = {
  id: string; kind: string; status: string; progress: Progress; created: string; started?: string; finished?: string;
  error?: { code: string; message: string }; request?: unknown; result?: Record<string, unknown>; events?: { at: string; message: string }[];
};
export type Domain = { domain: string; documents: number; chunks: number; bytes: number; fetched_at: string };
export type Source = { url: string; title: string; chunks: number; bytes: number; fetched_at: string };
export type Doc = { url: string; title: string; markdown: string; fetched_at: string; next_offset: number | null };
export type Forget = { documents: number; chunks: number; bytes: number; confirm?: string };

// ApiError is a refusal in the server's words. Status 0: it did not answer.
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

let csrf = ""; // in memory alone, never in storage

async function call<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = {};
  if (csrf && method !== "GET") headers["X-CSRF-Token"] = csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body), signal, credentials: "same-origin" });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "offline", "axon-mcp does not answer");
  }
  if (response.status === 204) return undefined as T;
  const value = await response.json().catch(() => ({}));
  if (!response.ok) throw new ApiError(response.status, String(value.code ?? ""), String(value.message ?? response.statusText));
  return value as T;
}

export const get = <T>(path: string, query: Record<string, string | number> = {}, signal?: AbortSignal): Promise<T> => {
  const given = Object.entries(query).filter(([, v]) => v !== "").map(([k, v]) => [k, String(v)]);
  const text = new URLSearchParams(given).toString();
  return call<T>("GET", text ? `${path}?${text}` : path, undefined, signal);
};
export const post = <T>(path: string, body: unknown = {}): Promise<T> => call<T>("POST", path, body);

export async function session(): Promise<Session> {
  const now = await call<Session>("GET", "/api/session");
  csrf = now.csrf;
  return now;
}
export async function signIn(token: string): Promise<void> {
  csrf = (await call<Session>("POST", "/api/session", { token })).csrf;
}
export async function ticket(): Promise<string> {
  return (await call<{ ticket: string }>("POST", "/api/ws-ticket")).ticket;
}
