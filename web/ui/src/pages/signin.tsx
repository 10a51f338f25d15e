import { useState, type FormEvent } from "react";
import { ApiError, signIn, type Session } from "../wire/api.ts";
import { Button } from "../parts/button.tsx";
import { Page, failureWords } from "../parts/frame.tsx";
import { Icon } from "../parts/icon.tsx";
import { words } from "../words.ts";

function refusal(error: unknown): string {
  const status = error instanceof ApiError ? error.status : -1;
  if (status === 401) return words.wrongToken;
  if (status === 403) return (error as ApiError).message.includes("only reads") ? words.readsOnly : words.notAllowed;
  return failureWords(words.signInFailed, error as Error);
}

// SignIn asks for the token; the address that was wanted stays in the bar, and is
// what is shown afterwards.
export function SignIn({ enter }: { enter: (now: Session) => void }) {
  const [token, setToken] = useState("");
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const send = async (e: FormEvent) => {
    e.preventDefault();
    if (busy) return;
    setBusy(true);
    setWrong("");
    try {
      enter(await signIn(token));
    } catch (error) {
      setWrong(refusal(error));
      setBusy(false);
    } finally {
      setToken(""); // in no state for longer than it is needed
    }
  };
  return (
    <Page title={words.signInTitle} focus={false} className="center">
      <p id="token-hint" className="muted">{words.signIn}</p>
      <form className="box" onSubmit={(e) => void send(e)}>
        <input type="password" autoFocus aria-label={words.token} aria-describedby="token-hint token-wrong" aria-invalid={wrong !== "" || undefined} autoComplete="off" value={token} onChange={(e) => setToken(e.target.value)} required />
        <Button type="submit" kind="main" busy={busy}>{words.signInTitle}</Button>
      </form>
      <p className="bad" role="alert" id="token-wrong">{wrong && <><Icon name="bad" /> {wrong}</>}</p>
    </Page>
  );
}
