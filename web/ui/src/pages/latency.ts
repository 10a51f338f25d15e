// The times of this browser's last queries, kept for the health page.
const key = "axon.latency";
const most = 100;

export function latencies(): number[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(key) ?? "[]");
    return Array.isArray(list) ? list.filter((n): n is number => typeof n === "number") : [];
  } catch {
    return [];
  }
}

export function noteLatency(ms: number): void {
  try { localStorage.setItem(key, JSON.stringify([...latencies(), ms].slice(-most))); } catch { /* no storage: no picture */ }
}

// percentile of a sorted list, by the nearest rank.
export const percentile = (sorted: readonly number[], p: number): number => sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? 0;
