// Drives the page of a running serve in a real Chromium: run.ts PAGE SITE [SHOTS].
// A console error, a request to elsewhere or an axe violation fails it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [home = "", site = "", shots = ""] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const browser = await chromium.launch({ executablePath: process.env.AXON_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const wrong: string[] = [];
for (const [width, scheme] of [[1280, "light"], [390, "dark"]] as const) {
  const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme: scheme });
  page.on("console", (m) => { if (m.type() === "error") wrong.push(`${width}: ${m.text()}`); });
  page.on("pageerror", (e) => wrong.push(`${width}: ${e.message}`));
  page.on("request", (r) => { if (!r.url().startsWith(home)) wrong.push(`outside: ${r.url()}`); });
  const look = async (name: string) => {
    await page.waitForTimeout(150); // only so that a picture is settled
    if (shots) await page.screenshot({ path: `${shots}/${name}-${width}-${scheme}.png` });
    await page.evaluate(axe).catch((e: Error) => wrong.push(e.message));
    const found = (await page.evaluate("axe.run()")) as { violations: { id: string; nodes: { html: string }[] }[] };
    for (const v of found.violations) wrong.push(`${name} ${width}: axe ${v.id}: ${v.nodes[0]?.html}`);
  };
  await page.goto(home);
  await page.fill("#box", site);
  await look("home");
  await page.press("#box", "Enter");
  await page.waitForURL("**/jobs/*");
  await page.getByText("✓ completed").waitFor({ timeout: 60_000 });
  await look("job");
  await page.goto(`${home}/search?q=duplicate+keys+json`);
  await page.locator("mark").first().waitFor();
  await look("search");
  await page.locator("ul.rows a").first().click();
  await page.locator(".prose").waitFor();
  await look("reader");
  for (const [path, words] of [["library", "passages"], ["jobs", "completed"], ["health", "ok"], ["connect", "Claude"]] as const) {
    await page.goto(`${home}/${path}`);
    await page.getByText(words).first().waitFor();
    await look(path);
  }
  await page.close();
}
await browser.close();
for (const line of wrong) console.error(line);
process.exit(wrong.length ? 1 : 0);
