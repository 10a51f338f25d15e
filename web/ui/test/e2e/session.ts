// Who is let in, and what is said to who is not.
import assert from "node:assert/strict";
import { visit } from "./harness.ts";

const token = "visit-0123456789abcdef-full";
const readsOnly = "visit-0123456789abcdef-read";
const tokens = { AXON_WEB_API_TOKEN: token, AXON_WEB_BROWSER_API_TOKEN: readsOnly, AXON_LOG_LEVEL: "debug" };

visit("sign-in", { env: tokens }, async (v) => {
  v.expect(/status of 40[13]/);
  await v.index(token);
  const addresses: string[] = [];
  v.page.on("request", (r) => addresses.push(r.url()));
  v.page.on("websocket", (s) => addresses.push(s.url()));
  const wanted = "/search?q=duplicate+keys+json";
  await v.goto(wanted);
  await v.page.getByText("This server asks for its web token (AXON_WEB_API_TOKEN).").waitFor();
  const field = v.page.getByLabel("Web token");
  assert.equal(await v.focused(), "input Web token");
  await v.look("signin");

  const attempt = async (what: string) => { await field.fill(what); await field.press("Enter"); };
  await attempt("no-such-0123456789abcdef");
  await v.page.getByText("That token was not accepted.").waitFor();
  assert.equal(await field.inputValue(), "");
  await v.look("signin-wrong");
  await attempt(readsOnly);
  await v.page.getByText("That token only reads. This page needs AXON_WEB_API_TOKEN.").waitFor();
  await attempt(token);
  await v.page.locator("mark").first().waitFor();
  assert.equal(v.page.url(), v.home + wanted);

  // A restarted server knows no session: asked again, at the same address. The
  // page may notice meanwhile that nobody answers.
  v.expect(/ERR_CONNECTION_(REFUSED|RESET)|ERR_EMPTY_RESPONSE|WebSocket connection/);
  await v.serve.stop();
  await v.serve.start();
  await v.page.reload();
  await attempt(token);
  await v.page.locator("mark").first().waitFor();
  assert.equal(v.page.url(), v.home + wanted);

  const kept = await v.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, document.documentElement.outerHTML]));
  for (const secret of [token, readsOnly]) {
    assert.ok(!kept.includes(secret), "a token is in the page or its storage");
    assert.ok(!addresses.some((a) => a.includes(secret)), "a token is in an address");
    assert.ok(!v.serve.log.includes(secret), "a token is in the log");
  }
});

visit("a session that ended", { env: tokens, views: [{ width: 1280, theme: "light" }] }, async (v) => {
  v.expect(/status of 401/, /WebSocket connection/);
  await v.goto("/health");
  await v.page.getByLabel("Web token").fill(token);
  await v.page.getByLabel("Web token").press("Enter");
  await v.page.getByRole("heading", { name: "Health" }).waitFor();
  await v.context.clearCookies();
  await v.page.getByRole("link", { name: "Library" }).click();
  await v.page.getByLabel("Web token").fill(token);
  await v.page.getByLabel("Web token").press("Enter");
  await v.page.getByRole("heading", { name: "Library" }).waitFor();
  assert.equal(v.page.url(), `${v.home}/library`);
});

visit("addresses that are not allowed", {}, async (v) => {
  v.expect(/status of 40[34]/, /Cross-Origin-Opener-Policy/); // Chromium heeds that header on https and localhost alone
  // A name that was rebound to this machine gets a sentence and nothing else.
  const rebound = `http://evil.rebound:${v.serve.port}`;
  await v.page.goto(`${rebound}/search?q=json`);
  await v.page.getByText("This address is not allowed. Open the one that axon-mcp serve printed, or set AXON_WEB_ALLOWED_ORIGINS.").waitFor();
  assert.equal(await v.page.evaluate(() => document.scripts.length), 0);
  assert.equal(await v.page.evaluate(async () => (await fetch("/api/domains")).status), 403);
  await v.look("barred");

  await v.goto("/no/such/place");
  await v.page.getByRole("heading", { name: "No such page." }).waitFor();
  await v.look("no-page");

  // A blocked address: neither what it resolves to nor why.
  await v.goto("/");
  await v.page.fill("#box", "http://localhost:9/");
  await v.page.press("#box", "Enter");
  await v.page.getByText(/cannot be read|Stopped|blocked|not allowed/).first().waitFor();
  const said = await v.page.evaluate(() => document.body.innerText);
  assert.doesNotMatch(said, /127\.0\.0\.1|::1|loopback|private|resolve/i);
  await v.look("blocked");
});

visit("a busy server and a broken one", { views: [{ width: 390, theme: "light" }] }, async (v) => {
  v.expect(/status of (429|500)/);
  const { page } = v;
  let asked = 0;
  await page.route("**/api/connect", (r) => (asked++ === 0 ? r.fulfill({ status: 429, headers: { "Retry-After": "3" }, json: { code: "busy", message: "too much" } }) : r.continue()));
  await v.goto("/connect");
  await page.getByText(/Too many requests\. Going on in \d s\./).first().waitFor();
  await page.getByText("Claude Code").first().waitFor(); // by itself
  assert.equal(asked, 2);

  await page.route("**/api/doctor", (r) => r.fulfill({ status: 500, json: { code: "internal", message: "internal error k3w9x2", id: "k3w9x2" } }));
  await v.goto("/health");
  const alert = page.getByRole("alert").filter({ hasText: "Something broke. The log has it under k3w9x2." });
  await alert.waitFor();
  await v.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await alert.getByRole("button", { name: "Copy" }).click();
  await alert.getByText("Copied").waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), "k3w9x2");
  await v.look("broke");
});

visit("theme", { views: [{ width: 1280, theme: "dark" }] }, async (v) => {
  const { page } = v;
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await v.goto("/health");
  const button = page.getByRole("button", { name: /^Theme: / });
  await button.waitFor();
  const system = await ground();
  await button.click();
  assert.equal(await button.getAttribute("aria-label"), "Theme: Light");
  const light = await ground();
  assert.notEqual(light, system);
  await page.reload({ waitUntil: "commit" });
  await page.locator("body").waitFor({ state: "attached" });
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "light", "before the page's own script");
  await button.click();
  await button.click();
  assert.equal(await button.getAttribute("aria-label"), "Theme: System");
  assert.equal(await ground(), system);
});
