//go:build amd64 || arm64

package ahead

// Fetch has the processor fetch the line of memory in which p lies.
//
//go:noescape
func Fetch(p *int32)
