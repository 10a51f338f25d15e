// Visit 2: a job's rate, estimate and reasons move; it is canceled, what it has
// read stays, and a retry completes it.
import assert from "node:assert/strict";
import { visit } from "./harness.ts";

const many = "abc argparse array ast base64 bisect bz2 calendar cmath cmd code codecs collections configparser contextlib copy csv ctypes curses dataclasses datetime dbm decimal difflib dis doctest email enum errno filecmp fileinput fnmatch fractions ftplib functools gc getopt getpass gettext glob graphlib gzip hashlib heapq hmac html http imaplib inspect io ipaddress itertools json keyword linecache locale logging lzma mailbox marshal math mimetypes mmap".split(" ").map((p) => `library/${p}.html`);

visit("job", { pages: many, seconds: 300 }, async (v) => {
  v.site.delay = 2_000; // the job is to be seen at work
  await v.goto(`/add?${new URLSearchParams({ url: v.site.url })}`);
  await v.page.getByText("Options").click();
  await v.page.getByLabel("Exclude paths").fill("/library/mmap.html /library/math.html");
  await v.look("add");
  await v.page.getByRole("button", { name: "Add", exact: true }).click();
  await v.page.waitForURL("**/jobs/*");
  await v.page.getByText(/\d+ of \d+ pages, [\d.,]+ pages\/s, estimating/).waitFor({ timeout: 60_000 });
  const first = await v.page.locator(".figures").innerText();
  await v.page.getByText(/^now:/).waitFor();
  await v.page.getByText(/pages\/s, about /).waitFor({ timeout: 60_000 }); // ten seconds on
  v.site.delay = 8_000;
  assert.notEqual(await v.page.locator(".figures").innerText(), first, "the figures move");
  assert.equal(await v.page.locator(".spark polyline").count(), 1, "the rate is drawn");
  await v.page.getByRole("button", { name: "Show as table" }).first().click();
  await v.page.getByRole("columnheader", { name: "Pages/s" }).waitFor();
  await v.page.getByRole("button", { name: "Show as picture" }).click();
  await v.look("job");
  await v.page.getByRole("button", { name: "Cancel" }).click();
  await v.page.getByText(/^Cancelled\. \d+ pages? stay searchable\.$/).waitFor();
  v.site.delay = 0;
  const found = (await (await fetch(`${v.home}/api/stats`)).json()) as { documents: number };
  assert.ok(found.documents > 0, "what was read stays");
  await v.page.locator(".toast").getByRole("button", { name: "Retry" }).click();
  await v.page.locator(".badge", { hasText: "completed" }).waitFor({ timeout: 120_000 });
  await v.page.getByRole("button", { name: /^excluded 2$/ }).waitFor();
  await v.page.getByRole("button", { name: /^errors/ }).click();
  await v.look("job-done");
  await v.goto("/jobs?status=completed");
  await v.page.getByRole("link", { name: /^crawl 127\.0\.0\.1/ }).first().waitFor();
  await v.look("jobs");
});
