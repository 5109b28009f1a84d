# The steps themselves are in .ci/run, which needs no make. Variables: FUZZTIME, ROUNDS, ROWS, BENCHFLAGS, BENCHTIME, BENCH, TORTURE.
FUZZTIME ?=
ROUNDS ?= 5
ROWS ?=
BENCHFLAGS ?=
BENCHTIME ?= 1s
BENCH ?= .
TORTURE ?= 10000
export FUZZTIME TORTURE

.DEFAULT_GOAL := help
.PHONY: help test race lint cross model wine examples recipes docs docs-test compare fuzz fault torture cover bench benchmarks fmt ci

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

test: ## all tests
	go test ./...

race: ## all tests, with the race detector
	.ci/run race fault

lint: ## vet and staticcheck for 6 platforms, gofumpt
	.ci/run lint

cross: ## link every package's test binary for the other platforms
	.ci/run cross

model: ## the ring's wake protocol, model-checked with spin, which it installs
	.ci/run model

wine: ## the tests under Wine, which it installs
	.ci/run wine

examples: ## run each example, check what it prints
	.ci/run examples

recipes: ## compile and run what README.md and the pages of docs show
	.ci/run recipes

docs: ## build the site, with npm, into docs/.vitepress/dist
	cd docs && npm ci --no-audit --no-fund && npm run build

docs-test: ## build the site and open it in Chromium, which it installs
	.ci/run docs

compare: ## see what docs/COMPARE.md says of os/exec, go-plugin, wazero and errgroup
	.ci/run compare

fuzz: ## every fuzz target, FUZZTIME each: a number of inputs, or a time
	.ci/run fuzz

fault: ## tests that kill, with the race detector
	.ci/run fault

torture: ## faults at random until TORTURE kills, and a kill at every system call; more than half an hour
	.ci/run torture

cover: ## coverage, children included: cover.out and the total
	go test -coverpkg=./mp/... -coverprofile=cover.out ./mp/...
	go tool cover -func=cover.out | tail -n 1

bench: ## our figures beside goroutines, the limits and other libraries; ROUNDS=5 ROWS=regexp BENCHFLAGS='-markdown RESULTS.md'
	cd bench && go run . -rounds $(ROUNDS) -run '$(ROWS)' $(BENCHFLAGS)

benchmarks: ## those of the packages; BENCH=regexp BENCHTIME=3s
	go test -run xxx -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem ./mp/...

fmt: ## format as the linter wants it
	go tool -modfile=tools/go.mod gofumpt -w .

ci: ## what every change has to pass
	.ci/run
