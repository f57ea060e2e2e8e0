# Everything that is done with this repository. `make test` is the one command
# that passes all tests; it fetches the tools it needs into .bin/ first.

GO          ?= go
BIN         := $(CURDIR)/.bin
FUZZTIME    ?= 10s
BENCHTIME   ?= 5x
KILLS       ?= 1000
SOAK        ?= 20m
RATE        ?= 5000

PROMETHEUS_VERSION      := v0.316.0
ALERTMANAGER_VERSION    := v0.31.1
STATICCHECK_VERSION     := v0.8.2
STATSD_EXPORTER_VERSION := v0.31.0
GOVULNCHECK_VERSION     := v1.9.0
COLLECTOR_VERSION       := v0.155.0

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
LDFLAGS  := -s -w \
	-X github.com/prometheus/common/version.Version=$(VERSION) \
	-X github.com/prometheus/common/version.Revision=$(REVISION)

.PHONY: run build test race tools demo bench collector crash soak lint audit fuzz clean

run: ## Run the exporter on an embedded store in data/.
	$(GO) run ./exporter

# One revision gives the same bytes in every folder, and in the Dockerfile, which
# has the same flags: no path, no time, and nothing of git but VERSION and REVISION.
build: ## Static binaries in dist/.
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o dist/support_exporter ./exporter
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o dist/supportctl ./exporter/supportctl

# Nothing is taken from an earlier run: tests build programs and start them, and
# whether those changed is not seen. The second line tells what it saw: the queries
# of the dashboards and their times, and the alerts as a person would read them.
# Short forms of crash and soak are among the tests, those of fuzz and bench follow.
test: tools ## All tests.
	$(GO) test -count=1 -timeout 20m $$($(GO) list ./... | grep -v /internal/bundle$$)
	$(GO) test -count=1 -timeout 20m -v ./exporter/internal/bundle
	$(MAKE) --no-print-directory fuzz FUZZTIME=1s
	$(GO) test -short -run '^$$' -bench . -benchtime 1x -timeout 20m ./exporter/internal/bench

# Without the packages that are only tests of files and of other programs, or
# have one goroutine: the detector would slow them and find nothing.
race: tools ## All tests under the race detector, the long ones in their short form.
	$(GO) test -count=1 -race -short -timeout 20m $$($(GO) list ./... | grep -vE '/internal/(bench|bundle|dashboard|report|simulate)$$')

# A tool is fetched when its version is not the one that is there.
TOOLS := prometheus@$(PROMETHEUS_VERSION) alertmanager@$(ALERTMANAGER_VERSION)
tools: $(TOOLS:%=$(BIN)/.%) ## Prometheus and Alertmanager with their companions, pinned, in .bin/.

# Without remove_all_sd a module of a cloud provider is needed that cannot be had.
$(BIN)/.prometheus@$(PROMETHEUS_VERSION):
	mkdir -p $(BIN)
	GOBIN=$(BIN) GOFLAGS= $(GO) install -tags remove_all_sd \
		github.com/prometheus/prometheus/cmd/prometheus@$(PROMETHEUS_VERSION) \
		github.com/prometheus/prometheus/cmd/promtool@$(PROMETHEUS_VERSION)
	rm -f $(BIN)/.prometheus@* && touch $@

$(BIN)/.alertmanager@$(ALERTMANAGER_VERSION):
	mkdir -p $(BIN)
	GOBIN=$(BIN) GOFLAGS= $(GO) install \
		github.com/prometheus/alertmanager/cmd/alertmanager@$(ALERTMANAGER_VERSION) \
		github.com/prometheus/alertmanager/cmd/amtool@$(ALERTMANAGER_VERSION)
	rm -f $(BIN)/.alertmanager@* && touch $@

$(BIN)/.staticcheck@$(STATICCHECK_VERSION):
	mkdir -p $(BIN)
	GOBIN=$(BIN) GOFLAGS= $(GO) install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION)
	rm -f $(BIN)/.staticcheck@* && touch $@

