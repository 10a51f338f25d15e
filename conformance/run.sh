#!/usr/bin/env bash
# Runs the official MCP conformance suite against the door of the product:
# revisions 2025-11-25 and 2026-07-28, all from one running server. Fails on any
# failed check that a revision requires. What it needs is in package-lock.json,
# Node 22 included.
set -euo pipefail
cd "$(dirname "$0")"

. ./node.sh

work=$(mktemp -d)
go build -o "$work/server" ./server
port=$("$node" -e 's=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
"$work/server" "127.0.0.1:$port" 2>"$work/server.log" &
server=$!
trap 'kill $server 2>/dev/null || true; wait $server 2>/dev/null || true; rm -rf "$work"' EXIT

url="http://127.0.0.1:$port/mcp"
up=0
for _ in $(seq 100); do
  if "$node" -e "fetch('$url').then(()=>process.exit(0),()=>process.exit(1))"; then up=1; break; fi
  sleep 0.1
done
[ "$up" = 1 ] || { echo "conformance: the server did not start" >&2; cat "$work/server.log" >&2; exit 1; }

failed=0
# suite NAME PACKAGE ARGUMENTS…: one run of the suite. The scenarios that a
# revision does not require (extensions) come after a line "Not scored"; their
# names are taken out of the count.
suite() {
  local name=$1 package=$2 code=0
  shift 2
  "$node" "node_modules/$package/dist/index.js" server --url "$url" "$@" >"$work/out" 2>&1 || code=$?
  if ! "$node" count.mjs "$name" <"$work/out" || [ "$code" -ne 0 ]; then
    cat "$work/out"
    echo "conformance: $name failed (exit $code)" >&2
    failed=1
  fi
}
suite "2025-11-25 (suite 0.2.0-alpha.11)" conformance-0.2 --requirements 2025-11-25
suite "2026-07-28 (suite 0.2.0-alpha.11)" conformance-0.2 --requirements 2026-07-28
suite "2025-11-25 (suite 0.1.16)" conformance-0.1
exit $failed
