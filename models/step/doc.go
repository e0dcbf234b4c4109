// Package step composes architecture, experts, hardware and engine into the
// time and energy of one step of a worker, and into the memory budget of its
// ranks. A Model is built once per configuration and is immutable after that.
//
// In reading order:
//
//	transfer.go     the way of a prompt's cache to another worker
//	model.go        the front door
//	prices.go       prices that remember
//	step.go         the price of a step
//	pipeline.go     of a worker with several stages
//	pass.go         what a batch passes in a step
//	draft.go        with drafts that the target verifies
//	overlap.go      as two halves that take turns
//	memory.go       what ranks hold
//	pools.go        what an engine's caches keep, in which pools
//	stack.go        the layers together
//	host.go         the engine's own loop beside the device
//	layer.go        what surrounds attention
//	attention.go    attention
//	context.go      contexts and prompts divided over accelerators
//	kinds.go        kinds of layers, prepared for a worker
//	experts.go      experts
//	exchange.go     the exchange of tokens before and after them
//	ledger.go       where all of these book seconds, work and bytes
//	batch.go        a batch as they see it
//	worker.go       what runs how fast on a worker
//	energy.go       joules
//	load.go         what ranks bring to a step
//	validate.go     what no model could make right
//	config.go       what one configures
//	shape.go        the degrees of parallelism of a worker
//	spec.go         an engine
//	recipes.go      what its public recipes set
//	schedule.go     how it forms steps
//	acceptance.go   how many drafted tokens are accepted where nobody measured it
//	speculation.go  how it speculates
package step
