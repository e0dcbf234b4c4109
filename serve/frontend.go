package serve

import (
	"agentsim/models/step"
	"agentsim/sim"
)

// frontend is the processes that tokenise, hash and route prompts and stream
// answers: every request is work for one of them, the first that is free.
type frontend struct {
	cost step.HostCost
	free []sim.Time // when each process is; empty = as many as it takes
}

// newFrontend is the front end of so many workers that take prompts.
func newFrontend(cost step.HostCost, workers int) frontend {
	return frontend{cost: cost, free: make([]sim.Time, cost.Processes*workers)}
}

// takeIn is how long a request that comes now is on its way to the router.
func (f *frontend) takeIn(now sim.Time, prompt float64) sim.Time {
	own := sim.Ticks(f.cost.IngressSeconds(prompt))
	return f.work(now, f.cost.RequestSeconds(prompt)) + own
}

// sendOut books the streaming of an answer that is complete now.
func (f *frontend) sendOut(now sim.Time, output float64) {
	if f.cost.PerOutputToken > 0 {
		f.work(now, float64(f.cost.PerOutputToken)*output)
	}
}

// work gives a process so many seconds of work and returns how long it waits.
func (f *frontend) work(now sim.Time, seconds float64) sim.Time {
	if len(f.free) == 0 {
		return 0
	}
	first := 0
	for i, at := range f.free {
		if at < f.free[first] {
			first = i
		}
	}
	begin := max(now, f.free[first])
	f.free[first] = begin + sim.Ticks(seconds)
	return begin - now
}
