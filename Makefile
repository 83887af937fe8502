# Targets with a comment of two hashes are listed by `make help`.
# `make run` and `make test` need nothing but Go; the others also use tools/.

SHELL         := bash
.SHELLFLAGS   := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

TOOL    := go tool -modfile=$(CURDIR)/tools/go.mod
FULL    := go tool -modfile=$(CURDIR)/tools/golangci/go.mod
SCHEMAS := proto/troupe.proto
# The modules with code of ours: the library, its tools, its benchmarks.
MODULES := . $(patsubst %/go.mod,%,$(wildcard tools/go.mod test/bench/go.mod))

ARGS  ?=
SEED  ?=
RUNS  ?=
WORKERS ?=
PARTITIONS ?=
WITHOUT ?=
BENCH ?= .
TIMES ?= 5
MINUTES ?= 1
HOURS ?= 24
FILE ?= soak.txt
# COUNT=-count=1 runs tests although nothing changed, and LIVED=1 leaves out the fixed seeds,
# which are among those of lives; ci sets both.
COUNT ?=
LIVED ?=

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## watch a group of workers in this terminal; ARGS="-watch" until Ctrl-C
	go run ./examples/demo $(ARGS)

.PHONY: test
test: ## all tests: units, plays, fixed seeds, live tests, examples, style
	go test $(COUNT) -timeout 30m -parallel 8 $(if $(LIVED),-skip '^TestSwarm$$') ./...

# Under the race detector the live tests compute, too: no other test goes on then.
.PHONY: race
race: race-apart race-live ## tests again, under the race detector

# In partition and test/shape there are only functions that read and answer: nothing goes on
# beside anything, and nothing can race.
.PHONY: race-apart
race-apart:
	go test $(COUNT) -timeout 30m -race $$(go list ./... | grep -vE '/test/live$$|/test/shape$$|/partition$$')

.PHONY: race-live
race-live:
	go test $(COUNT) -timeout 30m -race -parallel 4 ./test/live

.PHONY: swarm
swarm: ## random lives of a group; SEED=n repeats one, RUNS=n tries so many, WORKERS=n has so many
	go test -C test/swarm -count=1 -timeout 0 -run '^TestSwarm$$' -args -commit=$$(git describe --always --dirty) \
		$(if $(SEED),-seed=$(SEED)) $(if $(RUNS),-runs=$(RUNS)) $(if $(WORKERS),-workers=$(WORKERS)) $(if $(PARTITIONS),-partitions=$(PARTITIONS)) $(if $(WITHOUT),-without=$(WITHOUT))

.PHONY: lives
lives: ## the 2,000 random lives of a group that ci lives, seeds 1 to 2,000; 200 of them twice
	$(MAKE) swarm SEED=1 RUNS=2000

.PHONY: heap
heap: ## what is in use after each of HOURS=24 simulated hours of churn: 80 s of a core
	go test -count=1 -timeout 0 -v -run '^TestHeapIsFlat$$' ./test/swarm -args -hours=$(HOURS)

# Beside the point are what is text for people (settings, names, accounts), what writes down
# and draws, and the bridge below its port.
.PHONY: reach
reach: ## how much of actors, partition and bridge the tests in test/swarm reach by themselves
	@work=$$(mktemp -d); trap 'rm -r "$$work"' EXIT; \
	go test -count=1 -timeout 0 -coverpkg=./actors/...,./partition,./bridge -coverprofile="$$work/cover" ./test/swarm > "$$work/log" || { cat "$$work/log"; exit 1; }; \
	sed 1d "$$work/cover" | awk '{ sub("^.*/troupe/", ""); sub(":[^ ]*", ""); part = "" } \
		$$1 ~ "^actors/[a-z_]*.go" && $$1 !~ "/(recorder|replay|rows|diagrams)" { part = "actors" } \
		$$1 ~ "^actors/stage/" { part = "actors/stage" } \
		$$1 ~ "^partition/" && $$1 !~ "/(settings|account|partition|subjects)[a-z_]*.go" { part = "partition" } \
		$$1 ~ "^bridge/(bridge|clock|codec[a-z_]*|counts|delta|entries|former|keys|log|loss[a-z_]*|open|operations|reads[a-z_]*|timers|watches).go" { part = "bridge" } \
		part { all[part] += $$2; got[part] += $$2 * ($$3 > 0) } \
		part && part != "actors/stage" { all["all but actors/stage"] += $$2; got["all but actors/stage"] += $$2 * ($$3 > 0) } \
		END { for (p in all) printf "%-20s %5d statements, %.1f %% reached\n", p, all[p], 100 * got[p] / all[p] }' | sort

