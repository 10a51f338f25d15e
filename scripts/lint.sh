#!/usr/bin/env bash
# Format, vet and staticcheck over all that is tracked.
set -euo pipefail
cd "$(dirname "$0")/.."

echo "== gofumpt"
files=$(git ls-files '*.go')
# shellcheck disable=SC2086 # one name a word, none has a space
unformatted=$(go run mvdan.cc/gofumpt@v0.12.0 -l $files)
if [ -n "$unformatted" ]; then
  printf 'not formatted (make fmt):\n%s\n' "$unformatted"
  exit 1
fi
echo "== go vet"
go vet -tags netgo ./...
echo "== staticcheck"
go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -tags netgo ./...
