// One execution over /ws. A job goes on after the socket has closed.
import * as v from "valibot";
import { ApiError, ticket, type Session } from "./api.ts";

const context = v.object({ exec_id: v.string() });
const frame = v.variant("type", [
  v.object({ type: v.literal("command.output.json"), data: v.object({ ctx: context, data: v.unknown() }) }),
  v.object({ type: v.literal("command.error"), data: v.object({ ctx: context, payload: v.object({ code: v.string(), message: v.string() }) }) }),
  v.object({ type: v.literal("error"), code: v.string(), message: v.string() }),
]);

// execute gives the result of a mode, for a job its first answer with job_id.
export async function execute(now: Session, mode: string, input: string, flags: Record<string, unknown> = {}): Promise<unknown> {
  const at = new URL("/ws", location.href);
  at.protocol = at.protocol.replace("http", "ws");
  if (now.gate === "token") at.searchParams.set("ticket", await ticket());
  const socket = new WebSocket(at);
  const id = crypto.randomUUID();
  try {
    return await new Promise((done, fail) => {
      socket.onopen = () => socket.send(JSON.stringify({ type: "execute", id, mode, input, flags }));
      socket.onclose = () => fail(new ApiError(0, "offline", "the connection was lost"));
      socket.onmessage = (event) => {
        let raw: unknown;
        try {
          raw = JSON.parse(String(event.data));
        } catch {
          return;
        }
        const got = v.safeParse(frame, raw);
        if (!got.success) return; // frames that this page does not need
        const f = got.output;
        if (f.type === "error") fail(new ApiError(400, f.code, f.message));
        else if (f.data.ctx.exec_id !== id) return;
        else if (f.type === "command.error") fail(new ApiError(400, f.data.payload.code, f.data.payload.message));
        else done(f.data.data);
      };
    });
  } finally {
    socket.close();
  }
}
