package metrics

import "errors"

// ErrInfeasible marks scenarios that cannot work at all: a worker that does
// not fit in memory, or a service level that one agent already fails.
var ErrInfeasible = errors.New("infeasible")
