import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { App } from "./app.tsx";
import { ApiError } from "./wire/api.ts";
import "./tokens.css";
import "./shell.css";
import "./chat.css";

const retry = (n: number, error: Error) => error instanceof ApiError && error.status === 0 && n < 2;
// The server is most often on this machine: it is there when the network is not.
const client = new QueryClient({ defaultOptions: { queries: { retry, staleTime: 1_000, networkMode: "always" }, mutations: { networkMode: "always" } } });
createRoot(document.getElementById("app")!).render(<QueryClientProvider client={client}><App /></QueryClientProvider>);
