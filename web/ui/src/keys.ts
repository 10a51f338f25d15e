// The keys as data: after g, the page of a letter.
export const pageKeys: Record<string, string> = { s: "/search", l: "/library", j: "/jobs", h: "/health" };
