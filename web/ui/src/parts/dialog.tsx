import { useEffect, useId, useRef, type ReactNode } from "react";

type Props = {
  title: string; onClose: () => void; children: ReactNode; className?: string;
  unseenTitle?: boolean; // the title is for who listens alone
  back?: () => HTMLElement | null | undefined; // what gets the focus when the opener is gone
};

// Dialog is a native one, shown while it is mounted. The first focus goes to what
// has data-first, which is the least destructive control; afterwards it goes back
// to the opener.
export function Dialog({ title, onClose, children, className, unseenTitle = false, back }: Props) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  const after = useRef(back);
  after.current = back;
  useEffect(() => {
    const opener = document.activeElement as HTMLElement | null;
    const dialog = box.current!;
    dialog.showModal();
    dialog.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => {
      dialog.close();
      const to = opener?.isConnected && opener !== document.body ? opener : after.current?.();
      (to ?? document.querySelector<HTMLElement>("h1"))?.focus();
    };
  }, []);
  return (
    <dialog ref={box} className={className} aria-labelledby={id} onCancel={(e) => { e.preventDefault(); onClose(); }} onClick={(e) => { if (e.target === box.current && outside(e.nativeEvent, box.current)) onClose(); }}>
      <h2 id={id} className={unseenTitle ? "unseen" : undefined}>{title}</h2>
      {children}
    </dialog>
  );
}

// outside reports a click on the backdrop, which counts as one on the dialog.
function outside(e: MouseEvent, dialog: HTMLElement): boolean {
  const r = dialog.getBoundingClientRect();
  return e.clientX < r.left || e.clientX > r.right || e.clientY < r.top || e.clientY > r.bottom;
}
