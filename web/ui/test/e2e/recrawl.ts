// Visit 8: a re-crawl of what has not changed says so; and the pages that list.
import assert from "node:assert/strict";
import { visit } from "./harness.ts";

visit("re-crawl", {}, async (v) => {
  await v.index();
  const { documents } = (await (await fetch(`${v.home}/api/stats`)).json()) as { documents: number };
  v.site.asked.length = 0;
  await v.goto("/library");
  await v.page.getByText(`${documents} pages`).first().waitFor();
  await v.look("library");
  // A row that is pressed looks as before: an age that were told anew there could
  // wrap, and the button would no longer be where the finger comes up.
  const age = v.page.getByRole("main").locator("time").first();
  const told = await age.textContent();
  await v.page.clock.setFixedTime(Date.now() + 3_600_000);
  await v.page.getByRole("button", { name: "Re-crawl 127.0.0.1" }).focus();
  await v.page.locator("[data-current=true]").waitFor();
  assert.equal(await age.textContent(), told);
  await v.page.clock.setSystemTime(Date.now());
  await v.page.getByRole("button", { name: "Re-crawl 127.0.0.1" }).click();
  await v.page.waitForURL("**/jobs/*");
  await v.page.locator(".figures", { hasText: `${documents} unchanged` }).waitFor({ timeout: 60_000 });
  const pages = v.site.asked.filter((p) => p !== "robots.txt");
  assert.equal(new Set(pages).size, pages.length, "each page is asked for once");
  await v.look("recrawled");
});
