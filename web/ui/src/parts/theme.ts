// The theme: the system's, or a chosen one that public/theme.js sets before the
// first paint.
export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

export function theme(): Theme {
  const now = document.documentElement.dataset.theme;
  return now === "light" || now === "dark" ? now : "system";
}

export function setTheme(to: Theme): void {
  const root = document.documentElement;
  if (to === "system") delete root.dataset.theme;
  else root.dataset.theme = to;
  try { to === "system" ? localStorage.removeItem("axon.theme") : localStorage.setItem("axon.theme", to); } catch { /* only for this visit */ }
}
