// Package prefix is the prefix cache as engines keep it: a model's cache is a
// list of components, each lies in a pool of its own size, and a prefix can be
// reused only up to the last position at which every component is still there
// (engine-caches.md 1). It is a state machine without a clock; time comes in as
// an argument. It knows neither the simulator nor what serves.
//
// Read in this order:
//
//	component.go   what a model keeps of a sequence, and what that takes in pages
//	spec.go        pools, checkpoints, what running requests hold; faults
//	layout.go      a model's components as an engine lays them out in pools
//	preset.go      policies by engine and version
//	budget.go      bytes of a rank to tokens and sessions, by pool
//	contents.go    which tokens of which sessions are equal
//	cache.go       one rank's cache, and what can be asked of it
//	tree.go        what lies there of the entries that grow with the context
//	memory.go      the bytes of both, and what can give way
//	mark.go        checkpoints: positions at which windows and states are kept
//	lookup.go      the hit, and why the rest was lost
//	admit.go       a request begins
//	fill.go        its prompt is computed
//	release.go     it ends
//	evict.go       what gives way, and where it goes
//	store.go       a pool or a tier, with its order of eviction
//	stats.go       counts
package prefix
