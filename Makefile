# Peerwitness. `make help` lists what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO ?= go
export GOFLAGS += -trimpath

.PHONY: help build demo test test-go test-app test-browser check bench crash mutate app vectors setup setup-build setup-test screenshots clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 18

setup-build: ; @scripts/setup build
setup-test: ; @scripts/setup test
setup: setup-test ## install what the tests need (Debian packages, npm, Go modules)

build: setup-build ## both programs into bin/
	$(GO) build -o bin/ ./cmd/...

demo: build ## a demo organisation, server and workstation; ONCE=1 walks the way alone, LAN=1 for a real phone, DRAFTS=1 for every language, DESKS=1 four workstations, REPORTS=100 is sooner there
	@bin/peerwitness demo $(if $(DESKS),--desks) $(if $(ONCE),--once) $(if $(LAN),--lan) $(if $(DRAFTS),--drafts) $(if $(REPORTS),--reports $(REPORTS))

test: setup-test ## everything CI runs
	scripts/test

test-go: setup-test ## Go tests only
	$(GO) test -timeout 30m ./...

test-app: setup-test ## the phone app's own tests, and that the committed bundle is what the source builds
	scripts/test app

test-browser: setup-test build ## a real browser: peer, then advocate
	scripts/test browser

check: setup-test ## gofmt, vet, staticcheck, govulncheck, tsc, eslint
	scripts/check

bench: setup-test ## each budget with its ratio
	scripts/bench

crash: setup-test ## kill the server N times (200) and cut its power N times: nothing acknowledged may be lost (ten minutes); SEED=… to begin alike
	$(GO) test -count=1 -timeout 60m -v ./vault/crash -kills $(or $(N),200) -cuts $(or $(N),200) $(if $(SEED),-seed $(SEED))

mutate: setup-build ## switch sixteen attacks' defences off; each one's test must fail (two minutes)
	$(GO) test -tags mutate -count=1 -run '^TestMutations$$' -v .

app: setup-test ## rebuild the phone app's bundle, intake/app/dist
	cd intake/app && npm run --silent build

vectors: ## make testdata/vectors anew (their random parts change)
	@cat testdata/vectors/README.md

screenshots: setup-test ## docs/img anew, from the real thing
	scripts/screenshots

clean: ## remove what was built
	rm -rf bin .demo
