// Icons are lines of our own, 16 by 16. A word always stands beside them or in
// the name of what they are on.
const lines = {
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.6-1.4L14 14",
  library: "M3 2.5h2.5v11H3zM7 2.5h2.5v11H7zM11 3.2l2.1-.5L15 13l-2.1.5z",
  jobs: "M8 2v3M8 11v3M2 8h3M11 8h3M3.8 3.8l2 2M10.2 10.2l2 2M3.8 12.2l2-2M10.2 5.8l2-2",
  chat: "M2 3h12v8H7l-3 2.5V11H2z",
  health: "M1.5 8H5l1.5-4 3 8L11 8h3.5",
  add: "M8 3v10M3 8h10",
  copy: "M5.5 5.5h8v8h-8zM3 10.5H2.5v-8h8V3",
  open: "M6 3h7v7M13 3 4 12",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  retry: "M13 8a5 5 0 1 1-1.5-3.5L13 6M13 2.5V6H9.5",
  delete: "M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5l.5 9h6l.5-9M6.8 7v4M9.2 7v4",
  stop: "M4 4h8v8H4z",
  ok: "M3 8.5 6.5 12 13 4.5",
  warn: "M8 2 1.5 13.5h13zM8 6.5v3.5M8 11.8v.2",
  bad: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4",
  info: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.5V11M8 5v.2",
  filter: "M2 4h12M4 8h8M6.5 12h3",
  light: "M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6ZM8 1.5V3M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M3.4 12.6l1-1M11.6 4.4l1-1",
  dark: "M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7Z",
  system: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 2v12M10 3v10M12 4.5v7",
  keys: "M1.5 4h13v8.5h-13zM4 7h.1M6.5 7h.1M9 7h.1M11.5 7h.1M5 10h6",
  shield: "M8 1.5 13.5 4v4c0 3.2-2.3 5.5-5.5 6.5C4.8 13.5 2.5 11.2 2.5 8V4z",
  next: "M6 3l5 5-5 5",
  site: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM2 8h12M8 2c-4 3.5-4 8.5 0 12M8 2c4 3.5 4 8.5 0 12",
} as const;

export type IconName = keyof typeof lines;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true" focusable="false">
      <path d={lines[name]} />
    </svg>
  );
}

// Dot is a filled mark: on, or an empty ring: off.
export function Dot({ on }: { on: boolean }) {
  return <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true" focusable="false"><circle cx="5" cy="5" r="3.5" fill={on ? "currentColor" : "none"} stroke="currentColor" strokeWidth="1.5" /></svg>;
}
