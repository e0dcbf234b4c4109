# All that these targets need is Go; tools come from go.mod (`go tool`).

.PHONY: docs help build check wasm page page-check test laws mutants bench ratio golden learn

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
	$(MAKE) ratio
	$(MAKE) wasm

wasm: ## all but the commands and their server compiles for a web page
	GOOS=js GOARCH=wasm go build $$(go list ./... | grep -v -e /cmd/ -e /internal/ -e /web)

PAGE = out/page
# Functions are inlined only where a simulation spends its time: a tenth less to load.
SMALL = -gcflags 'all=-l' -gcflags 'agentsim/sim=' -gcflags 'agentsim/serve=' -gcflags 'agentsim/models/step=' -gcflags 'agentsim/models/hardware='
page: ## the page as a folder that any web server can host: the simulator as WebAssembly, nothing sent anywhere
	rm -rf $(PAGE) && mkdir -p $(PAGE)
	cp -r web/page/. $(PAGE)/ && cp docs/LEARN.md $(PAGE)/learn.md && cp docs/figures/gap.json $(PAGE)/
	cp "$$(go env GOROOT)/lib/wasm/wasm_exec.js" $(PAGE)/js/
	GOOS=js GOARCH=wasm go build -trimpath -ldflags '-s -w' $(SMALL) -o $(PAGE)/simulator.wasm ./cmd/page
	GOOS=js GOARCH=wasm go build -trimpath -ldflags '-s -w' -tags readers -o $(PAGE)/readers.wasm ./cmd/page
	gzip -9 -n $(PAGE)/*.wasm
	echo '{"backend":"wasm","simulator":"simulator.wasm.gz","readers":"readers.wasm.gz"}' > $(PAGE)/backend.json

page-check: ## the page in a real browser, and its types; needs node, and installs Debian's Chromium where there is none
	sh web/check/run.sh

test: ## all tests, the house rules of internal/tidy among them
	go test ./...

laws: ## laws of the answer in full: starts inside gaps up to an hour, intervals over 60 seeds, the estimate against the simulator; about an hour
	AGENTSIM_LAWS=1 go test -count=1 -timeout 4h -v -run 'TestIntervals|TestTheStartIsStationary' ./experiment
	AGENTSIM_LAWS=1 go test -count=1 -timeout 4h -run TestRelations ./cmd/agentsim
	AGENTSIM_LAWS=1 go test -count=1 -timeout 4h ./scenarios
	AGENTSIM_LAWS=1 go test -count=1 -timeout 4h -v -run "TestRandomScenariosAgree|TestAgreesWithTheSimulation" ./experiment/analytic
	AGENTSIM_LAWS=1 go test -count=1 -timeout 4h -v -run "TestTheShortRanking|TestTheBatchLimit" ./experiment/deploy

mutants: ## small faults, one at a time, that the tests they name must find; two minutes
	AGENTSIM_MUTANTS=1 go test -count=1 -timeout 4h -v -run TestMutantsDie ./internal/mutants

docs: ## every command of the documents and of the help, as it stands there
	AGENTSIM_DOCS=1 go test -count=1 -timeout 30m -run 'TestTheCookbook|TestHelpExamplesRun|TestDocumentedCommands|TestManualPages' ./cmd/agentsim

bench: ## all benchmarks, and at the end how many times an event costs one of a bare queue
	go test -run '^$$' -bench . -benchmem ./...
	$(MAKE) ratio

ratio: ## fails where an event costs 30 % more, over one of a bare queue, than was written in serve/ratio_test.go and growth_test.go
	AGENTSIM_BENCH=1 go test -count=1 -v -run 'TestAnEventCosts|TestACallGrows' ./serve

golden: ## rewrite the golden files; commit only what you can explain
	UPDATE_GOLDEN=1 go test -count=1 ./...

learn: ## redraw the figures of docs/LEARN.md
	mkdir -p docs/figures
	rm -rf out/disaggregation-under-load out/experts-over-domain out/overlap out/generations
	go run ./cmd/agentsim compare gb300-vs-h200 --plot docs/figures/gap.svg -o json --out docs/figures/gap.json
	go run ./cmd/agentsim capacity gb300-agentperf-slo20 --uncertainty 64 --target 57.5 --plot docs/figures/unknowns-gb300.svg
	go run ./cmd/agentsim capacity h200-agentperf-slo20 --uncertainty 64 --target 1.4 --plot docs/figures/unknowns-h200.svg
	go run ./cmd/agentsim sweep disaggregation-under-load --plot --out out/disaggregation-under-load
	cp out/disaggregation-under-load/lines.svg docs/figures/disaggregation-under-load.svg
	go run ./cmd/agentsim sweep experts-over-domain --out out/experts-over-domain
	go run ./cmd/agentsim sweep overlap --out out/overlap
	go run ./cmd/agentsim sweep generations --out out/generations
