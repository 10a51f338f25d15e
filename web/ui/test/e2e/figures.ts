// Measures what ui.md, section 7, has figures for, and prints them. It is no test:
// a busy machine is slower. figures.ts [SECONDS]: how long jobs make progress (60).
import type { Page } from "playwright-core";
import { Serve, Site, browser, fewPages } from "./harness.ts";

const seconds = Number(process.argv[2] ?? 60);
const sorted = (list: readonly number[]) => [...list].sort((a, b) => a - b);
const at = (list: readonly number[], share: number) => sorted(list)[Math.min(list.length - 1, Math.floor(list.length * share))] ?? 0;
const say = (what: string) => console.log(what);

// busy tells the main thread's own time in ms: what a loaded machine does not add to.
async function busy(page: Page): Promise<() => Promise<number>> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Performance.enable", { timeDomain: "threadTicks" });
  const now = async () => ((await cdp.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration")?.value ?? 0) * 1000;
  const begun = await now();
  return async () => (await now()) - begun;
}

// firstPaint opens the page with a cold cache, again and again.
async function firstPaint(home: string): Promise<void> {
  const took: number[] = [];
  for (let n = 0; n < 9; n++) {
    const context = await (await browser()).newContext({ viewport: { width: 1280, height: 800 } });
    const page = await context.newPage();
    await page.goto(home);
    await page.locator("#box").waitFor();
    took.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? NaN));
    await context.close();
  }
  say(`first contentful paint, cold cache, 9 visits: median ${at(took, 0.5).toFixed(0)} ms, slowest ${at(took, 1).toFixed(0)} ms`);
}

// scrolling gives a library of 10,000 sources and scrolls for five seconds.
async function scrolling(page: Page, home: string): Promise<void> {
  const all = 10_000;
  await page.route("**/api/sources?*", (route) => {
    const from = Number(new URL(route.request().url()).searchParams.get("cursor") || 0);
    const limit = Number(new URL(route.request().url()).searchParams.get("limit") || 100);
    const sources = Array.from({ length: Math.min(limit, all - from) }, (_, i) => ({
      url: `https://big.example/page/${from + i}`, title: `Page ${from + i} of a large site`, chunks: (from + i) % 40, bytes: 20_000, fetched_at: new Date(Date.now() - (from + i) * 60_000).toISOString(), source_type: "web",
    }));
    return route.fulfill({ json: { sources, total: all, next_cursor: from + limit < all ? String(from + limit) : null } });
  });
  await page.goto(`${home}/library/big.example`);
  await page.locator(".list li").first().waitFor();
  // To the end, until all are loaded.
  for (let before = -1, same = 0; same < 5;) {
    const height = await page.evaluate(() => { scrollTo(0, document.body.scrollHeight); return document.body.scrollHeight; });
    same = height === before ? same + 1 : 0;
    before = height;
    await page.waitForTimeout(200);
  }
  const used = await busy(page);
  const told = await page.evaluate(async () => {
    scrollTo(0, 0);
    await new Promise((done) => setTimeout(done, 500));
    const frames: number[] = [];
    let rows = 0;
    let last = performance.now();
    const begun = last;
    const end = document.body.scrollHeight - innerHeight;
    while (last - begun < 5_000) {
      const now = await new Promise<number>((done) => requestAnimationFrame(done));
      frames.push(now - last);
      last = now;
      scrollTo(0, (end * (now - begun)) / 5_000);
      rows = Math.max(rows, document.querySelectorAll(".list li").length);
    }
    return { frames: frames.slice(1), rows, last: document.querySelector(".list li:last-child")?.getAttribute("aria-setsize"), height: end };
  });
  say(`10,000 sources (aria-setsize ${told.last}, ${told.height} px) scrolled for 5 s: ${told.frames.length} frames, p50 ${at(told.frames, 0.5).toFixed(1)} ms, p95 ${at(told.frames, 0.95).toFixed(1)} ms, worst ${at(told.frames, 1).toFixed(0)} ms; ${((await used()) / told.frames.length).toFixed(1)} ms of the main thread a frame; at most ${told.rows} rows in the page`);
}

