# All that these targets need is Go; tools come from go.mod (`go tool`).

.PHONY: help check test bench golden

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

# CI is unset here, so that tests of data outside the repository skip where the
# data is missing instead of failing.
check: ## what must hold before a change is taken: format, vet, lint, go.mod, tests
	@CI= .ci/run

test: ## all tests, the house rules of internal/tidy among them
	go test ./...

bench: ## all benchmarks
	go test -run '^$$' -bench . -benchmem ./...

golden: ## rewrite the golden files; commit only what you can explain
	UPDATE_GOLDEN=1 go test -count=1 ./...
