import { useState } from "react";
import { keys, keysOn, pageKeys, switchKeys } from "../keys.ts";
import { words } from "../words.ts";
import { Button } from "./button.tsx";
import { Dialog } from "./dialog.tsx";
import { setTheme, theme, themes } from "./theme.ts";

export function KeysDialog({ onClose }: { onClose: () => void }) {
  const [on, setOn] = useState(keysOn);
  const [look, setLook] = useState(theme);
  return (
    <Dialog title={words.keysTitle} onClose={onClose}>
      <dl className="keys">
        <dt><kbd>Ctrl K</kbd></dt><dd>{words.palette}</dd>
        {keys.map((k) => [<dt key={k.shown}><kbd>{k.shown}</kbd></dt>, <dd key={k.words}>{k.words}</dd>])}
        {Object.entries(pageKeys).map(([letter, page]) => [<dt key={letter}><kbd>g</kbd> <kbd>{letter}</kbd></dt>, <dd key={page.to}>{page.name}</dd>])}
      </dl>
      <div className="choices"><label><input type="checkbox" checked={on} onChange={(e) => { setOn(e.target.checked); switchKeys(e.target.checked); }} />{words.keysSwitch}</label></div>
      <fieldset className="choices">
        <legend>{words.theme}</legend>
        {themes.map((t) => <label key={t}><input type="radio" name="theme" checked={look === t} onChange={() => { setLook(t); setTheme(t); }} />{words.themes[t]}</label>)}
      </fieldset>
      <div className="ends"><Button data-first onClick={onClose}>{words.close}</Button></div>
    </Dialog>
  );
}
