package metrics

import "errors"

// ErrInfeasible marks scenarios that cannot work at all: a worker that does
// not fit in memory, or a service level that one agent already fails.
var ErrInfeasible = errors.New("infeasible")

// ErrConfiguration marks scenarios whose parts do not go together, such as an
// engine without kernels for the precision that the deployment asks for.
var ErrConfiguration = errors.New("impossible configuration")
