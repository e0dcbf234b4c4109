// Package configs holds what a question to the program consists of, the
// Scenario, and the presets that ship with it. How YAML becomes such a struct is
// the matter of package tree, whose terms are repeated here for its readers.
// From the top down:
//
//	presets.go      the library of everything that ships with the program
//	uncertainty.go  what a scenario does not know
//	attach.go       the files that a scenario names
//	caps.go         what a site leaves its accelerators
//	scenario.go     one question with everything its answer depends on
//	mix.go          several kinds of agents on one deployment
//	protocol.go     how a number of agents is tried
//	factors.go      groups of fields in which two scenarios may differ
//	tree.go         package tree under this roof
package configs
