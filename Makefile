# All that these targets need is Go; tools come from go.mod (`go tool`).

.PHONY: help check test bench golden

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

check: ## what must hold before a change is taken: format, go.mod, vet, lint, tests
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "gofmt would change: $$unformatted"; exit 1; }
	go mod tidy -diff
	go vet ./...
	go tool staticcheck ./...
	go test ./...

test: ## all tests, the house rules of internal/tidy among them
	go test ./...

bench: ## all benchmarks
	go test -run '^$$' -bench . -benchmem ./...

golden: ## rewrite the golden files; commit only what you can explain
	UPDATE_GOLDEN=1 go test -count=1 ./...
