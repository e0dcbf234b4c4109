package configs

import (
	"fmt"

	"agentsim/fault"
	"agentsim/trace"
)

// MixPart is a further kind of agents that share the deployment with those of
// workload, who are the rest.
type MixPart struct {
	Share    float64        `yaml:"share"` // of all agents
	Workload trace.Workload `yaml:"workload"`
}

// validateMix reports kinds of agents that cannot be together.
func (s *Scenario) validateMix() error {
	var faults fault.List
	sum := 0.0
	for i := range s.Mix {
		m, at := &s.Mix[i], fmt.Sprintf("mix[%d]", i)
		sum += m.Share
		faults.Check(m.Share > 0 && m.Share < 1, at+".share", m.Share, "a share of all agents above 0, below 1")
		faults.Check(closed(&m.Workload), at+".workload.arrivals", m.Workload.Arrivals, trace.ArrivalsClosed)
	}
	if len(s.Mix) > 0 {
		faults.Check(sum < 1, "mix", sum, "shares that sum to less than 1: the rest is of workload")
		faults.Check(closed(&s.Workload), "workload.arrivals", s.Workload.Arrivals, trace.ArrivalsClosed+", as there is a mix")
	}
	return faults.Err()
}

func closed(w *trace.Workload) bool { return w.Arrivals == "" || w.Arrivals == trace.ArrivalsClosed }

// Workloads lists all kinds of agents with their shares, that of workload first.
func (s *Scenario) Workloads() []MixPart {
	all := append([]MixPart{{Share: 1, Workload: s.Workload}}, s.Mix...)
	for _, m := range s.Mix {
		all[0].Share -= m.Share
	}
	return all
}

// Traces lists the files that the scenario's agents are read from.
func (s *Scenario) Traces() (files []string) {
	for _, m := range s.Workloads() {
		if m.Workload.Trace != "" {
			files = append(files, m.Workload.Trace)
		}
	}
	return files
}
