// Package tree turns YAML and command-line overrides into any Go struct with
// yaml tags. It resolves names of presets, merges what overrides them, and
// decodes the result strictly, so that a slip is one error with its file, line,
// column and the nearest valid name. It knows nothing of what is configured.
//
// Loading goes through a tree of nodes, each of which remembers where it was
// written. From the top down:
//
//	load.go     all of it, in order; read this first
//	base.go     the same configuration loaded many times
//	attach.go   what a configuration reads besides its own tree
//	extend.go   a file laid over the one it extends
//	merge.go    how one tree overrides another
//	resolve.go  names of presets → their trees, with what overrides them
//	check.go    what presets must say of their numbers
//	uncertainty_presets.go  what presets say is not known of their numbers
//	uncertainty.go  what is not known of a configuration
//	describe.go what a preset says of itself
//	value.go    what stands at a path
//	mix.go      two configurations side by side
//	alter.go    a configuration with other numbers
//	schema.go   JSON Schema for editors
//	fields.go   all places in configurations of a type
//	digest.go   equal digests, equal configurations
//	provenance.go  for every number the place that gave it and what it rests on
//	validate.go faults of the struct → places in the tree
//	set.go      path=value overrides
//	decode.go   tree → struct, strictly
//	source.go   where a text comes from
//	library.go  presets by kind
//	parse.go    text → tree
//	node.go     the tree
//	types.go    the Go types that a tree decodes into
//	errors.go   faults, and the nearest valid name
package tree
