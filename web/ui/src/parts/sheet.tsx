// Filters stand in a row; on a phone in a sheet that a button opens.
import { useState, useSyncExternalStore, type ReactNode } from "react";
import { words } from "../words.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";

const narrow = "(max-width: 639px)";
const heard = (changed: () => void) => {
  const query = matchMedia(narrow);
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
};
export const useNarrow = (): boolean => useSyncExternalStore(heard, () => matchMedia(narrow).matches);

export function Filters({ set, children }: { set: number; children: ReactNode }) {
  const phone = useNarrow();
  const [open, setOpen] = useState(false);
  if (!phone) return <div className="row">{children}</div>;
  return (
    <div className="row">
      <Button icon="filter" aria-haspopup="dialog" onClick={() => setOpen(true)}>{words.filters(set)}</Button>
      {open && <Dialog title={words.filters(0)} className="sheet" onClose={() => setOpen(false)}>{children}<div className="ends"><Button kind="main" data-first onClick={() => setOpen(false)}>{words.done}</Button></div></Dialog>}
    </div>
  );
}
