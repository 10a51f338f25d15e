import { useState, type FormEvent } from "react";
import { ApiError, signIn } from "../wire/api.ts";
import { Page } from "../parts/frame.tsx";
import { words } from "../words.ts";

// SignIn asks for the token; the address that was wanted stays in the bar.
export function SignIn({ done }: { done: () => void }) {
  const [token, setToken] = useState("");
  const [wrong, setWrong] = useState("");
  const send = async (e: FormEvent) => {
    e.preventDefault();
    try {
      await signIn(token);
      done();
    } catch (error) {
      const status = error instanceof ApiError ? error.status : -1;
      setWrong(status === 401 ? words.wrongToken : status === 403 ? words.readsOnly : status === 0 ? words.gone : (error as Error).message);
    } finally {
      setToken("");
    }
  };
  return (
    <Page title="Sign in">
      <p>{words.signIn}</p>
      <form className="box" onSubmit={(e) => void send(e)}>
        <input type="password" aria-label="Web token" autoComplete="off" value={token} onChange={(e) => setToken(e.target.value)} required />
        <button className="main">Sign in</button>
      </form>
      <p className="bad" role="alert">{wrong}</p>
    </Page>
  );
}
