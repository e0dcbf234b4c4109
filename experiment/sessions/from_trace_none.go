//go:build js && !readers

package sessions

import (
	"errors"

	"agentsim/trace"
)

// fromTrace refuses traces: a build for a web page carries their readers only
// with the tag readers.
func fromTrace(*trace.Workload, uint64, bool) (*Source, error) {
	return nil, errors.New("workload.trace: this build reads no traces; want one with the tag readers")
}
