# All that these targets need is Go; tools come from go.mod (`go tool`).

.PHONY: help build check wasm test laws bench golden learn

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

build: ## the program as ./agentsim, without debugging data
	go build -trimpath -ldflags '-s -w' -o agentsim ./cmd/agentsim

check: ## what must hold before a change is taken: format, go.mod, vet, lint, tests, WebAssembly
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt would change: $$unformatted"; exit 1; }
	go mod tidy -diff
	go vet ./...
	go tool staticcheck ./...
	go test ./...
	$(MAKE) wasm

wasm: ## all but the command compiles for a web page
	GOOS=js GOARCH=wasm go build $$(go list ./... | grep -v -e /cmd/ -e /internal/)

test: ## all tests, the house rules of internal/tidy among them
	go test ./...

laws: ## laws of the answer in full: starts inside gaps up to an hour, intervals over 60 seeds, the estimate against the simulator; over an hour
	AGENTSIM_LAWS=1 go test -count=1 -timeout 4h -v -run 'TestIntervalsHoldTheAnswer|TestTheStartIsStationary' ./experiment
	AGENTSIM_LAWS=1 go test -count=1 -timeout 4h -run TestRelations ./cmd/agentsim
	AGENTSIM_LAWS=1 go test -count=1 -timeout 4h -v -run "TestRandomScenariosAgree|TestAgreesWithTheSimulation" ./experiment/analytic
	AGENTSIM_LAWS=1 go test -count=1 -timeout 4h -v -run "TestTheShortRanking|TestTheBatchLimit" ./experiment/deploy

bench: ## all benchmarks
	go test -run '^$$' -bench . -benchmem ./...

golden: ## rewrite the golden files; commit only what you can explain
	UPDATE_GOLDEN=1 go test -count=1 ./...

learn: ## redraw the figures of docs/LEARN.md
	mkdir -p docs/figures
	go run ./cmd/agentsim compare gb300-vs-h200 --plot docs/figures/gap.svg
	go run ./cmd/agentsim capacity gb300-agentperf-slo20 --uncertainty 64 --target 57.5 --plot docs/figures/unknowns-gb300.svg
	go run ./cmd/agentsim capacity h200-agentperf-slo20 --uncertainty 64 --target 1.4 --plot docs/figures/unknowns-h200.svg
	go run ./cmd/agentsim sweep disaggregation-under-load --plot --out out/disaggregation-under-load
	cp out/disaggregation-under-load/lines.svg docs/figures/disaggregation-under-load.svg
	go run ./cmd/agentsim sweep experts-over-domain --out out/experts-over-domain
	go run ./cmd/agentsim sweep overlap --out out/overlap
	go run ./cmd/agentsim sweep generations --out out/generations
