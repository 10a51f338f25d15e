// The first visit, a search and the palette without a mouse. The focus never
// stays on the body: a keyboard would start anew from there.
import assert from "node:assert/strict";
import { visit, type Visit } from "./harness.ts";

// watched notes where the body had the focus for ten frames though there is a page.
async function watched(v: Visit): Promise<void> {
  await v.page.addInitScript(() => {
    const lost: string[] = [];
    Object.assign(window, { lost });
    let frames = 0;
    const look = () => {
      const nobody = document.activeElement === document.body && document.querySelector("h1") !== null;
      frames = nobody ? frames + 1 : 0;
      if (frames === 10) lost.push(`${location.pathname}: ${document.querySelector("h1")?.textContent}`);
      requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
  });
}
const lost = (v: Visit) => v.page.evaluate(() => (window as unknown as { lost: string[] }).lost);

async function type(v: Visit, ...keys: string[]): Promise<void> {
  for (const key of keys) await v.page.keyboard.press(key);
}

visit("by keyboard", {}, async (v) => {
  await watched(v);
  const { page } = v;
  const heading = (name: string | RegExp) => page.getByRole("heading", { level: 1, name });
  await v.goto("/");
  await page.locator("#box:focus").waitFor();
  await page.keyboard.type(v.site.url);
  await type(v, "Enter");
  await page.waitForURL("**/jobs/*");
  await page.locator("h1:focus").waitFor();
  await page.waitForFunction(async (id) => (await (await fetch(`/api/jobs/${id}`)).text()).includes('"status":"completed"'), page.url().split("/").pop(), { polling: 300 });

  // Visit 3.
  await type(v, "g", "s");
  await page.waitForURL("**/search");
  if ((await v.focused()).startsWith("h1")) await type(v, "/");
  await page.locator("#box:focus").waitFor();
  await page.keyboard.type("duplicate keys json");
  await page.locator("mark").first().waitFor();
  await type(v, "Escape", "Escape"); // the list, then the field
  assert.notEqual(await page.evaluate(() => document.activeElement?.id), "box");
  await type(v, "j", "j", "k");
  const row = page.locator("[data-current=true] [data-row-main]:focus");
  await row.waitFor();
  assert.equal(await page.locator("[data-current=true]").getAttribute("aria-posinset"), "1");
  await v.look("row");
  await row.waitFor();
  const title = await row.textContent();
  await type(v, "Enter");
  await page.waitForURL("**/doc?*");
  await page.locator("h1:focus").waitFor();
  await page.locator(".prose").waitFor();
  assert.match(await page.title(), / - Library - axon$/);
  await page.goBack();
  await row.waitFor();
  assert.equal(await row.textContent(), title, "Back restores the row");

  // The palette: the row's actions, pages, domains.
  await type(v, "Control+k");
  const input = page.getByRole("combobox", { name: "Search pages and actions" });
  await input.waitFor();
  assert.equal(await v.focused(), "input Search pages and actions");
  await page.getByRole("option", { name: /Copy link/ }).waitFor();
  await v.look("palette");
  await type(v, "ArrowDown", "ArrowUp", "Escape");
  await row.waitFor(); // back where it came from
  await type(v, "Control+k");
  await page.keyboard.type("libr");
  await type(v, "Enter");
  await page.waitForURL("**/library");
  await page.locator("h1:focus").waitFor();
  assert.equal(await page.title(), "Library - axon");
  await type(v, "Control+k");
  await page.keyboard.type("127.0.0.1");
  await page.getByRole("option", { name: /127\.0\.0\.1/ }).first().waitFor();
  await type(v, "Enter");
  await page.waitForURL("**/library/*");
  await page.locator("h1:focus").waitFor();

  // The keys, and their switch.
  await type(v, "?");
  await heading(/./).first().waitFor();
  const keys = page.getByRole("dialog", { name: "Keys" });
  await keys.waitFor();
  assert.equal(await v.focused(), "button Close");
  await v.look("keys");
  await page.getByLabel(/Single keys are on/).focus();
  await type(v, "Space", "Escape");
  await keys.waitFor({ state: "detached" });
  await type(v, "g", "h");
  assert.match(page.url(), /\/library\//, "the keys are off");
  await type(v, "Control+k");
  await page.keyboard.type("keys");
  await type(v, "Enter");
  await page.getByLabel(/Single keys are on/).focus();
  await type(v, "Space", "Escape", "g", "h");
  await page.waitForURL("**/health");

  // The skip link is the first stop, before the name of the program.
  await page.getByRole("link", { name: "axon", exact: true }).focus();
  await type(v, "Shift+Tab");
  assert.equal(await v.focused(), "a Skip to content");
  await type(v, "Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
  assert.deepEqual(await lost(v), []);
});
