// The pages that list and help: health, connect, a preview.
import assert from "node:assert/strict";
import { visit } from "./harness.ts";

visit("health and connect", {}, async (v) => {
  await v.index();
  await v.goto("/search?q=json");
  await v.page.locator("article.hit").first().waitFor();
  await v.goto("/health");
  await v.page.getByText(/^Queries in this browser, last 1: p50 /).first().waitFor();
  await v.page.locator("main [role=status].ok, main [role=status].warn").first().waitFor({ timeout: 60_000 }); // the checks start a browser
  await v.look("health");
  await v.page.getByRole("button", { name: "Show as table" }).click();
  await v.page.getByRole("columnheader", { name: "ms" }).waitFor();
  await v.goto("/connect");
  await v.page.getByRole("tab", { name: "Claude Code" }).press("ArrowRight");
  await v.page.waitForURL(/client=claude-desktop/);
  await v.page.getByRole("tab", { name: "HTTP" }).click();
  await v.page.getByText("The key is in your environment or in the file that axon-mcp serve named.").waitFor();
  assert.ok((await v.page.locator("main").innerText()).includes("${AXON_MCP_API_KEY}"));
  await v.look("connect");
});

visit("preview", {}, async (v) => {
  await v.goto(`/add?${new URLSearchParams({ url: v.site.url })}`);
  await v.page.getByRole("button", { name: "Preview" }).click();
  await v.page.getByText(/^Preview: 4 pages from its links$/).waitFor({ timeout: 60_000 });
  await v.page.getByRole("checkbox", { name: /csv/ }).uncheck();
  await v.page.getByText("1 unticked and left out").waitFor();
  await v.look("preview");
  await v.page.getByRole("button", { name: "Add", exact: true }).click();
  await v.page.waitForURL("**/jobs/*");
  await v.page.locator(".badge", { hasText: "completed" }).waitFor({ timeout: 60_000 });
  const found = (await (await fetch(`${v.home}/api/sources?limit=100`)).json()) as { sources: { url: string }[] };
  assert.deepEqual(found.sources.map((s) => new URL(s.url).pathname), ["/", "/library/json.html", "/library/pickle.html"]);
});
