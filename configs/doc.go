// Package configs turns YAML and command-line overrides into typed
// configuration: it resolves names of presets, merges what overrides them,
// and decodes the result strictly, so that a slip is one error with its file,
// line, column and the nearest valid name.
//
// A configuration is any Go struct with yaml tags. Loading it goes through a
// tree of nodes, each of which remembers where it was written:
//
//	load.go     all of it, in order; read this first
//	parse.go    text → tree
//	resolve.go  names of presets → their trees, with what overrides them
//	extend.go   a file laid over the one it extends
//	merge.go    how one tree overrides another
//	set.go      path=value overrides
//	decode.go   tree → struct, strictly
//	validate.go Validate methods of the struct → positions in the tree
//	uncertainty.go what is not known of a loaded scenario
//
// The tree is kept as the Provenance of the configuration: for every number
// the place that gave it and, for presets, the basis it rests on. Check holds
// the presets to naming one.
package configs
