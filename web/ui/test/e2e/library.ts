// The pages that list: library, jobs, health, connect.
import { visit } from "./harness.ts";

visit("every list", {}, async (v) => {
  await v.index();
  for (const [path, words] of [["library", "passages"], ["jobs", "completed"], ["health", "ok"], ["connect", "Claude"]] as const) {
    await v.goto(`/${path}`);
    await v.page.getByText(words).first().waitFor();
    await v.look(path);
  }
});
