# What people do with this repository. "make" alone lists it.

# The build needs no C compiler and no network beyond Go modules.
export CGO_ENABLED ?= 0
GO      ?= go
TAGS    := -tags netgo
BIN     := bin/axon-mcp
URL     ?=

# Pinned tools; "go run" builds them once and keeps them in the build cache.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOFUMPT     := mvdan.cc/gofumpt@v0.12.0

.PHONY: ui help build demo check test bench lint fmt generate conformance fuzz setup clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

build: ## build bin/axon-mcp
	$(GO) build $(TAGS) -trimpath -ldflags "-s -w" -o $(BIN) ./cmd/axon-mcp

demo: build ## see it work: crawl a site (URL=…; without it, the manual), ask, read
	$(BIN) demo $(URL)

check: ## the Go tests alone, with the race detector: needs no service (at most 5 minutes)
	CGO_ENABLED=1 $(GO) test -race $(TAGS) ./...

test: setup ## everything: vet, tests, end to end, conformance; installs what it needs (21 minutes on two cores, with the tables of hostile addresses beside the project)
	bash scripts/test.sh

setup: ## install what the whole test needs (Debian packages, Node 22 from npm)
	bash scripts/setup-test.sh

lint: ## format, vet, staticcheck
	bash scripts/lint.sh

fmt: ## format the code
	$(GO) run $(GOFUMPT) -w $$(git ls-files '*.go')

generate: ## make .env.example and docs/configuration.md again
	$(GO) generate ./config

conformance: setup build ## the official MCP conformance suite, both revisions
	bash conformance/run.sh

bench: build ## measure, and write docs/benchmarks.md
	bash scripts/bench.sh

ui: build ## build the web page again, test it, and visit it in Chromium
	bash scripts/ui.sh

fuzz: ## each fuzz target for FUZZTIME (20s)
	bash scripts/fuzz.sh

clean: ## remove what was built
	rm -rf bin dist
