#!/usr/bin/env bash
# Lets the official inspector list and call tools of the product, over stdio and
# over HTTP.
#
#   inspector.sh BINARY
set -euo pipefail
binary=$(realpath "${1:?usage: inspector.sh BINARY}")
cd "$(dirname "$0")"
. ./node.sh

work=$(mktemp -d)
export AXON_DATA_DIR=$work/data AXON_MCP_API_KEY=a-key-of-this-test-alone HOME=$work AXON_MCP_HTTP_PORT
PATH=$(dirname "$node"):$PATH
AXON_MCP_HTTP_PORT=$("$node" -e 's=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
"$binary" serve >"$work/serve.log" 2>&1 &
serve=$!
trap 'kill $serve 2>/dev/null || true; wait $serve 2>/dev/null || true; rm -rf "$work"' EXIT
url=http://127.0.0.1:$AXON_MCP_HTTP_PORT/mcp
for _ in $(seq 100); do
  if "$node" -e "fetch('$url').then(()=>process.exit(0),()=>process.exit(1))"; then break; fi
  sleep 0.1
done

inspect() {
  timeout 60 "$node" node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js --cli "$@"
}
# expect NAME WORD ARGUMENTS…: the answer must hold WORD.
expect() {
  local name=$1 word=$2
  shift 2
  if inspect "$@" >"$work/out" 2>"$work/err" && grep -q "$word" "$work/out"; then
    echo "inspector: $name: ok"
    return
  fi
  echo "inspector: $name: $word is not in the answer" >&2
  cat "$work/out" "$work/err" "$work/serve.log" >&2
  exit 1
}
stdio=("$binary" -e "AXON_DATA_DIR=$AXON_DATA_DIR" -e "HOME=$work")
http=("$url" --transport http --header "Authorization: Bearer $AXON_MCP_API_KEY")
expect "stdio, list" '"query"' "${stdio[@]}" --method tools/list
expect "stdio, call" '"documents"' "${stdio[@]}" --method tools/call --tool-name stats
expect "http, list" '"query"' "${http[@]}" --method tools/list
expect "http, call" '"documents"' "${http[@]}" --method tools/call --tool-name stats
