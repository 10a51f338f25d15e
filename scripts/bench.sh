#!/usr/bin/env bash
# Measures and writes docs/benchmarks.md: the program as a whole first, then the
# packages' own benchmarks, then the comparison with other libraries (module
# bench, where it is there). Every figure in that file comes from here.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp)
trap 'rm -f "$out"' EXIT

machine() {
  printf '%s, %s cores, %s GiB, %s, Go %s' \
    "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)" "$(nproc)" \
    "$(awk '/MemTotal/ {printf "%.0f", $2/1048576}' /proc/meminfo)" "$(uname -sr)" "$(go env GOVERSION)"
}

{
  echo "# Benchmarks"
  echo
  echo "<!-- Made by \"make bench\". Do not edit. -->"
  echo
  echo "Measured on $(date -u +%Y-%m-%d), commit $(git rev-parse --short HEAD), on $(machine)."
  echo "\`make bench\` makes this file again; a figure that is not here was not measured."
  echo
  echo "## The program"
  echo
  AXON_BENCH=1 go run ./scripts/benchprogram bin/axon-mcp
  echo
  echo "## The packages"
  echo
  echo '```'
  go test -tags netgo -run '^$' -bench . -benchmem -benchtime "${BENCHTIME:-1s}" ./... |
    grep -vE '^(ok|PASS|goos|goarch|cpu|\?)' || true
  echo '```'
  if [ -f bench/go.mod ]; then
    echo
    echo "## Beside other libraries"
    echo
    (cd bench && go run . )
  fi
} > "$out"
cp "$out" docs/benchmarks.md
cat docs/benchmarks.md
