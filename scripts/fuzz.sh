#!/usr/bin/env bash
# Runs every fuzz target for FUZZTIME. New failing inputs are kept in testdata.
# Making interesting inputs small is bounded: by default it takes a minute each,
# and all of FUZZTIME goes into it.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${FUZZTIME:-20s}
go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}} {{.Dir}}{{end}}' ./... | while read -r package dir; do
  { grep -ohE '^func (Fuzz[A-Za-z0-9_]+)\(' "$dir"/*_test.go || true; } | sed -E 's/^func (.*)\($/\1/' | while read -r target; do
    echo "== $package $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 20x "$package"
  done
done
