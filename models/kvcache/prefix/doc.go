// Package prefix is the prefix cache as engines keep it: a model's cache is a
// list of components, each lies in a pool of its own size, and a prefix can be
// reused only up to the last position at which every component is still there
// (engine-caches.md 1). It is a state machine without a clock; time comes in as
// an argument. It knows neither the simulator nor what serves.
//
// Read in this order, from what is asked to what it stands on:
//
//	stats.go       counts
//	store.go       a pool or a tier, with what can give way there
//	queue.go       the order of that
//	evict.go       what gives way, and where it goes
//	release.go     it ends
//	fill.go        its prompt is computed
//	admit.go       a request begins
//	lookup.go      the hit, and why the rest was lost
//	expect.go      memory that is fetched before it is needed
//	mark.go        checkpoints: positions at which windows and states are kept
//	memory.go      the bytes of both, and what can give way
//	sheet.go       lists of which a rank uses few places
//	tree.go        what lies there of the entries that grow with the context
//	cache.go       one rank's cache, and what can be asked of it
//	contents.go    which tokens of which sessions are equal
//	budget.go      bytes of a rank to tokens and sessions, by pool
//	preset.go      policies by engine and version
//	layout.go      a model's components as an engine lays them out in pools
//	spec.go        pools, checkpoints, what running requests hold; faults
//	component.go   what a model keeps of a sequence, and what that takes in pages
package prefix
