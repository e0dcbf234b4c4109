// Package ahead has the processor fetch memory that will be read soon, while it
// goes on with what comes first: a simulation of two thousand sessions does not fit
// in its caches, and to wait for one line of memory takes as long as three hundred
// instructions. It changes no result. Where nobody has written how to, it does
// nothing.
package ahead
