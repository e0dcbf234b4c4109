// Package portable has the elementary functions on which results depend, in pure
// Go. Those of package math have assembly on some processors (amd64, arm64,
// s390x) and none in WebAssembly, and differ in the last bit, by which two
// builds of one version would give two answers. Here products that are added to
// are rounded first, by explicit conversions, so that no compiler may fuse the
// two; what remains is IEEE 754 arithmetic, which is the same everywhere.
//
// The errors are those of the originals: below 1 unit in the last place for Exp
// and Log; the tests hold them to big.Float and to package math.
package portable