// progress sends 100 events a second of 8 jobs into the page's socket while
// somebody types.
async function progress(page: Page, home: string): Promise<void> {
  const ids = Array.from({ length: 8 }, () => crypto.randomUUID());
  let sent = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  await page.routeWebSocket(/\/ws/, (socket) => {
    socket.connectToServer();
    const begun = performance.now();
    timer ??= setInterval(() => {
      for (; sent < (performance.now() - begun) / 10; sent++) {
        const ctx = { exec_id: "figures", mode: "crawl", input: "https://big.example/" };
        const done = Math.floor(sent / 8);
        const payload = sent % 10 === 0
          ? { job_id: ids[sent % 8], status: "running", metrics: { pages_fetched: done, rate: 12.5, eta_seconds: 60, url: `https://big.example/${sent}`, skipped: { robots: sent % 7 } } }
          : { job_id: ids[sent % 8], phase: "crawl", processed: done, total: 10_000, percent: done / 100 };
        socket.send(JSON.stringify({ type: sent % 10 === 0 ? "job.status" : "job.progress", data: { ctx, payload } }));
      }
    }, 10);
  });
  await page.route("**/api/jobs?*", (route) => route.fulfill({
    json: { jobs: ids.map((id) => ({ id, kind: "crawl", status: "running", created: new Date().toISOString(), progress: { done: 1, total: 10_000 }, request: { urls: ["https://big.example/"] } })), next_cursor: null },
  }));
  await page.addInitScript(() => {
    const told = { long: [] as number[], keys: [] as number[] };
    Object.assign(window, { told });
    new PerformanceObserver((l) => { for (const e of l.getEntries()) told.long.push(e.duration); }).observe({ type: "longtask" });
    new PerformanceObserver((l) => { for (const e of l.getEntries()) if (e.name === "keydown") told.keys.push(e.duration); }).observe({ type: "event", durationThreshold: 16 } as PerformanceObserverInit);
  });
  await page.goto(home);
  await page.locator("#box").waitFor();
  await page.getByText("crawl").first().waitFor();
  await page.evaluate(() => { (window as unknown as { told: { long: number[] } }).told.long.length = 0; });
  const cdp = await page.context().newCDPSession(page);
  const heap = async () => {
    await cdp.send("HeapProfiler.collectGarbage");
    return (await cdp.send("Runtime.getHeapUsage")).usedSize / 2 ** 20;
  };
  const before = await heap();
  const used = await busy(page);
  const begun = sent;
  const end = Date.now() + seconds * 1000;
  let typed = 0;
  while (Date.now() < end) {
    await page.keyboard.press("abcdefghij"[typed++ % 10]!);
    if (typed % 20 === 0) await page.fill("#box", "");
    await page.waitForTimeout(400);
  }
  const share = ((await used()) / (seconds * 1000)) * 100;
  const after = await heap();
  const told = await page.evaluate(() => (window as unknown as { told: { long: number[]; keys: number[] } }).told);
  clearInterval(timer);
  say(`${sent - begun} events of 8 jobs in ${seconds} s: ${told.long.length} tasks over 50 ms (worst ${at(told.long, 1).toFixed(0)} ms); ${typed} keys, those over 16 ms: ${told.keys.length}, worst ${at(told.keys, 1).toFixed(0)} ms until painted; ${share.toFixed(1)} % of the main thread; heap ${before.toFixed(1)} MiB, afterwards ${after.toFixed(1)} MiB`);
}

const site = await Site.start(fewPages);
const serve = await Serve.start({ AXON_ALLOW_HOSTS: site.host });
try {
  await serve.execute("crawl", site.url);
  await firstPaint(serve.home);
  for (const measure of [scrolling, progress]) {
    const context = await (await browser()).newContext({ viewport: { width: 1280, height: 800 } });
    await measure(await context.newPage(), serve.home);
    await context.close();
  }
} finally {
  await (await browser()).close();
  await serve.stop(true);
  site.stop();
}
