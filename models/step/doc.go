// Package step composes architecture, experts, hardware and engine into the
// time and energy of one step of a worker, and into the memory budget of its
// ranks. A Model is built once per configuration and is immutable after that.
//
// Read it from the top: transfer.go is the way of a prompt's cache to another
// worker, model.go the front door; step.go prices a step, pipeline.go one of
// several stages. What a batch passes is in pass.go, with
// overlap.go for two halves at once and draft.go for speculation, which
// speculation.go and acceptance.go say what it is. context.go divides contexts and
// prompts by token. memory.go
// counts what ranks hold. stack.go puts the layers together, of layer.go
// (what surrounds attention), attention.go with kinds.go, and experts.go with
// exchange.go. All of them see a batch as batch.go does, ask worker.go what runs
// how fast, and book in ledger.go, with the joules of energy.go; load.go is what
// the ranks bring. What one configures is in config.go, validate.go, spec.go and
// shape.go.
package step
