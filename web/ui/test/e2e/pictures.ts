// Makes the pictures of docs/images: pictures.ts DIR. It is no test.
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { Serve, Site, browser } from "./harness.ts";

const dir = process.argv[2] ?? "../../docs/images";
const pages = [
  "json", "csv", "pickle", "shelve", "marshal", "dbm", "sqlite3", "zlib", "gzip", "bz2", "lzma", "zipfile", "tarfile", "configparser", "tomllib", "hashlib",
  "hmac", "secrets", "os", "io", "time", "argparse", "logging", "getpass", "platform", "errno", "ctypes", "threading", "asyncio", "socket", "ssl", "select",
].map((p) => `library/${p}.html`);

const site = await Site.start(pages);
const serve = await Serve.start({ AXON_ALLOW_HOSTS: site.host });

async function open(width: number, colorScheme: "light" | "dark"): Promise<Page> {
  const context = await (await browser()).newContext({ viewport: { width, height: width < 640 ? 780 : 800 }, colorScheme, locale: "en-GB" });
  return context.newPage();
}

async function take(page: Page, name: string): Promise<void> {
  await page.waitForTimeout(400); // what moves has come to rest
  const path = join(dir, `${name}.png`);
  await page.screenshot({ path });
  console.log(`${path} ${Math.round(statSync(path).size / 1000)} kB`);
}

try {
  const page = await open(1280, "light");
  await page.goto(serve.home);
  await page.fill("#box", site.url);
  await take(page, "home");
  site.delay = 900;
  await page.press("#box", "Enter");
  await page.waitForURL("**/jobs/*");
  while (site.asked.length < pages.length * 0.6) await page.waitForTimeout(100);
  await take(page, "job");
  site.delay = 0;
  await page.waitForFunction(async (id) => (await (await fetch(`/api/jobs/${id}`)).text()).includes('"status":"completed"'), page.url().split("/").pop(), { polling: 300 });
  const found = async (at: Page) => {
    await at.goto(`${serve.home}/search?q=duplicate+keys+json`);
    await at.locator("mark").first().waitFor();
    await at.keyboard.press("Escape");
  };
  await found(page);
  await page.keyboard.press("j");
  await take(page, "search");
  await page.keyboard.press("Enter");
  await page.locator(".prose").waitFor();
  await take(page, "reader");
  await page.goto(`${serve.home}/library`);
  await page.getByText(/passages/).first().waitFor();
  await take(page, "library");
  await page.goto(`${serve.home}/health`);
  await page.getByText(/^ok$/).first().waitFor();
  await take(page, "health");
  const phone = await open(390, "light");
  await found(phone);
  await take(phone, "phone");
  const dark = await open(1280, "dark");
  await found(dark);
  await dark.keyboard.press("j");
  await dark.keyboard.press("Control+k");
  await dark.getByRole("dialog").getByRole("option").first().waitFor();
  await take(dark, "dark");
} finally {
  await (await browser()).close();
  await serve.stop(true);
  site.stop();
}
