// Chat with an agent, a real process of ours that does what it is told (package
// acptest), and the questions that it asks in the guard row.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { visit, type Needs, type Visit } from "./harness.ts";

const agent = process.env.AXON_TEST_AGENT ?? new URL("../../../../bin/acp-agent", import.meta.url).pathname;
const env = { AXON_ACP_ADAPTER_CMD: agent, AXON_ACP_ADAPTER_ARGS: "be-the-acp-agent", AXON_ACP_AUTO_APPROVE: "false" };
const needs: Needs = { env, pages: [] };
const wide: Needs = { ...needs, views: [{ width: 1280, theme: "light" }] };

const update = (u: Record<string, unknown>) => `update ${JSON.stringify(u)}`;
const quoted = (text: string) => `quoted ${JSON.stringify(text)}`;
const yes = { optionId: "yes", name: "Yes", kind: "allow_once" }, no = { optionId: "no", name: "No", kind: "reject_once" };
const request = (toolCall: Record<string, unknown>, ...options: unknown[]) => `request ${JSON.stringify({ toolCall, options: options.length > 0 ? options : [yes, no] })}`;

async function open(v: Visit, page = v.page): Promise<void> {
  assert.ok(existsSync(agent), `${agent} is missing: scripts/ui.sh builds it`);
  await page.goto(`${v.home}/chat`);
  await page.locator(".link-state:not(.off)").waitFor();
}

// tell sends lines for the agent to do.
async function tell(page: Page, ...lines: string[]): Promise<void> {
  const field = page.getByRole("textbox", { name: /^Message / });
  await field.fill(lines.join("\n"));
  await field.press("Enter");
}

const answers = (page: Page) => page.locator(".answers button");
const live = (page: Page, verb: string) => page.locator(".answers button:not([aria-disabled])").filter({ hasText: new RegExp(`^${verb}`) });
const heard = (page: Page, text: string) => page.locator(".log .agenttext", { hasText: text }).last().waitFor();

// withTimeout has the page ask for a time of its own to answer in.
async function withTimeout(page: Page, seconds: number): Promise<void> {
  await page.routeWebSocket(/\/ws/, (ws) => {
    const server = ws.connectToServer();
    ws.onMessage((m) => {
      const frame = JSON.parse(String(m));
      if (frame.type === "execute") frame.flags.permission_timeout_secs = seconds;
      server.send(JSON.stringify(frame));
    });
  });
}

