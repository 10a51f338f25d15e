// The frames of /ws that the page understands (web.md, section 2). Others are
// counted by the store and otherwise ignored.
import * as v from "valibot";

const ctx = v.object({ exec_id: v.string(), mode: v.optional(v.string(), ""), input: v.optional(v.string(), "") });
const about = <T extends v.ObjectEntries>(payload: T) => v.object({ ctx, payload: v.object(payload) });
const block = v.looseObject({ type: v.optional(v.string(), ""), text: v.optional(v.string()) });
const content = v.looseObject({
  type: v.optional(v.string(), ""), content: v.optional(block),
  path: v.optional(v.string()), oldText: v.nullish(v.string()), newText: v.optional(v.string()),
});
const call = {
  toolCallId: v.optional(v.string(), ""), title: v.nullish(v.string()), kind: v.nullish(v.string()), status: v.nullish(v.string()),
  content: v.nullish(v.array(v.unknown())), rawInput: v.optional(v.unknown()),
};
const event = { session_id: v.string(), event: v.number() };
const tool = v.object({
  title: v.optional(v.string(), ""), kind: v.optional(v.string(), ""), input: v.optional(v.unknown()), content: v.optional(v.unknown()),
  locations: v.optional(v.unknown()), bytes: v.optional(v.number(), 0), too_long: v.optional(v.boolean(), false),
});
const choice = v.object({ option_id: v.string(), name: v.optional(v.string(), ""), kind: v.optional(v.string(), "") });

const schema = v.variant("type", [
  v.object({ type: v.literal("command.start"), data: v.object({ ctx }) }),
  v.object({ type: v.literal("command.output.json"), data: v.object({ ctx, data: v.unknown() }) }),
  v.object({ type: v.literal("command.output.line"), data: v.object({ ctx, line: v.string() }) }),
  v.object({ type: v.literal("command.done"), data: about({ exit_code: v.number() }) }),
  v.object({ type: v.literal("command.error"), data: about({ code: v.string(), message: v.string() }) }),
  v.object({ type: v.literal("job.status"), data: about({ job_id: v.string(), status: v.string(), error: v.optional(v.unknown()), metrics: v.optional(v.unknown()) }) }),
  v.object({
    type: v.literal("job.progress"),
    data: about({ job_id: v.string(), phase: v.optional(v.string(), ""), percent: v.optional(v.number()), processed: v.optional(v.number()), total: v.optional(v.number()) }),
  }),
  v.object({ type: v.literal("job.cancel.response"), data: about({ ok: v.boolean(), message: v.optional(v.string(), "") }) }),
  v.object({
    type: v.literal("session_started"), session_id: v.string(), resume_secret: v.string(), agent: v.optional(v.string(), ""), modes: v.optional(v.unknown()),
    config: v.optional(v.unknown()), models: v.optional(v.unknown()), first_event: v.optional(v.number(), 1), last_event: v.optional(v.number(), 0), running: v.optional(v.boolean(), false),
  }),
  v.object({ type: v.literal("session_fallback"), old_session_id: v.string(), new_session_id: v.string() }),
  v.looseObject({ type: v.literal("assistant.text"), ...event, content: v.optional(block) }),
  v.looseObject({ type: v.literal("assistant.thought"), ...event, content: v.optional(block) }),
  v.looseObject({ type: v.literal("assistant.tool_call"), ...event, ...call }),
  v.looseObject({ type: v.literal("assistant.tool_update"), ...event, ...call }),
  v.looseObject({ type: v.literal("assistant.plan"), ...event, entries: v.optional(v.array(v.unknown()), []) }),
  v.looseObject({ type: v.literal("assistant.mode"), ...event, currentModeId: v.optional(v.string(), "") }),
  v.looseObject({ type: v.literal("assistant.usage"), ...event }),
  v.looseObject({ type: v.literal("assistant.other"), ...event, sessionUpdate: v.optional(v.string(), ""), content: v.optional(v.unknown()), configOptions: v.optional(v.unknown()) }),
  v.looseObject({ type: v.literal("assistant.turn_end"), ...event, stop_reason: v.optional(v.string(), ""), error: v.optional(v.object({ code: v.string(), message: v.string() })) }),
  v.object({
    type: v.literal("permission_request"), session_id: v.string(), tool_call_id: v.string(), perm_id: v.string(), digest: v.string(), agent: v.optional(v.string(), ""),
    tool, options: v.array(choice), expires_at: v.string(),
  }),
  v.object({
    type: v.literal("permission_resolved"), session_id: v.string(), tool_call_id: v.string(), perm_id: v.string(), outcome: v.string(),
    option_id: v.optional(v.string(), ""), by: v.optional(v.string(), ""), tool: v.optional(tool),
  }),
  v.object({ type: v.literal("error"), code: v.string(), message: v.string(), session_id: v.optional(v.string(), "") }),
]);

export type Frame = v.InferOutput<typeof schema>;
export type FrameOf<T extends Frame["type"]> = Extract<Frame, { type: T }>;
export type Content = v.InferOutput<typeof content>;
export type Prompted = FrameOf<"permission_request">;

// read returns the frame in a message, or undefined where it is none that the
// page knows.
export function read(message: string): Frame | undefined {
  try {
    const got = v.safeParse(schema, JSON.parse(message));
    return got.success ? got.output : undefined;
  } catch {
    return undefined;
  }
}

// contentsOf are the parts of a tool call that can be shown; bad ones are left out.
export function contentsOf(raw: readonly unknown[]): Content[] {
  return raw.flatMap((item) => { const got = v.safeParse(content, item); return got.success ? [got.output] : []; });
}

export type Choice = { id: string; name: string };
const modes = v.object({ currentModeId: v.optional(v.string(), ""), availableModes: v.array(v.looseObject({ id: v.string(), name: v.optional(v.string(), "") })) });
const models = v.object({ currentModelId: v.optional(v.string(), ""), availableModels: v.array(v.looseObject({ modelId: v.string(), name: v.optional(v.string(), "") })) });
const leaf = v.looseObject({ value: v.string(), name: v.optional(v.string(), "") });
const option = v.looseObject({
  id: v.string(), category: v.nullish(v.string()), currentValue: v.optional(v.unknown()),
  options: v.array(v.union([leaf, v.looseObject({ options: v.array(leaf) })])),
});

// modesOf and modelsOf are what an agent offers, and what is set now.
export function modesOf(raw: unknown): { now: string; all: Choice[] } {
  const got = v.safeParse(modes, raw);
  return got.success ? { now: got.output.currentModeId, all: got.output.availableModes.map((m) => ({ id: m.id, name: m.name || m.id })) } : { now: "", all: [] };
}

export function modelsOf(config: unknown, older: unknown): { now: string; all: Choice[] } {
  for (const item of Array.isArray(config) ? config : []) {
    const got = v.safeParse(option, item);
    if (!got.success || (got.output.category ?? got.output.id) !== "model") continue;
    const leaves = got.output.options.flatMap((o) => ("options" in o && Array.isArray(o.options) ? (o.options as { value: string; name: string }[]) : [o as { value: string; name: string }]));
    return { now: String(got.output.currentValue ?? ""), all: leaves.map((o) => ({ id: o.value, name: o.name || o.value })) };
  }
  const got = v.safeParse(models, older);
  return got.success ? { now: got.output.currentModelId, all: got.output.availableModels.map((m) => ({ id: m.modelId, name: m.name || m.modelId })) } : { now: "", all: [] };
}
