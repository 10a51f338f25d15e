// Reads the suite's output and prints the checks that a revision requires, and
// apart from them those that it does not. Fails where a required one failed, or
// where there is no summary to read.
import { readFileSync } from "node:fs";

const summary = readFileSync(0, "utf8").split("=== SUMMARY ===")[1] ?? "";
const [scenarios, rest = ""] = summary.split("\nTotal:");
const unscored = new Set([...rest.matchAll(/^ +[✓✗] (\S+) \(/gmu)].map((m) => m[1]));
const sum = { scored: [0, 0], unscored: [0, 0] };
const broken = [];
for (const [, name, passed, failed] of scenarios.matchAll(/^[✓✗] (\S+): (\d+) passed, (\d+) failed/gmu)) {
  const kind = unscored.has(name) ? "unscored" : "scored";
  sum[kind][0] += Number(passed);
  sum[kind][1] += Number(failed);
  if (kind === "scored" && Number(failed) > 0) broken.push(name);
}
const [passed, failed] = sum.scored;
console.log(`${process.argv[2]}: ${passed} passed, ${failed} failed` +
  (unscored.size ? ` (not required: ${sum.unscored[0]} passed, ${sum.unscored[1]} failed)` : ""));
for (const name of broken) console.log(`  failed: ${name}`);
process.exit(passed > 0 && failed === 0 ? 0 : 1);
