// Package ask answers what people, pages and agents ask of the program, in
// one place for all of its doors: the command line, the HTTP API, WebAssembly
// in a browser, and the Model Context Protocol. Questions and answers are plain
// structs whose JSON is the contract; what a question names is looked up among
// what comes with the program, and no file is read unless the Desk allows it.
//
//	methods.go   every question by name, for doors that speak JSON
//	files_methods.go       those about files,
//	files_methods_none.go  which a small build leaves out
//	run.go       a fixed number of agents, and what happened in that run
//	playback.go  a run recorded to be watched
//	explain.go   where a step's time, a rank's memory and the watts go
//	compare.go   two scenarios against each other
//	plan.go      a budget filled with units of systems
//	sweep.go     a study of one scenario at many points
//	sessions.go  the shape of a trace
//	table.go     the results of a study
//	presets.go   what comes with the program
//	edit.go      one field of a scenario's YAML, written in place
//	capacity.go  how many agents: estimated, simulated, with its interval
//	inputs.go    what a result is about
//	fault.go     what was wrong, and where
//	question.go  a scenario, by name or as text, with overrides
//	desk.go      who answers, and how far an answer is
package ask
