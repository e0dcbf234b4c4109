//go:build js && !readers

package sessions

import (
	"errors"
	"fmt"

	"agentsim/trace"
)

// fromTrace refuses traces: a build for a web page carries their readers only
// with the tag readers.
func fromTrace(*trace.Workload, uint64, bool) (*Source, error) {
	return nil, fmt.Errorf("workload.trace: %w", errNoReaders)
}

// Trees refuses traces, as fromTrace does.
func Trees(string) (*trace.Pool, error) { return nil, errNoReaders }

var errNoReaders = errors.New("this build reads no traces; want one with the tag readers")