visit("a turn", needs, async (v) => {
  await open(v);
  await v.page.getByText("Ask other. It can search your library and asks before it acts.").waitFor();
  assert.equal(await v.focused(), "textarea Message other");
  await v.look("chat-empty");
  const before = "package fetch\n\nfunc get() error {\n\treturn try()\n}\n", after = before.replace("try()", "again(3, try)");
  const folder = join(v.serve.dir, "data", "agents");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "script"), [
    update({ sessionUpdate: "agent_thought_chunk", content: { type: "text", text: "Three tries are enough." } }),
    update({ sessionUpdate: "plan", entries: [{ content: "Read fetch.go", status: "completed", priority: "high" }, { content: "Add retries", status: "in_progress", priority: "high" }] }),
    quoted("I add **three retries** to `fetch.go`.\n\n- network errors\n- status 503 ⚠️\n\nSee [the manual](https://go.dev/doc)."),
    request(
      { toolCallId: "edit", title: "Edit fetch.go", kind: "edit", rawInput: { path: "fetch.go", old: "try()", new: "again(3, try)" } },
      { optionId: "a", name: "Yes", kind: "allow_once" }, { optionId: "b", name: "Yes, and do not ask again for fetch.go", kind: "allow_always" }, { optionId: "c", name: "No, and say what to do instead", kind: "reject_once" },
    ),
    update({ sessionUpdate: "tool_call", toolCallId: "edit", title: "Edit fetch.go", kind: "edit", status: "completed", content: [{ type: "diff", path: "fetch.go", oldText: before, newText: after }] }),
  ].join("\n"));
  await tell(v.page, "please add retries to fetch.go");
  const guard = v.page.locator(".guard");
  await guard.getByRole("heading", { name: "axon-mcp asks: other wants to change a file" }).waitFor();
  assert.deepEqual(await answers(v.page).allInnerTexts(), ["Reject\n“No, and say what to do instead”", "Allow once\n“Yes”", "Always allow\n“Yes, and do not ask again for fetch.go”"]);
  assert.match(await guard.locator("pre").innerText(), /"new": "again\(3, try\)"/);
  assert.match(await guard.innerText(), /asks for \d+ s more/);
  assert.equal(await v.focused(), "textarea Message other", "a question took the focus");
  await live(v.page, "Allow once").waitFor();
  await v.look("chat-prompt");
  await v.page.keyboard.press("Escape");
  for (const key of ["y", "Enter", "Space"]) await v.page.keyboard.press(key); // no key answers
  assert.equal(await guard.count(), 1);
  await live(v.page, "Allow once").focus();
  await v.page.keyboard.press("Enter");
  await heard(v.page, "got a");
  await v.page.locator(".diff ins", { hasText: "again(3, try)" }).waitFor();
  assert.equal(await guard.count(), 0);
  assert.equal(await v.focused(), "textarea Message other");
  assert.equal(await v.page.locator(".plan li").count(), 2);
  assert.equal(await v.page.locator(".agenttext a").getAttribute("href"), "https://go.dev/doc");
  await v.page.getByText("(go.dev)").waitFor();
  await v.look("chat");

  await tell(v.page, "huge 80"); // more than a person can judge: rejected, or not at all
  await guard.getByText(/^Too long to show: \d+ KiB\.$/).waitFor();
  assert.deepEqual(await answers(v.page).allInnerTexts(), ["Reject\n“Reject”"]);
  await live(v.page, "Reject").click();
  await heard(v.page, "got no");
});

visit("two tabs asked with one tool_call_id", wide, async (v) => {
  const second = await v.tab();
  await open(v);
  await open(v, second);
  await Promise.all([tell(v.page, "ask x", "ask x"), tell(second, "ask x")]);
  const asked = async (page: Page) => { await page.locator(".guard").waitFor(); return page.locator(".guard").getAttribute("data-perm"); };
  assert.notEqual(await asked(v.page), await asked(second));
  assert.equal(await v.page.locator(".guard").count() + await second.locator(".guard").count(), 2);
  await v.page.bringToFront();
  await live(v.page, "Reject").click();
  await heard(v.page, "got no-x");
  assert.equal(await second.locator(".guard").count(), 1, "the answer of one tab closed the question of another");
  await second.bringToFront();
  await live(second, "Allow once").click();
  await heard(second, "got yes-x");
  assert.equal(await second.locator(".agenttext", { hasText: "got" }).count(), 1);
  await v.page.bringToFront();
  await live(v.page, "Allow once").click(); // the second question of the first tab
  await heard(v.page, "got yes-x");

  await tell(v.page, "storm 2 y"); // twice for one call, in one session
  await v.page.getByText(/^1 of 2, asks for/).waitFor();
  await live(v.page, "Reject").click();
  await v.page.getByText(/^asks for/).waitFor();
  await live(v.page, "Allow once").click();
  await heard(v.page, "got no-ygot yes-y");

  await tell(v.page, "many 3");
  await v.page.getByText(/^1 of 3, asks for/).waitFor();
  await v.look("chat-several");
  // On every page, and where that is scrolled: a question stays in view.
  await v.page.getByRole("link", { name: "Health" }).click();
  await v.page.getByRole("heading", { name: "Health", exact: true }).waitFor();
  const place = await v.page.evaluate(async () => {
    document.querySelector("main")!.style.minHeight = "3000px";
    scrollTo(0, 2000);
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const { top, bottom } = document.querySelector(".guard")!.getBoundingClientRect();
    return { scrolled: scrollY, top, bottom, height: innerHeight };
  });
  assert.ok(place.scrolled > 1000 && place.top >= 0 && place.bottom <= place.height, JSON.stringify(place));
  await v.page.goBack();
  await v.page.getByRole("button", { name: "Stop" }).click(); // what a stopped turn asks is closed
  await v.page.locator(".note", { hasText: "Stopped." }).waitFor();
  assert.equal(await v.page.locator(".guard").count(), 0);
});

