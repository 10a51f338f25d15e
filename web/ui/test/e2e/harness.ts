// What every visit stands on: a site on loopback, the real `axon-mcp serve` with
// a data directory of its own, and a real Chromium. A visit fails on a console
// error, a violation of the policy, a request to elsewhere, an axe violation, and
// a page that scrolls sideways at 320 px or at 200 % zoom.
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer as createHTTP, type Server } from "node:http";
import { createRequire } from "node:module";
import { createServer as createTCP, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import { after, test } from "node:test";
import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";

const program = process.env.AXON_BIN ?? new URL("../../../../bin/axon-mcp", import.meta.url).pathname;
const docs = process.env.AXON_DOCS ?? "/usr/share/doc/python3.11/html";
const shots = process.env.SHOTS ?? "";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const axeTags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export type View = { width: number; theme: "light" | "dark" };
export const views: readonly View[] = [{ width: 1280, theme: "light" }, { width: 390, theme: "dark" }];

// freePort gives a port that nobody had a moment ago: a restarted server needs
// the same one again, so that 0 will not do.
function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createTCP().once("error", fail).listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}

// Site is a part of the Python documentation, with a front page that links it.
export class Site {
  delay = 0; // milliseconds before each answer; a visit may change it
  readonly asked: string[] = [];
  private server: Server;
  readonly pages: readonly string[];
  private constructor(server: Server, pages: readonly string[]) {
    this.server = server;
    this.pages = pages;
  }

  static async start(pages: readonly string[]): Promise<Site> {
    for (const page of pages) assert.ok(existsSync(join(docs, page)), `${docs}/${page} is missing: scripts/setup-test.sh installs it`);
    const server = createHTTP();
    const site = new Site(server, pages);
    server.on("request", (request, response) => {
      const path = normalize(new URL(request.url ?? "/", "http://site").pathname).slice(1);
      site.asked.push(path);
      const body = path === "" ? site.front() : pages.includes(path) ? readFileSync(join(docs, path)) : undefined;
      setTimeout(() => {
        response.writeHead(body === undefined ? 404 : 200, { "content-type": "text/html; charset=utf-8" });
        response.end(body ?? "no such page");
      }, path === "" || path === "robots.txt" ? 0 : site.delay);
    });
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return site;
  }

  private front(): string {
    const links = this.pages.map((p) => `<li><a href="/${p}">${p}</a></li>`).join("");
    return `<!doctype html><html lang="en"><title>Python, a part</title><main><h1>Python, a part</h1><p>Pages of the standard library.</p><ul>${links}</ul></main></html>`;
  }

  get host(): string { return `127.0.0.1:${(this.server.address() as AddressInfo).port}`; }
  get url(): string { return `http://${this.host}/`; }
  stop(): void { this.server.close(); this.server.closeAllConnections(); }
}

// Serve is one `axon-mcp serve`. Stopped and started again it has the same ports
// and the same data.
export class Serve {
  log = "";
  readonly dir = mkdtempSync(join(tmpdir(), "axon-visit-"));
  readonly port: number;
  private mcpPort: number;
  private env: Record<string, string>;
  private child?: ChildProcess;
  private constructor(port: number, mcpPort: number, env: Record<string, string>) {
    this.port = port;
    this.mcpPort = mcpPort;
    this.env = env;
  }

  static async start(env: Record<string, string>): Promise<Serve> {
    assert.ok(existsSync(program), `${program} is missing: make build`);
    const serve = new Serve(await freePort(), await freePort(), env);
    await serve.start();
    return serve;
  }

  get home(): string { return `http://127.0.0.1:${this.port}`; }