$(BIN)/.statsd_exporter@$(STATSD_EXPORTER_VERSION):
	mkdir -p $(BIN)
	GOBIN=$(BIN) GOFLAGS= $(GO) install github.com/prometheus/statsd_exporter@$(STATSD_EXPORTER_VERSION)
	rm -f $(BIN)/.statsd_exporter@* && touch $@

demo: build tools ## The whole stack on this machine, with 28 days of history and live traffic.
	$(GO) run ./examples/demo

# The collector takes minutes to build and may fail to: then the table is without it.
bench: $(BIN)/.statsd_exporter@$(STATSD_EXPORTER_VERSION) ## Benchmarks, and a table of them beside the peers in the same run.
	-@$(MAKE) --no-print-directory collector
	$(GO) test -run '^$$' -bench . -benchtime $(BENCHTIME) -timeout 30m ./exporter/internal/bench

# TestKill says what SEED repeats, and what it cannot.
crash: ## KILLS kills -9 of the exporter under load, totals compared after each; SEED repeats a run.
	E2E_KILLS=$(KILLS) E2E_SEED=$(SEED) $(GO) test -count 1 -v -run '^TestKill$$' -timeout 0 ./exporter/internal/e2e

soak: ## RATE events a second for SOAK, with restarts: totals exact, memory flat, latencies shown.
	E2E_SOAK=$(SOAK) E2E_RATE=$(RATE) E2E_SEED=$(SEED) $(GO) test -count 1 -v -run '^TestSoak$$' -timeout 0 ./exporter/internal/e2e

collector: $(BIN)/.otelcol@$(COLLECTOR_VERSION) ## The OpenTelemetry collector to compare with, in .bin/.

# Its builder would tidy the modules, for which it needs those of all their tests,
# and one of them cannot be had. So it only writes the code, and the rest is here.
COLLECTOR := exporter/internal/bench/collector.yaml
$(BIN)/.otelcol@$(COLLECTOR_VERSION): $(COLLECTOR)
	mkdir -p $(BIN)
	GOFLAGS= $(GO) run go.opentelemetry.io/collector/cmd/builder@$(COLLECTOR_VERSION) --config=$(COLLECTOR) --skip-get-modules --skip-compilation
	cd $(BIN)/otelcol.src && rm -f go.mod go.sum && GOFLAGS= $(GO) mod init otelcol && \
		GOFLAGS= $(GO) get go.opentelemetry.io/collector/otelcol@$(COLLECTOR_VERSION) $$(sed -n 's/.*gomod: \(.*\) v/\1@v/p' $(CURDIR)/$(COLLECTOR)) && \
		GOFLAGS=-mod=mod $(GO) build -trimpath -ldflags '-s -w' -o $(BIN)/otelcol .
	rm -rf $(BIN)/otelcol.src $(BIN)/.otelcol@* && touch $@

lint: $(BIN)/.staticcheck@$(STATICCHECK_VERSION) ## gofmt, vet, staticcheck and a tidy go.mod.
	@files=$$(gofmt -l exporter examples); test -z "$$files" || { echo "gofmt would change:"; echo "$$files"; exit 1; }
	$(GO) vet ./...
	$(BIN)/staticcheck ./...
	$(GO) mod tidy -diff
	$(GO) mod verify

$(BIN)/.govulncheck@$(GOVULNCHECK_VERSION):
	mkdir -p $(BIN)
	GOBIN=$(BIN) GOFLAGS= $(GO) install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	rm -f $(BIN)/.govulncheck@* && touch $@

# Not part of .ci/run: what is known tomorrow would fail a change of today.
audit: $(BIN)/.govulncheck@$(GOVULNCHECK_VERSION) ## Known vulnerabilities in what is called; needs the network (https://vuln.go.dev).
	$(GO) mod verify
	@echo "govulncheck asks https://vuln.go.dev: this needs the network"
	$(BIN)/govulncheck ./...

# FUZZTIME=10m for a long run, FUZZTIME=1000x for a number of executions of each.
fuzz: ## Every fuzz target for FUZZTIME, and a table of what came of it.
	@GO="$(GO)" .ci/fuzz $(FUZZTIME)

clean: ## Remove what was built, and the tools.
	rm -rf dist $(BIN)
