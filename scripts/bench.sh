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
  echo '`FirstAnswer` is the time from exec to the first MCP answer over stdio. `RealSites` crawls and indexes'
  echo 'python3.11-doc and postgresql-doc-15 from a server on the same machine, through MCP, and then asks 200 queries.'
  echo '`HundredThousand` starts a server on both sites twice over, which wrote them before: exec to the first answer of a'
  echo 'query (bar 200 ms), private memory before it (bar 40 MB) and after 200 queries (bar 250 MB).'
  echo
  echo '```'
  go test -tags netgo -run '^$' -bench . -benchtime "${PROGRAM_BENCHTIME:-3x}" ./cmd/axon-mcp | grep -E '^Benchmark'
  echo '```'
  echo
  echo "## The packages"
  echo
  echo '`WarmPages` is 20 pages with a script of 50 ms, one after the other in one warm Chrome (bar: 250 ms a page).'
  echo
  echo '```'
  go test -tags netgo -run '^$' -bench . -benchmem -benchtime "${BENCHTIME:-1s}" $(go list ./... | grep -v /cmd/) |
    grep -E '^(pkg:|Benchmark)' || true
  echo '```'
  if [ -f bench/go.mod ]; then
    echo
    echo "## Beside other libraries"
    echo
    (cd bench && AXON_BENCH_PLOTS=../docs/plots go run . ) || touch "$out.failed"
  fi
} > "$out"
cp "$out" docs/benchmarks.md
cat docs/benchmarks.md
[ ! -e "$out.failed" ] || { rm -f "$out.failed"; echo "a comparison failed: see above" >&2; exit 1; }
