// How this page stands to the server: open, signed in, asked for the token, or at
// an address that is not allowed.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { ApiError, refusals, session, type Session } from "./api.ts";

export type Gate =
  | { at: "waiting" }
  | { at: "in"; session: Session }
  | { at: "token"; enter: (now: Session) => void }
  | { at: "barred" }
  | { at: "failed"; error: Error; again: () => void };

const key = ["session"];

export function useGate(): Gate {
  const cache = useQueryClient();
  const now = useQuery({ queryKey: key, queryFn: session, staleTime: Infinity, gcTime: Infinity });
  useEffect(() => {
    // A restarted server knows no session of before.
    const out = () => cache.setQueryData<Session>(key, (s) => s && { ...s, signed_in: false, csrf: "" });
    refusals.addEventListener("unauthorized", out);
    return () => refusals.removeEventListener("unauthorized", out);
  }, [cache]);
  if (now.data?.signed_in) return { at: "in", session: now.data };
  if (now.data) {
    return {
      at: "token",
      enter: (s) => {
        cache.removeQueries({ predicate: (q) => q.queryKey[0] !== key[0] });
        cache.setQueryData(key, s);
      },
    };
  }
  if (now.error instanceof ApiError && now.error.status === 403) return { at: "barred" };
  return now.error ? { at: "failed", error: now.error, again: () => void now.refetch() } : { at: "waiting" };
}

// useSession is the session of a page that is in.
export function useSession(): Session {
  return useQueryClient().getQueryData<Session>(key)!;
}
