// Package tidy holds the house rules of this repository as failing tests over
// its own source: who may import whom, how long things may be, what may not be
// called where, that constants name their source, and in which order files are
// read. rules_test.go is the statement of policy; the other files carry it out.
// There is no program here.
package tidy
