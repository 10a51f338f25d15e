// The first visit: an empty index, a pasted address, a first hit.
import { visit } from "./harness.ts";

visit("first visit", {}, async (v) => {
  await v.goto("/");
  await v.page.fill("#box", v.site.url);
  await v.look("home");
  await v.page.press("#box", "Enter");
  await v.page.waitForURL("**/jobs/*");
  await v.page.getByText("✓ completed").waitFor({ timeout: 60_000 });
  await v.look("job");
  await v.goto("/search?q=duplicate+keys+json");
  await v.page.locator("mark").first().waitFor();
  await v.look("search");
  await v.page.locator("ul.rows a").first().click();
  await v.page.locator(".prose").waitFor();
  await v.look("reader");
});
