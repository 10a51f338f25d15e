// Deleting: one document with Undo, many after a look at what a dry run counts.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { ApiError, post, type Forget } from "../wire/api.ts";
import { bytes, few } from "../format.ts";
import { words } from "../words.ts";
import { failureWords } from "../parts/frame.tsx";
import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { Failure, Waiting } from "../parts/frame.tsx";
import { useShell } from "../parts/shell.tsx";
import { useToast } from "../parts/toast.tsx";

const leaving = ["leaving"]; // in the cache: addresses whose deletion can still be undone

// useLeaving is what is hidden already and not deleted yet. It outlives the page,
// as the toast with its Undo does, and not the tab.
export function useLeaving(): readonly string[] {
  return useQuery<readonly string[]>({ queryKey: leaving, queryFn: () => [], staleTime: Infinity, gcTime: Infinity }).data ?? [];
}

// useForgetOne hides a document at once and deletes it when its toast is over: a
// tab that is closed before deletes nothing.
export function useForgetOne(): (url: string, name: string) => void {
  const cache = useQueryClient();
  const toast = useToast();
  const { say } = useShell();
  const set = (change: (list: readonly string[]) => readonly string[]) => cache.setQueryData<readonly string[]>(leaving, (list) => change(list ?? []));
  const back = (url: string) => set((list) => list.filter((u) => u !== url));
  return (url, name) => {
    set((list) => [...list, url]);
    // The dry run gives the token that confirms; it holds for ten minutes.
    const token = post<Forget>("/api/forget", { url, dry_run: true }).then((dry) => dry.confirm);
    token.catch(() => undefined); // said when it is needed
    toast({
      words: words.deleted(name), action: { words: words.undo, run: () => back(url) },
      done: () => void token.then((confirm) => post("/api/forget", { url, dry_run: false, confirm })).then(
        () => cache.invalidateQueries().then(() => back(url)),
        (error: Error) => { back(url); toast({ words: failureWords(words.notDeleted(name), error) }); say(failureWords(words.notDeleted(name), error), "alert"); },
      ),
    });
  };
}

// ForgetMany asks with the figures of a dry run, and anew where they have changed
// since.
export function ForgetMany({ domain, name, onClose, done, back }: { domain: string; name: string; onClose: () => void; done: () => void; back?: () => HTMLElement | null | undefined }) {
  const cache = useQueryClient();
  const [dry, setDry] = useState<Forget>();
  const [changed, setChanged] = useState(false);
  const [wrong, setWrong] = useState<Error>();
  const [busy, setBusy] = useState(false);
  const look = async () => setDry(await post<Forget>("/api/forget", { domain, dry_run: true }));
  const guarded = async (run: () => Promise<void>) => {
    try { setWrong(undefined); await run(); } catch (error) { setWrong(error as Error); }
  };
  useEffect(() => { void guarded(look); }, []);
  const remove = () => guarded(async () => {
    setBusy(true);
    try {
      await post("/api/forget", { domain, dry_run: false, confirm: dry?.confirm });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
      setChanged(true);
      return look();
    } finally {
      setBusy(false);
    }
    done();
    await cache.invalidateQueries();
  });
  return (
    <Dialog title={words.deleteTitle(name)} onClose={onClose} back={back}>
      {changed && <p className="warn" role="alert">{words.figuresChanged}</p>}
      {dry ? <p className="num">{words.deleteWords(few(dry.documents, "document"), few(dry.chunks, "passage"), bytes(dry.bytes))}</p> : wrong ? null : <Waiting rows={1} />}
      {wrong && <Failure what={words.notDeleted(name)} error={wrong} />}
      <div className="ends"><Button data-first onClick={onClose}>{words.keep}</Button>
        {dry && <Button kind="danger" icon="delete" writes busy={busy} onClick={() => void remove()}>{words.deleteMany(few(dry.documents, "document"))}</Button>}</div>
    </Dialog>
  );
}
