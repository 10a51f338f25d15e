// Visit 1: an empty index, a pasted address, a first hit; three actions and no
// click.
import assert from "node:assert/strict";
import { visit } from "./harness.ts";

visit("first visit", {}, async (v) => {
  await v.goto("/");
  await v.page.getByText("Nothing is indexed yet. Paste the address of a documentation site.").waitFor();
  assert.match(await v.focused(), /^input/, "the cursor is in the box");
  await v.look("empty");
  await v.page.keyboard.type(v.site.url);
  await v.page.getByRole("option", { name: /^Add 127\.0\.0\.1/ }).waitFor();
  await v.look("home");
  await v.page.keyboard.press("Enter");
  const begun = performance.now();
  await v.page.waitForURL("**/jobs/*");
  const ask = v.page.getByLabel("Ask what it has read so far");
  await ask.waitFor({ timeout: 60_000 });
  await ask.fill("duplicate keys json");
  await ask.press("Enter");
  await v.page.locator("article.hit mark").first().waitFor({ timeout: 60_000 });
  console.log(`first hit ${((performance.now() - begun) / 1000).toFixed(1)} s after Enter`);
  assert.match(v.page.url(), /\/search\?q=duplicate\+keys\+json&domain=127\.0\.0\.1$/);
  await v.look("search");
});
