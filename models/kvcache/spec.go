// Package kvcache keeps count of cache memory: block pools, the residency of
// every session's prefix per tier, shared prefixes and eviction. It is a
// state machine without a clock; time comes in as an argument.
package kvcache
