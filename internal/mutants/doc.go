// Package mutants holds small faults that the tests must find. Each line of
// mutants.tsv puts one into one file: a sign, a constant, an order, a bound. A
// test makes sure that the lines still fit the code; `make mutants` builds the
// tests of the package with one fault at a time, without touching the tree, and
// wants the test that the line names to fail.
package mutants
