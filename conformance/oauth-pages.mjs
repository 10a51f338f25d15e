// Walks through the pages of the authorization server in a real Chromium, as a
// person does. cmd/axon-mcp's tests start the servers and run it:
//
//   oauth-pages.mjs SERVER STRICT GOOGLE DOCUMENT CALLBACK_PORT [SHOTS]
//
// SERVER lets Alice in, STRICT does not; GOOGLE is the origin where she signs in,
// another site than SERVER; DOCUMENT is a client metadata document. Fails on an
// axe violation, a console line, a script, a request to elsewhere, a page that
// scrolls sideways or does not follow the theme, and a way that does not end at
// the client.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";

const [server, strict, google, documentURL, port, shots = ""] = process.argv.slice(2);
const ui = createRequire(new URL("../web/ui/package.json", import.meta.url));
const { chromium } = ui("playwright-core");
const axe = readFileSync(ui.resolve("axe-core/axe.min.js"), "utf8");
const axeTags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const callback = `http://127.0.0.1:${port}/callback`;
const client = createServer((_, response) => response.setHeader("content-type", "text/html").end("<!DOCTYPE html><html lang=en><link rel=icon href=data:,><h1>The client</h1>"));
await new Promise((done) => client.listen(Number(port), "127.0.0.1", done));

async function register(name, redirect) {
  const answer = await fetch(`${server}/oauth/register`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ client_name: name, redirect_uris: [redirect] }),
  });
  return (await answer.json()).client_id;
}
const far = `https://a-very-long-name-of-a-host-that-hardly-fits-anywhere.example.com/${"x".repeat(300)}`;
const local = await register("Claude Code", callback);
const stranger = await register("Wonderful".repeat(8), far);

function authorize(id, redirect, more = {}) {
  const query = { client_id: id, redirect_uri: redirect, response_type: "code", state: "s", resource: `${server}/mcp`, code_challenge: "c".repeat(43), code_challenge_method: "S256", ...more };
  return `${server}/oauth/authorize?${new URLSearchParams(query)}`;
}

const wrong = [];
async function visit(browser, width, theme) {
  const where = `${width} ${theme}`;
  const say = (text) => wrong.push(`${where}: ${text}`);
  const check = (good, text) => { if (!good) say(text); };
  const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme: theme });
  const page = await context.newPage();
  page.on("console", (m) => { if (!m.text().includes("responded with a status of 4")) say(`console: ${m.text()}`); }); // error pages are 4xx
  page.on("pageerror", (e) => say(e.message));
  page.on("request", (r) => check([server, strict, google, `http://127.0.0.1:${port}`].some((own) => r.url().startsWith(`${own}/`)) || r.url() === "data:,", `asks ${r.url()}`));
  const open = async (url) => { await page.goto(url); };
  const look = async (name, heading) => {
    const h1 = await page.locator("h1").allInnerTexts();
    check(h1.length === 1 && h1[0] === heading, `${name}: headings ${JSON.stringify(h1)}`);
    const seen = await page.evaluate(() => ({
      active: document.scripts.length + document.querySelectorAll("[style],[onclick],img,iframe,object").length,
      wider: document.documentElement.scrollWidth - innerWidth,
      dark: getComputedStyle(document.body).backgroundColor.match(/\d+/g).every((n) => Number(n) < 60),
      small: [...document.querySelectorAll("button,a.button")].filter((b) => b.getBoundingClientRect().height < 44).length,
    }));
    check(seen.active === 0, `${name}: scripts, styles, pictures or frames`);
    check(seen.wider <= 0, `${name}: ${seen.wider} px too wide`);
    if (width < 400) { // also on the narrowest
      await page.setViewportSize({ width: 320, height: 800 });
      check(await page.evaluate(() => document.documentElement.scrollWidth <= 320), `${name}: too wide for 320 px`);
      await page.setViewportSize({ width, height: 800 });
    }
    check(seen.dark === (theme === "dark"), `${name}: dark is ${seen.dark}`);
    check(seen.small === 0, `${name}: buttons lower than 44 px`);
    await page.evaluate(axe);
    const found = await page.evaluate((tags) => globalThis.axe.run({ runOnly: tags }), axeTags);
    for (const v of found.violations) say(`${name}: axe ${v.id}: ${v.nodes[0]?.html}`);
    if (shots) await page.screenshot({ path: `${shots}/${name}-${width}-${theme}.png`, fullPage: true });
  };
  const ends = async (parameter, value, act) => { // at the client, with an answer
    await Promise.all([page.waitForURL(`${callback}?**`, { timeout: 30_000 }), act()]).catch((e) => say(`no answer for the client: ${e.message.split("\n")[0]}: ${page.url()}`));
    const query = new URL(page.url()).searchParams;
    const got = query.get(parameter);
    check(value === undefined ? got : got === value, `the client got ${page.url()}`);
    check(query.get("state") === "s" && query.get("iss") === server, `the client got no state or iss: ${page.url()}`);
  };

  await open(authorize("nobody", callback));
  await look("error", "This sign-in cannot go on");
  await open(authorize(stranger, far, { response_type: "token" }));
  await look("error-with-link", "This sign-in cannot go on");
  await open(authorize(stranger, far, { scope: "axon:read axon:write axon:admin" }));
  await look("consent-stranger", "Allow access to axon?");
  await open(authorize(documentURL, callback));
  await look("consent-document", "Allow access to axon?");
  await open(authorize(local, callback));
  await look("consent", "Allow access to axon?");
  await page.locator("button[value=allow]").focus(); // by the keyboard
  await ends("code", undefined, () => page.keyboard.press("Enter"));

  await open(authorize(local, callback, { scope: "axon:write" }));
  await look("consent-signed-in", "Allow access to axon?");
  await ends("error", "access_denied", () => page.click("button[value=deny]"));
  await ends("error", "unsupported_response_type", () => page.goto(authorize(local, callback, { response_type: "token" }))); // G8: signed in, this machine
  await open(`${server}/oauth/google/login`);
  await look("signed-in", "You are signed in");
  await Promise.all([page.waitForURL("**/logout"), page.click("button")]);
  await look("signed-out", "You are signed out");
  await open(`${strict}/oauth/google/login`);
  await look("not-permitted", "You may not enter");
  check(await page.getByRole("link", { name: "Use another account" }).isVisible(), "not-permitted: no way to another account");
  await open(`${server}/oauth/nowhere`);
  await look("not-found", "There is no such page");
  await open(authorize(local, callback)); // another tab has signed this browser out of its cookies
  await context.clearCookies();
  await page.click("button[value=allow]");
  await look("form-expired", "This form has expired");
  await context.close();
}

const browser = await chromium.launch({ executablePath: process.env.AXON_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
await Promise.all([[1280, "light"], [390, "dark"]].map(([width, theme]) => visit(browser, width, theme)));
await browser.close();
client.close();
client.closeAllConnections();
for (const line of wrong) console.error(line);
console.log(`oauth pages: ${wrong.length} wrong`);
process.exit(wrong.length ? 1 : 0);
