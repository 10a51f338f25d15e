// The conversations of this tab: their secrets are kept in sessionStorage, and a
// lock of the browser says which of two tabs has one.
export type Held = { id: string; secret: string; agent: string };

const key = "axon.chats";
const most = 20;
let held: Held[] | undefined;

function all(): Held[] {
  if (!held) {
    try {
      const raw: unknown = JSON.parse(sessionStorage.getItem(key) ?? "[]");
      held = Array.isArray(raw) ? raw.filter((c): c is Held => typeof c?.id === "string" && typeof c?.secret === "string") : [];
    } catch {
      held = [];
    }
  }
  return held;
}

function keep(list: Held[]): void {
  held = list.slice(-most);
  try { sessionStorage.setItem(key, JSON.stringify(held)); } catch { /* then a reload forgets them */ }
}

const locks = new Map<string, () => void>(); // what this tab holds, and how to let go
const waits = new Map<string, AbortController>(); // what it is about to hold
const untilFreed = (id: string) => new Promise<void>((release) => locks.set(id, release));
const barred = new Set<string>(); // open in another tab

// heldChats are those that this tab goes on with.
export const heldChats = (): Held[] => all().filter((c) => !barred.has(c.id));
export const knownChat = (id: string): Held | undefined => all().find((c) => c.id === id);

// holdChat keeps a conversation that the server has given to this tab.
export function holdChat(chat: Held): void {
  keep([...all().filter((c) => c.id !== chat.id), chat]);
  takeChat(chat.id);
}

export function forgetChat(id: string): void {
  keep(all().filter((c) => c.id !== id));
  barred.delete(id);
  free(id);
}

// lockChat makes this tab the one that has the conversation, if no other has it.
// Browsers without locks (a page that is not on loopback or https) let every tab
// have it; the server moves it to the last.
function lockChat(id: string): Promise<void> {
  if (!navigator.locks || locks.has(id)) return Promise.resolve();
  return new Promise((done) => {
    void navigator.locks.request(`chat:${id}`, { ifAvailable: true }, (lock) => {
      if (!lock) barred.add(id);
      done();
      return lock ? untilFreed(id) : undefined;
    });
  });
}

// letGo leaves a conversation to another tab, and does not take it back when the
// connection is lost and made again.
export function letGo(id: string): void {
  barred.add(id);
  free(id);
}

function free(id: string): void {
  waits.get(id)?.abort();
  waits.delete(id);
  locks.get(id)?.();
  locks.delete(id);
}

// claimChats finds out, before the first connection, which of a duplicated tab's
// conversations are its own.
export async function claimChats(): Promise<void> {
  await Promise.all(all().map((c) => lockChat(c.id)));
}

// takeChat lets this tab have a conversation that another may have: the server
// tells that one, which lets go, sooner or later.
export function takeChat(id: string): void {
  barred.delete(id);
  if (!navigator.locks || locks.has(id) || waits.has(id)) return;
  const wait = new AbortController();
  waits.set(id, wait);
  navigator.locks.request(`chat:${id}`, { signal: wait.signal }, () => {
    waits.delete(id);
    return untilFreed(id);
  }).catch(() => undefined); // let go before it was had
}
export const isBarred = (id: string): boolean => barred.has(id);
