// Combobox after the ARIA Authoring Practices: the focus stays in the input,
// aria-activedescendant names the option.
import { useEffect, useId, useRef, useState, type InputHTMLAttributes, type KeyboardEvent, type ReactNode } from "react";
import { Icon, type IconName } from "./icon.tsx";

export type Option = { id: string; words: ReactNode; hint?: ReactNode; icon?: IconName; group?: string; run: () => void };

type Props = Omit<InputHTMLAttributes<HTMLInputElement>, "onChange" | "value" | "list"> & {
  label: string; value: string; onValue: (text: string) => void;
  options: readonly Option[]; // those of one group stand together
  inline?: boolean; // the list is always there, below the input: the palette
  none?: string; // said when the list is there and has nothing
};

export function Combobox({ label, value, onValue, options, inline = false, none, onKeyDown, onBlur, ...rest }: Props) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const [wanted, setWanted] = useState(false);
  const [at, setAt] = useState(0);
  const open = inline || (wanted && options.length > 0);
  const active = open ? options[Math.min(at, options.length - 1)] : undefined;
  const key = options.map((o) => o.id).join(" ");
  useEffect(() => setAt(0), [key]);
  useEffect(() => { list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }); }, [at, key, open]);

  const choose = (option: Option) => { setWanted(false); option.run(); };
  const pressed = (e: KeyboardEvent<HTMLInputElement>) => {
    onKeyDown?.(e);
    if (e.defaultPrevented || e.nativeEvent.isComposing || e.ctrlKey || e.metaKey || e.altKey) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (step && options.length > 0) {
      if (open) setAt((Math.min(at, options.length - 1) + step + options.length) % options.length);
      setWanted(true);
    } else if (e.key === "Enter" && active) choose(active);
    else if (e.key === "Escape" && !inline && open) setWanted(false);
    else return;
    e.preventDefault();
  };
  const groups = [...new Set(options.map((o) => o.group ?? ""))];
  const option = (o: Option) => (
    <div key={o.id} id={`${id}-${options.indexOf(o)}`} role="option" aria-selected={o === active} onMouseMove={() => setAt(options.indexOf(o))} onClick={() => choose(o)}>
      {o.icon && <Icon name={o.icon} />}<span>{o.words}</span>{o.hint !== undefined && <span className="hint">{o.hint}</span>}
    </div>
  );
  return (
    <div className="combo">
      <input
        type="text" autoComplete="off" spellCheck={false} {...rest} role="combobox" aria-label={label} aria-autocomplete="list" aria-expanded={open} aria-controls={`${id}-list`}
        aria-activedescendant={active && `${id}-${options.indexOf(active)}`} value={value}
        onChange={(e) => { setWanted(true); onValue(e.target.value); }} onKeyDown={pressed} onBlur={(e) => { setWanted(false); onBlur?.(e); }}
      />
      {open && (
        // The press must not take the focus out of the input.
        <div ref={list} id={`${id}-list`} role="listbox" aria-label={label} className="options" onMouseDown={(e) => e.preventDefault()}>
          {groups.map((g) => (g ? (
            <div key={g} role="group" aria-label={g}><span aria-hidden="true">{g}</span>{options.filter((o) => o.group === g).map(option)}</div>
          ) : options.filter((o) => !o.group).map(option)))}
          {options.length === 0 && none ? <div className="none" role="option" aria-selected={false} aria-disabled="true">{none}</div> : null}
        </div>
      )}
    </div>
  );
}
