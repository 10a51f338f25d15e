#!/usr/bin/env bash
# The web page: the committed build is what its sources give, its tests pass,
# and a real Chromium gets through a visit. Needs npm, chromium and python3.
set -euo pipefail
cd "$(dirname "$0")/.."
(cd web/ui && npm ci --no-audit --no-fund && npm run build)
[ -z "$(git status --porcelain web/ui/dist)" ] || { echo "web/ui/dist is not what its sources give: commit it" >&2; exit 1; }
node=$(ls web/ui/node_modules/node-linux-*/bin/node)
"$node" --test 'web/ui/test/unit/*.test.ts'
[ -x bin/axon-mcp ] || make build
work=$(mktemp -d)
trap 'kill $server $site 2>/dev/null; wait; rm -rf "$work"' EXIT
mkdir "$work/site"
cp /usr/share/doc/python3.11/html/library/{json,csv,pickle}.html "$work/site/"
echo '<!doctype html><title>Small</title><main><h1>Small</h1><a href=json.html>json</a> <a href=csv.html>csv</a> <a href=pickle.html>pickle</a></main>' >"$work/site/index.html"
python3 -m http.server 48123 --bind 127.0.0.1 --directory "$work/site" >/dev/null 2>&1 & site=$!
env -i PATH="$PATH" HOME="$work" AXON_DATA_DIR="$work/data" AXON_ALLOW_HOSTS=127.0.0.1:48123 AXON_WEB_PORT=48124 AXON_MCP_HTTP_PORT=48125 \
  bin/axon-mcp serve >"$work/log" 2>&1 & server=$!
for _ in $(seq 100); do curl -fs http://127.0.0.1:48124/readyz >/dev/null && break; sleep 0.1; done
(cd web/ui && timeout 200 "../../$node" test/e2e/run.ts http://127.0.0.1:48124 http://127.0.0.1:48123/ ${SHOTS:-})
