// Where things are: addresses that several pages link to.
export const docLink = (url: string, chunk = "", q = "") => {
  const [page = url, anchor] = url.split("#");
  const query = new URLSearchParams({ url: page });
  if (chunk) query.set("chunk", chunk);
  if (q) query.set("q", q);
  return `/doc?${query}${anchor ? `#${anchor}` : ""}`;
};
export const domainLink = (domain: string) => `/library/${encodeURIComponent(domain)}`;
export const hostOf = (url: string) => (URL.canParse(url) ? new URL(url).host : "");
// domainOf is the name under which the library has a URL: its host without port.
export const domainOf = (url: string) => (URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") : "");
export const pathOf = (url: string) => {
  if (!URL.canParse(url)) return url;
  const at = new URL(url);
  return at.pathname + at.search;
};
