#!/usr/bin/env bash
# The web page: the committed build is what its sources give and small enough to
# load first, its tests pass, and a real Chromium gets through every visit.
# Needs npm, chromium and the Python documentation. SHOTS=DIR keeps screenshots;
# arguments are the visits to run (first search …), without any all of them.
set -euo pipefail
cd "$(dirname "$0")/.."
(cd web/ui && npm ci --no-audit --no-fund && npm run build)
[ -z "$(git status --porcelain web/ui/dist)" ] || { echo "web/ui/dist is not what its sources give: commit it" >&2; exit 1; }
cd web/ui
node=$(ls node_modules/node-linux-*/bin/node)
"$node" --test 'test/unit/*.test.ts'
[ -x ../../bin/axon-mcp ] || make -C ../.. build
(cd ../.. && CGO_ENABLED=0 go build -tags netgo -o bin/acp-agent ./scripts/acpagent) # that the chat's visits talk to
visits=()
for file in test/e2e/*.ts; do
  name=$(basename "$file" .ts)
  case $name in harness | figures | pictures) continue ;; esac # no visits: what they stand on, measuring, pictures
  [ $# = 0 ] || [[ " $* " == *" $name "* ]] || continue
  visits+=("$file")
done
# One file after the other: a visit's own server and Chromium fill two cores.
timeout 900 "$node" --test --test-concurrency=1 "${visits[@]}"