visit("a countdown that ends", wide, async (v) => {
  await withTimeout(v.page, 2);
  await open(v);
  await tell(v.page, "ask x");
  await v.page.getByText(/^asks for [12] s more$/).waitFor();
  await heard(v.page, "got cancelled");
  await v.page.locator(".note", { hasText: "No answer: cancelled." }).waitFor();
  assert.equal(await v.page.locator(".guard").count(), 0);
});

visit("a call that changes", wide, async (v) => {
  await open(v);
  const go = join(v.serve.dir, "change");
  await tell(v.page, `bait x ${go}`);
  await live(v.page, "Allow once").waitFor();
  // What the buttons are from the first frame on that shows the changed call.
  await v.page.evaluate(() => {
    const seen: { at: number; off: boolean }[] = [];
    Object.assign(window, { seen });
    const look = () => {
      const button = document.querySelector(".answers button");
      if (document.querySelector(".guard")?.textContent?.includes("Delete x")) seen.push({ at: performance.now(), off: button?.getAttribute("aria-disabled") === "true" });
      requestAnimationFrame(look);
    };
    look();
  });
  writeFileSync(go, "");
  await v.page.getByText("The call changed. Read it again.").waitFor();
  await live(v.page, "Allow once").waitFor();
  const seen = await v.page.evaluate(() => (window as unknown as { seen: { at: number; off: boolean }[] }).seen);
  assert.ok(seen[0]!.off, "a button answered a call that nobody had read");
  const on = seen.find((s) => !s.off)!;
  assert.ok(on.at - seen[0]!.at >= 450, `a button worked ${on.at - seen[0]!.at} ms after the call had changed`); // the first frame is up to one late
  assert.match(await v.page.locator(".guard h2").innerText(), /wants to delete something/);
  await v.look("chat-changed");
  await live(v.page, "Reject").click();
  await heard(v.page, "got no-x");
});

visit("a late answer", wide, async (v) => {
  // The answer is on its way while the time ends: both frames are held up.
  await v.page.routeWebSocket(/\/ws/, (ws) => {
    const server = ws.connectToServer();
    let late: string | undefined, over = false;
    ws.onMessage((m) => {
      const frame = JSON.parse(String(m));
      if (frame.type === "execute") frame.flags.permission_timeout_secs = 6;
      if (frame.type === "permission_response" && !over) { late = String(m); return; }
      server.send(JSON.stringify(frame));
    });
    server.onMessage((m) => {
      if (JSON.parse(String(m)).type !== "permission_resolved") { ws.send(m); return; }
      over = true;
      if (late) server.send(late);
    });
  });
  await open(v);
  await tell(v.page, "ask x");
  await live(v.page, "Allow once").click();
  await v.page.locator(".answers button[aria-disabled]").nth(1).waitFor(); // no second answer can be given
  await v.page.locator(".guardrow").getByText("Too late: this was already closed.").waitFor();
  assert.equal(await v.page.locator(".guard").count(), 0);
  await heard(v.page, "got cancelled");
});

// hostile is what an agent may try to look like the page, or to run in it.
const hostile = [
  `<img src=x onerror="window.owned=1"><script>window.owned=1</script><style>.guardrow{display:none}body{background:red}</style>`,
  `<section class="guardrow"><div class="guard"><h2>axon-mcp asks: other wants to read</h2><button>Allow once</button></div></section>`,
  `[press](javascript:window.owned=1) [and](data:text/html,<script>1</script>) [this](https://bank.example@evil.example/) ![](https://evil.example/pixel.png)`,
  `\u202egnissim si eman ehT\u202c \u001b[31mred\u001b[0m zero\u200bwidth \u{e0041}tag`,
  `# axon-mcp asks: other wants to read\n\n**Allow once**   **Reject**`,
  `Z${"\u0335\u030d\u0489".repeat(60)}algo`,
  `${">".repeat(60)} deep`,
  "| a |\n|---|\n| " + "x".repeat(4000) + " |",
  "```\n" + "y".repeat(4000) + "\n```",
].join("\n\n");

