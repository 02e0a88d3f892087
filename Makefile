# Koppel. `make help` lists the targets.
SHELL := /bin/bash
.DEFAULT_GOAL := help
BIN := $(CURDIR)/bin
# The race detector and the linters need memory more than cores.
export GOFLAGS ?= -buildvcs=false

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

.PHONY: run
run: postgres standalone ## Build and start everything, with a demo: API, worker, PostgreSQL, Temporal and its Web UI
	$(BIN)/koppel-standalone --demo --ready-file .koppel/ready.json $(ARGS)

.PHONY: standalone
standalone:
	@mkdir -p $(BIN)
	@if [ ! -x $(BIN)/koppel-standalone ]; then echo "Building koppel-standalone. The first time this compiles Temporal's server: about five minutes on two cores."; fi
	@( while sleep 20; do echo "  still building…"; done ) & ticker=$$!; \
	 cd standalone && go build -o $(BIN)/koppel-standalone . ; status=$$?; kill $$ticker 2>/dev/null; exit $$status

.PHONY: postgres
postgres: # PostgreSQL's programs, where nothing else is configured and we may install them
	@scripts/ensure-postgres

.PHONY: database-tests
database-tests: # what the tests of the database need
	@scripts/ensure-database-tests

.PHONY: monitoring
monitoring: # what the test of alerts and dashboards needs
	@scripts/ensure-monitoring

.PHONY: browser
browser: # what the browser tests need
	@scripts/ensure-browser

.PHONY: build
build: standalone ## Build both programs into bin/
	go build -o $(BIN)/koppel .

.PHONY: test
test: postgres database-tests browser monitoring gotestsum ## Run every test: the product's module with the race detector, then end to end and in a browser
	@mkdir -p .koppel
	$(BIN)/gotestsum --format pkgname --jsonfile .koppel/test.json -- -race -timeout 30m ./...
	@$(call slowest,.koppel/test.json)
	cd standalone && $(BIN)/gotestsum --format pkgname --jsonfile ../.koppel/test-standalone.json -- -timeout 50m -parallel 4 ./...
	@$(call slowest,.koppel/test-standalone.json)

# Where the time of a test run went. A test's seconds are its own; several run at once.
slowest = echo "Slowest:"; $(BIN)/gotestsum tool slowest --jsonfile $(1) --threshold 3s --num 15

.PHONY: gotestsum
gotestsum:
	@mkdir -p $(BIN)
	@cd tools && go build -o $(BIN)/ gotest.tools/gotestsum

.PHONY: lint
lint: tools generate-check ## Format, linters, generated code is current, determinism of workflows
	$(BIN)/golangci-lint run ./...
	cd standalone && $(BIN)/golangci-lint run --config ../.golangci.yml ./...
	$(BIN)/workflowcheck ./workflows/...
	$(BIN)/sqlc vet
	cd tools && go run ./composecheck ../docker-compose.yml
	cd tools/kubernetes && go test ./...
	cd tools && go test ./vulnerable

.PHONY: vulnerabilities
vulnerabilities: build ## Look for known vulnerabilities in what both programs are built from, where their database can be reached (GOVULNDB names a mirror)
	cd tools && go run ./vulnerable $(BIN)/koppel $(BIN)/koppel-standalone

.PHONY: check
check: test lint vulnerabilities ## All that CI runs

.PHONY: generate
generate: tools ## Write generated code: queries, their types, the OpenAPI document as JSON, pages
	$(BIN)/sqlc generate
	cd tools && go run ./aliases ../db/dbsqlc ../db/types.go
	cd tools && go run ./openapi ../salesdock/openapi.yaml ../salesdock/openapi.json
	$(BIN)/templ generate -path server/admin -log-level error

.PHONY: generate-check
generate-check: generate
	@git diff --exit-code -- db/dbsqlc db/types.go salesdock/openapi.json 'server/admin/views/*_templ.go' || { echo "Generated code is not current: run make generate, and commit what changes."; exit 1; }

.PHONY: replay
replay: standalone ## Record the workflow histories that the replay test holds (after a deliberate change only)
	cd standalone && KOPPEL_RECORD=$(CURDIR)/workflows/testdata/replay go test -count=1 -tags record -run TestRecordHistories ./e2e

.PHONY: screenshots
screenshots: postgres browser ## Make the README's pictures anew, from the demo
	cd standalone && KOPPEL_SCREENSHOTS=$(CURDIR)/docs/images go test -count=1 -run TestReadmeScreenshots ./e2e

.PHONY: pictures
pictures: postgres browser ## Picture every page of the demo into standalone/e2e/screenshots, to look at
	cd standalone && KOPPEL_PICTURES=1 go test -count=1 -run 'TestEveryPageInTheBrowser|TestTheWholeScenarioOnScreen' ./e2e

.PHONY: bench
bench: postgres ## Measure, side by side in one run; prints a report
	go test -count=1 -run '^$$' -bench . ./linking
	cd standalone && go test -count=1 -run '^$$' -bench . -benchtime 1x -timeout 60m ./e2e

.PHONY: fuzz
FUZZ_TIME ?= 5m
fuzz: ## Fuzz everything that reads what a partner or client sends, FUZZ_TIME each; a finding is a test, under a name that says what it found
	@for target in linking:FuzzRule linking:FuzzBuildRequest linking:FuzzForms activities:FuzzExchange salesdock:FuzzProduct salesdock:FuzzQuestionAndEnvelope salesdock:FuzzAnswers salesdock:FuzzSignature salesdock:FuzzWithoutNUL salesdock:FuzzOneRow server/api:FuzzForm server/api:FuzzText server/api:FuzzRequests; do \
		echo "$$target"; go test "./$${target%%:*}" -run '^$$' -fuzz "^$${target##*:}$$" -fuzztime $(FUZZ_TIME) || exit 1; \
	done

.PHONY: faults
faults: postgres ## Sell to a partner that does everything wrong: 2,000 orders for each of three seeds; prints a table for each
	cd standalone && KOPPEL_FAULTS_SALES=2000 KOPPEL_FAULTS_SEEDS=3 go test -count=1 -timeout 90m -v -run TestNeverTwiceNeverLost ./e2e

.PHONY: matrix
matrix: postgres database-tests ## The main job on every version, owner and way of PostgreSQL; a test run takes a third of them
	cd standalone && KOPPEL_MATRIX=1 go test -count=1 -timeout 30m -v -run TestMainJobOnRentedPostgreSQL ./e2e

.PHONY: tools
tools:
	@mkdir -p $(BIN)
	@cd tools && go build -o $(BIN)/ github.com/sqlc-dev/sqlc/cmd/sqlc github.com/a-h/templ/cmd/templ github.com/golangci/golangci-lint/v2/cmd/golangci-lint go.temporal.io/sdk/contrib/tools/workflowcheck

.PHONY: release
RELEASE_ARCH ?= $(shell go env GOARCH)
release: ## Build the archives and Debian packages of VERSION into dist/, with checksums, bills of materials and licences
	scripts/release "$(VERSION)" "$(RELEASE_ARCH)"

.PHONY: clean
clean: ## Remove what was built (not the data)
	rm -rf $(BIN)