  async start(): Promise<void> {
    const child = spawn(program, ["serve"], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env.PATH, HOME: this.dir, AXON_DATA_DIR: join(this.dir, "data"),
        AXON_WEB_PORT: String(this.port), AXON_MCP_HTTP_PORT: String(this.mcpPort), ...this.env,
      },
    });
    this.child = child;
    child.stdout.on("data", (d) => { this.log += d; });
    child.stderr.on("data", (d) => { this.log += d; });
    for (;;) {
      assert.equal(child.exitCode, null, `serve has ended:\n${this.log}`);
      const ready = await fetch(`${this.home}/readyz`).then((r) => r.ok, () => false);
      if (ready) return;
      await new Promise((done) => setTimeout(done, 50)); // polls: serve has no other sign
    }
  }

  // stop ends it as an operator would; hard pulls the plug.
  async stop(hard = false): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once("exit", done));
    child.kill(hard ? "SIGKILL" : "SIGTERM");
    await gone;
  }

  // execute runs a mode over /ws to its end, as another client would, and gives
  // what it put out.
  execute(mode: string, input: string, flags: Record<string, unknown> = {}, token = ""): Promise<unknown> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}/ws${token ? `?token=${token}` : ""}`);
    return new Promise((done, fail) => {
      let out: unknown;
      socket.onopen = () => socket.send(JSON.stringify({ type: "execute", id: "visit", mode, input, flags }));
      socket.onerror = () => fail(new Error("/ws: no connection"));
      socket.onclose = () => fail(new Error("/ws: closed before the end"));
      socket.onmessage = (event) => {
        const frame = JSON.parse(String(event.data)) as { type: string; data?: { data?: unknown; payload?: { message?: string } }; message?: string };
        if (frame.type === "command.output.json") out = frame.data?.data;
        if (frame.type === "command.done") { done(out); socket.close(); }
        if (frame.type === "command.error" || frame.type === "error") { fail(new Error(`${mode}: ${frame.data?.payload?.message ?? frame.message}`)); socket.close(); }
      };
    });
  }
}

let shared: Promise<Browser> | undefined;
// browser is one Chromium for all visits of a file; names under .rebound lead to
// this machine, as a rebound name would.
export function browser(): Promise<Browser> {
  shared ??= chromium.launch({
    executablePath: process.env.AXON_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--host-resolver-rules=MAP *.rebound 127.0.0.1"],
  });
  return shared;
}
after(async () => { await (await shared)?.close(); });

// Visit is one person at the page.
export class Visit {
  readonly wrong: string[] = [];
  private expected: RegExp[] = [];
  readonly view: View;
  readonly site: Site;
  readonly serve: Serve;
  readonly context: BrowserContext;
  readonly page: Page;
  constructor(view: View, site: Site, serve: Serve, context: BrowserContext, page: Page) {
    this.view = view;
    this.site = site;
    this.serve = serve;
    this.context = context;
    this.page = page;
    this.watch(page);
  }

  get home(): string { return this.serve.home; }

  // expect names console messages that this visit brings about: a refusal that it
  // tests is one in Chromium's console, too.
  expect(...messages: RegExp[]): void { this.expected.push(...messages); }

  // watch makes failures of another tab failures of the visit.
  watch(page: Page): void {
    page.on("console", (m) => {
      if (m.type() === "error" && !this.expected.some((e) => e.test(m.text()))) this.wrong.push(`console: ${m.text()}`);
    });
    page.on("pageerror", (e) => this.wrong.push(`page: ${e.message}`));
    const ours = (url: string) => url.startsWith("blob:") || new URL(url).host === new URL(this.home).host || new URL(url).hostname.endsWith(".rebound");
    page.on("request", (r) => { if (!ours(r.url())) this.wrong.push(`outside: ${r.url()}`); });
    page.on("websocket", (s) => { if (!ours(s.url())) this.wrong.push(`outside: ${s.url()}`); });
  }

  // tab opens a second one in the same browser session.
  async tab(): Promise<Page> {
    const page = await this.context.newPage();
    this.watch(page);
    return page;
  }

  async goto(path: string): Promise<void> { await this.page.goto(this.home + path); }

  // index crawls the site before the visit looks at it.
  async index(token = ""): Promise<void> { await this.serve.execute("crawl", this.site.url, {}, token); }

  // focused tells what has the focus; "body" is nobody.
  focused(page = this.page): Promise<string> {
    return page.evaluate(() => {
      const at = document.activeElement;
      return !at ? "" : at === document.body ? "body" : `${at.tagName.toLowerCase()} ${at.getAttribute("aria-label") ?? at.textContent?.trim().slice(0, 60) ?? ""}`.trim();
    });
  }

  // look judges the state that the page is in: axe in both themes, no sideways
  // scroll at 320 px and at 200 % zoom (1280 px wide, that is 640).
  async look(name: string, page = this.page): Promise<void> {
    await settle(page);
    if (shots) await page.screenshot({ path: join(shots, `${name}-${this.view.width}-${this.view.theme}.png`) });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await settle(page);
      await page.evaluate(axe);
      const found = (await page.evaluate(`axe.run({ runOnly: ${JSON.stringify(axeTags)} })`)) as { violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[] };
      for (const v of found.violations) for (const n of v.nodes.slice(0, 3)) this.wrong.push(`${name} ${this.view.width} ${colorScheme}: axe ${v.id}: ${n.html.slice(0, 300)} ${n.failureSummary ?? ""}`);
    }
    await page.emulateMedia({ colorScheme: this.view.theme });
    for (const width of [320, 640]) {
      await page.setViewportSize({ width, height: 800 });
      await settle(page);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (over > 0) this.wrong.push(`${name}: scrolls ${over} px sideways at ${width} px`);
    }
    await page.setViewportSize({ width: this.view.width, height: 800 });
    await settle(page);
  }
}

// settle waits for two frames and for what moves, so that a picture and a contrast
// are of the final state.
async function settle(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    await frame();
    await frame();
    await Promise.all(document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity).map((a) => a.finished.catch(() => undefined)));
  });
}

export type Needs = {
  pages?: readonly string[]; // of the Python documentation; a few of the library by default
  env?: Record<string, string>; // settings of serve beside its ports and folder
  views?: readonly View[];
  seconds?: number; // until the visit counts as hung
};

export const fewPages = ["json", "csv", "pickle"].map((p) => `library/${p}.html`);

// visit registers a test for each view, each with a site, a server and a browser
// session of its own. It fails on what was wrong though nobody asked for it.
export function visit(name: string, needs: Needs, run: (v: Visit) => Promise<void>): void {
  for (const view of needs.views ?? views) {
    test(`${name}, ${view.width} px, ${view.theme}`, { timeout: (needs.seconds ?? 180) * 1000 }, async () => {
      const site = await Site.start(needs.pages ?? fewPages);
      let serve: Serve | undefined;
      let context: BrowserContext | undefined;
      try {
        serve = await Serve.start({ AXON_ALLOW_HOSTS: site.host, ...needs.env });
        context = await (await browser()).newContext({ viewport: { width: view.width, height: 800 }, colorScheme: view.theme, locale: "en-GB" });
        context.setDefaultTimeout(30_000);
        const v = new Visit(view, site, serve, context, await context.newPage());
        try {
          await run(v);
        } catch (error) {
          if (shots) await v.page.screenshot({ path: join(shots, `failed-${name.replace(/\W+/g, "-")}-${view.width}.png`) });
          if (v.wrong.length > 0) console.error(v.wrong.join("\n"));
          throw error;
        }
        assert.deepEqual(v.wrong, []);
      } finally {
        await context?.close();
        await serve?.stop(true);
        site.stop();
        if (serve) rmSync(serve.dir, { recursive: true, force: true });
      }
    });
  }
}