# The four parts of it are targets, too. Lives may be lived a block at a time: swarm prints a
# line for each that is over, which blocks adds up.
.PHONY: soak
soak: operations repeats ## hours of it: operations, repeats, RUNS=100000 lives, and sizes; all from SEED=n, if given
	$(MAKE) swarm RUNS=$(or $(RUNS),100000)
	$(MAKE) sizes RUNS=$$(( ($(or $(RUNS),100000) + 499) / 500 ))

.PHONY: sizes
sizes: ## RUNS=200 random lives of a group of 1 worker, and as many of 2, 10, 30 and 50
	for n in 1 2 10 30 50; do $(MAKE) swarm RUNS=$(or $(RUNS),200) WORKERS=$$n; done

.PHONY: operations
operations: ## 200,000 random operations on simulated and real servers; SEED=n says which
	@seed=$(or $(SEED),$$RANDOM); set -x; \
	go test -count=1 -timeout 0 -run '^TestRandom$$' ./test/sim -args -operations=200000 -seed=$$seed; \
	go test -count=1 -timeout 0 -run '^TestContract_(One|Three)' -skip '/N[0-9]' ./bridge -args -operations=200000 -seed=$$seed

.PHONY: repeats
repeats: ## 200 whole lives, on two processors and on one, without and with the race detector: the same
	@work=$$(mktemp -d); trap 'rm -r "$$work"' EXIT; for race in false true; do set -x; \
	go test -C test/swarm -race=$$race -count=1 -timeout 0 -run '^TestALifeRepeatsItself$$' -args -seed=$(or $(SEED),1) -runs=200 | tee "$$work/said"; \
	{ set +x; } 2> /dev/null; grep traces "$$work/said" > "$$work/$$race"; done; cmp "$$work/false" "$$work/true"

.PHONY: blocks
blocks: ## add up the blocks of lives that swarm printed into FILE; what all of them hardly meet fails
	@go test -C test/swarm -count=1 -run '^TestBlocksAddUp$$' -args -blocks=$(abspath $(FILE))

.PHONY: mutants
mutants: ## plant each bug of docs/mutants.md and see a simulator notice it; ARGS="-only regexp -write"
	go run ./test/mutants $(ARGS)

.PHONY: chaos
chaos: ## real processes and servers, broken for MINUTES=1; SEED=n repeats a plan; ARGS=-available
	go run ./test/chaos -minutes $(MINUTES) $(if $(SEED),-seed $(SEED)) $(ARGS)

.PHONY: live
live: ## tests on real NATS servers and real processes
	go test -count=1 -parallel 8 ./test/live

# What the targets find is kept in testdata/fuzz, and is a test from then on. Each runs as
# often as two cores do in some 20 s. It is not told a time: Go's coordinator may take the
# end of that for a failure ("context deadline exceeded", golang/go#75804). Go builds all
# packages anew for the first of them, and runs one at a time.
FUZZED := ./bridge:FuzzDecode:60000x ./bridge:FuzzSights:60000x ./bridge:FuzzPartitions:50000x \
	./partition:FuzzPartitionID:200000x ./partition:FuzzValidatePlan:200000x

