// Package configs holds what a question to the program consists of, the
// Scenario, and the presets that ship with it. How YAML becomes such a struct is
// the matter of package tree, whose terms are repeated here for its readers.
// From the top down:
//
//	schema.go       the JSON Schema of files
//	uncertainty.go  what a scenario does not know
//	attach.go       the files that a scenario names
//	words.go        what fields mean, in words
//	doubts.go       values that are hardly meant
//	caps.go         what a site leaves its accelerators
//	scenario.go     one question with everything its answer depends on
//	defaults.go     what fields mean that are left out
//	mix.go          several kinds of agents on one deployment
//	day.go          a day whose agents and machines come and go
//	presets.go      the library of everything that ships with the program
//	protocol.go     how a number of agents is tried
//	runs.go         where the public runs lie that predictions were held against
//	accuracy.go     how far predictions of whole runs were off
//	factors.go      groups of fields in which two scenarios may differ
//	tree.go         package tree under this roof
package configs
