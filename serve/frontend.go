package serve

import (
	"agentsim/models/step"
	"agentsim/sim"
)

// frontend is the processes that tokenise, hash and route prompts and stream
// answers: every request is work for one of them, the first that is free.
type frontend struct {
	cost step.HostCost
	free []sim.Time // when each process is, as a heap: the earliest first; empty = as many as it takes
}

// newFrontend is the front end of so many accelerators.
func newFrontend(cost step.HostCost, accelerators int) frontend {
	return frontend{cost: cost, free: make([]sim.Time, cost.Processes*accelerators)}
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
	begin := max(now, f.free[0])
	f.replace(begin + sim.Ticks(seconds))
	return begin - now
}

// replace gives the process that is free first another time.
func (f *frontend) replace(until sim.Time) {
	at := 0
	for {
		child := 2*at + 1
		if child+1 < len(f.free) && f.free[child+1] < f.free[child] {
			child++
		}
		if child >= len(f.free) || f.free[child] >= until {
			break
		}
		f.free[at] = f.free[child]
		at = child
	}
	f.free[at] = until
}
