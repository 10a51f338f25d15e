// Visits 6 and 7: one document is deleted with Undo, and not at all when the tab
// is closed; a site's deletion asks with the figures of the dry run.
import assert from "node:assert/strict";
import { visit, type Visit } from "./harness.ts";

const documents = async (v: Visit) => ((await (await fetch(`${v.home}/api/stats`)).json()) as { documents: number }).documents;

visit("delete one", {}, async (v) => {
  await v.index();
  const before = await documents(v);
  await v.goto("/library/127.0.0.1");
  const row = (page = v.page) => page.getByRole("listitem").filter({ hasText: "/library/json.html" });
  const press = async (page = v.page) => {
    await row(page).getByRole("button", { name: /^Delete/ }).click();
    await page.locator(".toast", { hasText: /^Deleted json/ }).first().waitFor();
    await row(page).waitFor({ state: "detached" });
  };
  await press();
  await v.page.getByRole("button", { name: "Undo" }).click();
  await row().waitFor();
  assert.equal(await documents(v), before, "undone, nothing is deleted");

  const tab = await v.tab();
  await tab.goto(`${v.home}/library/127.0.0.1`);
  await press(tab);
  await tab.waitForTimeout(4_000); // the person closes the tab after four seconds
  await tab.close();
  await v.page.waitForTimeout(6_000); // longer than the toast would have stood
  assert.equal(await documents(v), before, "a closed tab deletes nothing");

  await press();
  await v.page.mouse.move(0, 0); // the toast's time runs
  await v.page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
  await v.page.locator(".toast").waitFor({ state: "detached", timeout: 20_000 });
  for (let i = 0; (await documents(v)) !== before - 1; i++) {
    assert.ok(i < 50, "the toast is over and the document is still there");
    await v.page.waitForTimeout(100); // polls
  }
});

visit("delete a site", {}, async (v) => {
  await v.index();
  await v.goto("/library");
  const dry = (await (await fetch(`${v.home}/api/forget`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ domain: "127.0.0.1" }) })).json()) as { documents: number; chunks: number };
  await v.page.getByRole("button", { name: "Delete 127.0.0.1" }).click();
  const dialog = v.page.getByRole("dialog", { name: "Delete 127.0.0.1?" });
  await dialog.getByText(new RegExp(`^${dry.documents} documents and ${dry.chunks} passages \\(.+\\) leave the index\\.$`)).waitFor();
  assert.equal(await v.focused(), "button Keep", "the first focus is on the least destructive control");
  await v.look("library-delete");

  // Figures that have changed meanwhile are asked again.
  await v.serve.execute("embed", "# Notes\n\nOf another page.", {});
  const forgotten = await fetch(`${v.home}/api/forget`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ url: `${v.site.url}library/csv.html` }) }).then((r) => r.json() as Promise<{ confirm: string }>);
  await fetch(`${v.home}/api/forget`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ url: `${v.site.url}library/csv.html`, dry_run: false, confirm: forgotten.confirm }) });
  v.expect(/409/);
  await dialog.getByRole("button", { name: `Delete ${dry.documents} documents` }).click();
  await dialog.getByText("The figures have changed. Look again:").waitFor();
  await dialog.getByRole("button", { name: `Delete ${dry.documents - 1} documents` }).click();
  await dialog.waitFor({ state: "detached" });
  const begun = performance.now();
  for (;;) {
    const found = (await (await fetch(`${v.home}/api/query?query=json&domains=127.0.0.1`)).json()) as { hits: unknown[] };
    if (found.hits.length === 0) break;
    assert.ok(performance.now() - begun < 1_000, "still found a second after its deletion");
  }
  await v.page.getByText("127.0.0.1").waitFor({ state: "detached" });
});