.PHONY: fuzz
fuzz: ## records, names and IDs that nobody thought of; FUZZTIME=5m or 1000000x for each target
	@for target in $(FUZZED); do echo "$$target"; rest=$${target#*:}; \
		go test -run '^$$' -fuzz "^$${rest%:*}$$" -fuzztime "$(or $(FUZZTIME),$${rest#*:})" -fuzzminimizetime 10x "$${target%%:*}"; done

# What takes long is measured only if BENCH names it.
LONG := Capacity|IdleCrowd|Detect|JoinMany|Observed|Outage|Scale|Strategies|Swarm

.PHONY: bench
bench: ## measure moves, crashes, leader changes and costs; BENCH=regexp selects, TIMES=n samples
	cd test/bench && go test -run '^$$' -timeout 0 -bench '$(BENCH)' $(if $(filter .,$(BENCH)),-skip '$(LONG)') -benchtime $(TIMES)x . $(if $(ARGS),-args $(ARGS))

.PHONY: profile
profile: ## profiles of a rebalance in profiles/: go tool pprof profiles/cpu.out, heap.out
	mkdir -p profiles
	cd test/bench && go test -run '^$$' -timeout 0 -bench '^BenchmarkJoin$$/^DefaultWithoutWindows$$' -benchtime $(TIMES)x \
		-cpuprofile $(CURDIR)/profiles/cpu.out -memprofile $(CURDIR)/profiles/heap.out -o $(CURDIR)/profiles/bench.test .

.PHONY: lint
lint: ## format, vet, staticcheck, code that nothing reaches
	@if git grep -nE '^(<<<<<<<|>>>>>>>) '; then echo 'a merge was left half done'; exit 1; fi
	@echo 'gofumpt'; files=$$($(TOOL) gofumpt -l .); if [ -n "$$files" ]; then echo "gofumpt would change:"; echo "$$files"; exit 1; fi
	@for module in $(MODULES); do echo "vet and staticcheck in $$module"; (cd $$module && go vet ./... && $(TOOL) staticcheck ./...); done
	@echo 'deadcode'; dead=$$($(TOOL) deadcode -test ./...); if [ -n "$$dead" ]; then echo "$$dead"; exit 1; fi

.PHONY: lint-full
lint-full: ## golangci-lint with .golangci.yml; building it takes a minute or two
	$(FULL) golangci-lint run ./...

.PHONY: proto
proto: ## generate Go code from the schema of the records
	cd tools && go run ./protogen -root .. -out .. $(SCHEMAS)

.PHONY: diagrams
diagrams: ## draw the actors' tables into README.md and docs, and the table of hazards
	go test -count=1 -run '^(TestDiagrams|TestHazards_Document)$$' ./test/shape -args -write

.PHONY: verify
verify: ## fail if generated files, diagrams or go.mod files are out of date
	cd tools && go run ./protogen -check -root .. -out .. $(SCHEMAS)
	go test -count=1 -run '^TestDiagrams$$' ./test/shape
	@for module in $(MODULES); do echo "go mod tidy -diff in $$module"; (cd $$module && go mod tidy -diff); done

.PHONY: rules
rules: ## check the alerts and the dashboard of docs/monitoring; needs promtool
	@work=$$(mktemp -d); trap 'rm -r "$$work"' EXIT; (cd tools && go run ./panels ../docs/monitoring/dashboard.json) > "$$work/panels.yml"; \
	promtool check rules docs/monitoring/alerts.yml "$$work/panels.yml"; promtool test rules docs/monitoring/alerts.test.yml

# The tests of `test` include the live tests and the examples, so that none of them is a step
# of its own here; its fixed seeds are among those of lives. Chaos takes minutes and little of
# the processor: it goes on beside what only computes, the busier the better, and is about
# over when the live tests begin, which are promised what a machine can keep. These wait more
# than they compute, and so do some of those that the race detector watches before. What both
# leave is taken, at the lowest priority, by lives and fuzzing, which are counted and not timed.
# All that goes on beside tells at the end what it found, or ends with the rest if that fails. (A
# line that says MAKE is run by make -n too; this one must not be.)
AGAIN := $(MAKE) COUNT=-count=1 LIVED=1
.PHONY: ci
ci: ## everything that must hold before a change lands
	@set -m; work=$$(mktemp -d); go build -o "$$work/chaos" ./test/chaos; \
	"$$work/chaos" -minutes 5 -seed 1 > "$$work/report" & chaos=$$!; lives=; \
	trap 'for p in $$chaos $$lives; do kill -- -$$p 2> /dev/null || true; done; wait; rm -r "$$work"' EXIT; \
	$(AGAIN) verify lint rules lint-full; \
	nice -n 19 $(AGAIN) lives fuzz > "$$work/lives" 2>&1 & lives=$$!; \
	$(AGAIN) race-apart test race-live; \
	ended=0; wait $$lives || ended=$$?; lives=; cat "$$work/lives"; \
	wait $$chaos || ended=$$?; chaos=; cat "$$work/report"; exit $$ended
