// Visits 3 and 5: a marked passage, the reader at it, the same after a reload;
// filters in the address, Back undoes one, words for no hit.
import assert from "node:assert/strict";
import { visit } from "./harness.ts";

visit("search and read", {}, async (v) => {
  await v.index();
  await v.goto("/");
  await v.page.locator("#box:focus").waitFor();
  await v.page.keyboard.type("duplicate keys json");
  await v.page.locator("article.hit mark").first().waitFor();
  await v.page.waitForURL(/\/search\?q=duplicate\+keys\+json$/);
  assert.match(await v.page.locator("article.hit mark").first().innerText(), /duplicate|key|json/i);
  const title = await v.page.locator("[data-row-main]").first().innerText();
  await v.page.keyboard.press("Escape");
  await v.page.keyboard.press("Escape");
  await v.page.keyboard.press("j");
  await v.page.keyboard.press("Enter");
  await v.page.waitForURL("**/doc?*");
  const seen = async () => {
    const passage = v.page.locator("[data-passage]");
    await passage.waitFor();
    await v.page.waitForFunction(() => { const r = document.querySelector("[data-passage]")!.getBoundingClientRect(); return r.top < innerHeight && r.bottom > 0; });
    return passage.innerText();
  };
  const passage = await seen();
  assert.equal(await v.page.title(), `${title} - Library - axon`);
  await v.page.reload(); // before look, which changes widths and with them the place
  assert.equal(await seen(), passage, "a reload gives the same");
  await v.look("reader");
  const at = v.page.url();
  await v.page.keyboard.press("]");
  await v.page.waitForFunction((url) => location.href !== url, at);
  await v.page.keyboard.press("[");
  await v.page.waitForFunction((url) => location.href === url, at);
  await v.goto(`/doc?${new URLSearchParams({ url: `${v.site.url}library/json.html` })}#basic-usage`);
  await v.page.waitForFunction(() => { const r = document.getElementById("at-basic-usage")?.getBoundingClientRect(); return r !== undefined && r.top >= 0 && r.top < innerHeight; });
  await v.goto("/doc?url=https%3A%2F%2Fgo.dev%2Fnowhere");
  v.expect(/404/);
  await v.page.getByRole("heading", { name: "This page is not in the library." }).waitFor();
  await v.page.getByRole("link", { name: "Add it" }).waitFor();
  await v.look("not-in-library");
});

visit("filters", {}, async (v) => {
  await v.index();
  await v.goto("/search?q=zyxwvutsrq");
  await v.page.getByText(/^Note: no word of the query is in .*\.$/).waitFor();
  await v.goto("/search?q=pickle");
  await v.page.locator("article.hit").first().waitFor();
  const pick = async (label: string, value: string) => {
    if (v.view.width < 640) await v.page.getByRole("button", { name: /^Filters/ }).click();
    await v.page.getByRole("combobox", { name: label, exact: true }).selectOption(value);
    if (v.view.width < 640) await v.page.getByRole("button", { name: "Done" }).click();
  };
  await pick("mode", "keyword");
  await v.page.waitForURL(/mode=keyword/);
  await pick("source", "file");
  await v.page.waitForURL(/mode=keyword.*source=file|source=file.*mode=keyword/);
  await v.page.getByText("No passage matches. Use fewer words, clear the filters, or add the site.").waitFor();
  await v.look("no-hit");
  await v.page.goBack();
  await v.page.waitForURL((u) => !u.search.includes("source") && u.search.includes("mode=keyword"));
  await v.page.locator("article.hit").first().waitFor();
  await v.page.goBack();
  await v.page.waitForURL((u) => !u.search.includes("mode"));
});
