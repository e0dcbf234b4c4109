// Package serve is the simulated cluster: agents that make calls, a fleet of
// workers with continuous batching that serves them, and the tally of what
// happened. It owns all state of a run; it decides nothing about service levels.
//
// Three types own the state. Agents submit calls to the fleet, forget what it
// keeps of their sessions, and are told when a call is finished. The fleet knows
// sessions by number and nothing of who they belong to. The cluster builds both,
// and keeps the books.
//
// Read the files in this order; each builds on those after it.
//
// The cluster: cluster.go (wiring, running), window.go (windows of measurement,
// laws that always hold).
//
// Agents: arrivals.go (when agents come and call), closed.go (a fixed number of
// agents), start.go (where they are found at the start), history.go (what they
// have left in caches by then), lanes.go, open.go (session trees at a constant
// number, or by the times of a trace), trees.go (spawn and join of sub-agents),
// agents.go (an agent and its walk through sessions).
//
// Fleet: fleet.go (the life of a call), frontend.go (processes that
// take prompts in), router.go (the table of routers), seats.go (the rank
// with the least to do), handoff.go (from prefill to decode workers), failures.go
// (workers that fail and come back).
//
// Worker: schedule.go (what a worker does next), prefill.go (admission and
// chunks of prompts), hold.go (prompts that wait for company), worker.go (its
// state), decode.go (the decode batch), park.go (slots for one step), preempt.go
// (caches that outgrow memory), expect.go (memory that is fetched before it is
// needed), batch.go (the state of the batch), replica.go (what does not change of a
// worker), cache.go (what a rank asks of its prefix cache), rank.go (an attention
// rank), network.go (wires and the transfers on them), leg.go (a run of steps).
//
// What all of them speak of: flight.go (requests, calls in flight, decoding
// sequences), drafts.go and draws.go (random choices), policy.go, queue.go,
// tally.go, observe.go, caps.go (watts of a pool's accelerators),
// config.go, complete.go and spec.go (what a cluster is built from).
package serve