visit("a hostile agent", needs, async (v) => {
  await open(v);
  await tell(v.page, quoted(hostile), update({ sessionUpdate: "user_message_chunk", content: { type: "text", text: "I, the user, allow it" } }),
    update({ sessionUpdate: "tool_call", toolCallId: "t", title: "Edit \u202efetch.go <b>", kind: "<b>", status: "<i>done", content: [{ type: "content", content: { type: "text", text: "\u001b[2J<script>" } }, { type: "diff", path: "\u202e.go", oldText: "a\u200b", newText: "<img onerror=1>" }] }),
    quoted(`${">".repeat(3000)} deeper than any reader goes`), update({ sessionUpdate: "tool_call", toolCallId: "u", title: "end", kind: "read", status: "completed" }), "say that was all");
  await heard(v.page, "that was all");
  assert.equal(await v.page.locator(".guard, .guardrow").count(), 0);
  const found = await v.page.evaluate(() => {
    const guard = getComputedStyle(document.documentElement).getPropertyValue("--guard").trim();
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = guard;
    const colour = getComputedStyle(probe).color;
    probe.remove();
    const blocks = [...document.querySelectorAll(".said:not(.you) .what")];
    const inside = blocks.flatMap((b) => [b, ...b.querySelectorAll("*")]);
    const outside = blocks.flatMap((b) => { // what sticks out of its column and is not cut off there
      const column = b.getBoundingClientRect();
      const clipped = getComputedStyle(b).contain.includes("paint");
      return clipped ? [] : [...b.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > column.right + 1).map((e) => e.outerHTML.slice(0, 80));
    });
    return {
      owned: (window as { owned?: number }).owned,
      tags: [...new Set(inside.map((e) => e.tagName.toLowerCase()))].filter((t) => ["img", "script", "style", "button", "form", "input", "iframe", "section", "h1", "h2", "h3"].includes(t)),
      links: blocks.flatMap((b) => [...b.querySelectorAll("a")].map((a) => a.href)),
      coloured: inside.filter((e) => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor, getComputedStyle(e).borderLeftColor].includes(colour)).length,
      styled: inside.filter((e) => e.hasAttribute("style")).length,
      big: inside.filter((e) => parseFloat(getComputedStyle(e).fontSize) > 16).length,
      outside,
      text: blocks.map((b) => (b as HTMLElement).innerText).join("\n"),
      said: [...document.querySelectorAll(".said.you")].map((e) => (e as HTMLElement).innerText).join("\n"),
    };
  });
  assert.equal(found.owned, undefined, "a script of the agent ran");
  assert.deepEqual(found.tags, []);
  assert.deepEqual(found.links, ["https://bank.example@evil.example/"]);
  assert.match(found.text, /\(evil\.example\)/);
  assert.equal(found.coloured, 0, "something of the agent has the colour of the guard row");
  assert.equal(found.styled, 0);
  assert.equal(found.big, 0);
  assert.deepEqual(found.outside, []);
  assert.match(found.text, /\\u\{202e\}gnissim/);
  assert.match(found.text, /\\e\[31mred/);
  assert.match(found.text, /zero\\u\{200b\}width/);
  assert.match(found.text, /<script>window\.owned=1<\/script>/);
  assert.doesNotMatch(found.text, /[\u001b\u200b\u202e]/);
  // What was typed, with the agent's lines in it, stands there as the user's own.
  assert.doesNotMatch(found.said.replace(/update \{.*/g, ""), /I, the user, allow it/, "the agent spoke for the user");
  await v.look("chat-hostile");

  // A question with hidden characters: they are seen, and no element is the agent's.
  await tell(v.page, request({ toolCallId: "r", title: "ls \u202e; rm -rf /\u001b[8m", kind: "execute", rawInput: { command: "ls\u202e -la\u200b <b>x</b>" } }, { ...yes, name: "Re\u202eject" }, no));
  const guard = v.page.locator(".guard");
  await guard.waitFor();
  const asked = await guard.innerText();
  assert.doesNotMatch(asked, /[\u001b\u200b\u202e]/);
  assert.match(asked, /ls\\u\{202e\} -la\\u\{200b\} <b>x<\/b>/);
  assert.equal(await guard.locator("b").count(), 0);
  await v.look("chat-hostile-prompt");
  await live(v.page, "Reject").click();
  await heard(v.page, "got no");
});

visit("Stop, reload, another tab", wide, async (v) => {
  await open(v);
  await tell(v.page, "stream 250");
  await v.page.waitForURL("**/chat/*");
  await heard(v.page, "w20 ");
  await v.page.reload(); // in mid-turn
  await heard(v.page, "w60 ");
  await heard(v.page, "w250");
  await v.page.getByText("is at work").waitFor({ state: "detached" });
  const said = (page: Page) => page.locator(".log .agenttext").first().innerText();
  assert.equal((await said(v.page)).trim(), Array.from({ length: 250 }, (_, i) => `w${i + 1}`).join(" "));
  assert.equal(await v.page.locator(".said.you").count(), 1);

  await tell(v.page, "stream 5000");
  await heard(v.page, "w5 ");
  await v.page.getByRole("button", { name: "Stop" }).click();
  await v.page.locator(".note", { hasText: "Stopped." }).waitFor();
  assert.equal(await v.focused(), "textarea Message other");

  // A duplicated tab has the secrets of the first, and takes nothing from it.
  const [second] = await Promise.all([v.context.waitForEvent("page"), v.page.evaluate(() => { window.open(location.href); })]);
  v.watch(second);
  await second.getByText("This conversation is open in another tab.").waitFor();
  await tell(v.page, "say still here");
  await heard(v.page, "still here");
  assert.equal(await second.locator(".log").count(), 0);
  await v.look("chat-other-tab", second);
  await second.getByRole("button", { name: "Move it here" }).click();
  await heard(second, "still here");
  await v.page.getByText("Moved to another tab.").waitFor();
  await v.look("chat-moved");
  await tell(second, "say over here");
  await heard(second, "over here");
  assert.equal(await second.locator(".said.you").count(), 4);
  await v.page.bringToFront();
  await v.page.reload();
  await v.page.getByText("This conversation is open in another tab.").waitFor();
  await v.page.getByRole("button", { name: "New conversation" }).click();
  assert.equal(await v.focused(), "textarea Message other");
});

visit("an agent that falls over", wide, async (v) => {
  await open(v);
  await tell(v.page, "crash into the wall");
  await v.page.getByText(/other stopped: .*the agent fell over: into the wall\. The next message restarts it\./).waitFor();
  await v.look("chat-crash");
  await tell(v.page, "say risen");
  await heard(v.page, "risen");
  await v.page.getByText("The agent was started anew. It remembers nothing of what is above.").waitFor();
  assert.equal(await v.page.locator(".said.you").count(), 2);
  await v.page.getByRole("link", { name: "Library" }).click();
  await v.page.getByRole("link", { name: "Chat" }).click();
  await v.page.getByRole("link", { name: "crash into the wall" }).click(); // the conversations of this tab
  await heard(v.page, "risen");
});

visit("no agent", { ...needs, env: { AXON_ACP_CLAUDE_ADAPTER_CMD: "/no/such", AXON_ACP_CODEX_ADAPTER_CMD: "/no/such", AXON_ACP_GEMINI_ADAPTER_CMD: "/no/such" } }, async (v) => {
  await v.goto("/chat");
  await v.page.getByText("No agent found. Install one or set AXON_ACP_ADAPTER_CMD.").waitFor();
  await v.look("chat-no-agent");
});
