// How a client is connected: stdio first, since it needs no key.
import { useQuery } from "@tanstack/react-query";
import { useLocation, useSearch } from "wouter";
import { get } from "../wire/api.ts";
import { words } from "../words.ts";
import { CopyButton } from "../parts/copy.tsx";
import { Failure, Page, Waiting } from "../parts/frame.tsx";
import { Tabs } from "../parts/tabs.tsx";

type Client = { name: string; title: string; stdio: string; http?: string; after?: string };

// addressIn is the URL in a client's configuration.
const addressIn = (clients: readonly Client[]) => clients.map((c) => /"url": "([^"]+)"/.exec(c.http ?? "")?.[1]).find(Boolean) ?? "";

export function Connect() {
  const [, go] = useLocation();
  const at = new URLSearchParams(useSearch()).get("client") ?? "";
  const got = useQuery({ queryKey: ["connect"], queryFn: () => get<{ clients: Client[] | null; key_hint: string }>("/api/connect") });
  const clients = got.data?.clients ?? [];
  const address = addressIn(clients);
  const tabs = [...clients.map((c) => ({ id: c.name, words: c.title })), ...(address ? [{ id: "http", words: words.httpOnly }] : [])];
  const now = tabs.some((t) => t.id === at) ? at : (tabs[0]?.id ?? "");
  const client = clients.find((c) => c.name === now);
  const curl = `curl ${address} \\\n  -H "Authorization: Bearer \${AXON_MCP_API_KEY}" \\\n  -H "Content-Type: application/json" -H "Accept: application/json, text/event-stream" \\\n  -d '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'\n`;
  return (
    <Page title={words.connectClient} section="Health">
      <p className="muted">{words.howToConnect}</p>
      {got.error ? <Failure what={words.couldNotLoad} error={got.error} again={() => void got.refetch()} /> : !got.data ? <Waiting /> : null}
      {tabs.length > 0 && (
        <Tabs label={words.connectClient} tabs={tabs} at={now} onPick={(id) => go(`/connect?${new URLSearchParams({ client: id })}`, { replace: true })}>
          {client && <Snippet title={words.localFirst} text={client.stdio} />}
          {client?.after && <p>{client.after}</p>}
          {client?.http && <Snippet title={words.overHTTP} text={client.http} />}
          {!client && <><Snippet title={words.anyClient} text={`${address}\nAuthorization: Bearer \${AXON_MCP_API_KEY}\n`} /><Snippet title="curl" text={curl} /></>}
          {(client?.http || !client) && <p className="muted">{words.keyHint}</p>}
        </Tabs>
      )}
    </Page>
  );
}

function Snippet({ title, text }: { title: string; text: string }) {
  return <section aria-label={title} className="snippet"><div className="row"><h2>{title}</h2><CopyButton text={text} name={`${words.copy}: ${title}`} /></div><pre tabIndex={0}><code>{text}</code></pre></section>;
}
