// The server goes away and comes back while a job runs.
import assert from "node:assert/strict";
import { visit } from "./harness.ts";

const some = ["json", "csv", "pickle", "shelve", "marshal", "dbm", "zlib", "gzip", "bz2", "lzma", "zipfile", "tarfile"].map((p) => `library/${p}.html`);

visit("server stopped and started", { pages: some }, async (v) => {
  v.expect(/ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket connection/);
  v.site.delay = 400;
  await v.goto("/");
  await v.page.fill("#box", v.site.url);
  await v.page.press("#box", "Enter");
  await v.page.waitForURL("**/jobs/*");
  const id = v.page.url().split("/").pop()!;
  while (v.site.asked.length < 4) await v.page.waitForTimeout(50); // some pages are read
  const cancel = v.page.getByRole("button", { name: "Cancel" });
  await cancel.waitFor(); // the page has the job
  const focus = await v.focused();

  await v.serve.stop(true); // the plug is pulled
  await v.page.getByText(/Connection lost\. Trying again in \d+ s; this may be old\./).waitFor();
  assert.equal(await cancel.getAttribute("aria-disabled"), "true");
  assert.equal(await cancel.getAttribute("title"), "Not while the connection is lost.");
  await v.look("offline");
  assert.equal(await v.focused(), focus, "a bar moves no focus");
  for (let n = 0; n < 6; n++) {
    const now = v.page.getByRole("button", { name: "Now" });
    await now.click();
    await v.page.waitForTimeout(300);
  }
  await v.page.getByText("axon-mcp does not answer. Is `axon-mcp serve` running?").first().waitFor();
  await v.look("away");

  await v.serve.start();
  await v.page.getByRole("button", { name: "Now" }).click();
  await v.page.getByText("Connected again.").first().waitFor();
  v.site.delay = 0;
  type Told = { status: string };
  const ask = async () => { const a = (await (await fetch(`${v.home}/api/jobs/${id}`)).json()) as Told & { jobs?: Told[] }; return a.jobs?.[0] ?? a; };
  while ((await ask()).status !== "completed") await v.page.waitForTimeout(200); // polls, as the page does
  const { documents } = (await (await fetch(`${v.home}/api/stats`)).json()) as { documents: number };
  const shown = (n: number) => new RegExp(`(^|\\D)${n}(\\D|$)`).test(document.querySelector("[role=progressbar], progress")?.getAttribute("aria-valuetext") ?? "");
  await v.page.waitForFunction(shown, documents);
  await v.look("back");
});
