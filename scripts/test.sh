#!/usr/bin/env bash
# All tests: what "make check" runs, and besides it the long end-to-end tests
# and the conformance suite. A part that is missing is a failure.
set -euo pipefail
cd "$(dirname "$0")/.."
started=$(date +%s)
step() { printf '\n== %s (%d s so far)\n' "$1" $(($(date +%s) - started)); }

step "binary"
make build

if [ -x conformance/run.sh ] || [ -f conformance/run.sh ]; then
  step "MCP conformance, 2025-11-25 and 2026-07-28"
  bash conformance/run.sh
fi

step "the official inspector, over stdio and HTTP"
bash conformance/inspector.sh bin/axon-mcp

step "web page, in Chromium"
bash scripts/ui.sh

# AXON_E2E=1 turns "skipped" into "run" for the long tests of cmd/axon-mcp. Where the
# tables of hostile addresses lie beside the project, those that send a Chromium to
# all of them take 15 minutes alone on two slow cores: no test of them is hung before.
step "Go tests, with the race detector and end to end"
AXON_E2E=1 CGO_ENABLED=1 go test -race -tags netgo -timeout 45m ./...
step "done"
