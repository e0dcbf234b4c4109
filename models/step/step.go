package step

import "agentsim/models/hardware"

// Cost is what one step of the whole worker takes.
type Cost struct {
	Seconds float64
	Joules  float64 // dynamic energy of all accelerators; static power comes on top
	// Drain is how long after the step the last of its prompts leave the last
	// stage of a pipeline, in which the next step has begun by then.
	Drain float64
}

// account prices a step, and lists its operators where a list is given. Of
// prices that are known it takes what it can.
func (s *stack) account(ranks []Rank, items *[]Item, known *Prices) Cost {
	t := s.worker.count(ranks, whole())
	if t.tokens == 0 {
		return Cost{}
	}
	l := ledger{
		energy:  &s.worker.energy,
		items:   items,
		prompts: t.prompts,
		copies:  1,
		sources: s.worker.cfg.Kernels.Sources,
	}
	switch {
	case s.worker.stages > 1:
		s.pipeline(&l, ranks, t)
	case known != nil && !t.prompts && !s.halves(ranks, t, whole()):
		s.decode(&l, ranks, t, known.at(t))
	default:
		s.layers(&l, ranks, whole())
		s.tail(&l, ranks, t, whole())
		s.gaps(&l)
	}
	host := s.host.exposed(l.seconds/s.worker.efficiency, l.drafts/s.worker.efficiency, &l, t.sequencesMax)
	l.add(&entry{operator: Host, count: 1, seconds: host})
	return s.worker.settle(&l, host)
}

// settle applies the engine's efficiency and slows the clock where the
// accelerators would draw more than their cap (modelling.md 6.2). So many of its
// seconds are the host's.
func (w *worker) settle(l *ledger, host float64) Cost {
	n := float64(w.cfg.Shape.Accelerators) // of all stages
	full := hardware.Burst{
		Seconds: (l.seconds-host)/w.efficiency + host,
		Clocked: l.compute / w.efficiency,
		Joules:  l.joules / n,
		Moved:   l.moved / n,
	}
	if l.items != nil {
		for i := range *l.items {
			if item := &(*l.items)[i]; item.Operator != Host {
				item.Seconds /= w.efficiency
			}
		}
	}
	held, joules := w.accelerator.Power.Hold(full)
	if held != full.Seconds || joules != full.Joules {
		joules *= n
		if l.items != nil {
			*l.items = append(*l.items, Item{
				Operator: Throttle,
				Seconds:  held - full.Seconds,
				Bound:    Power,
				Joules:   joules - l.joules,
			})
		}
		l.joules = joules
	}
	return Cost{Seconds: held, Joules: l.joules, Drain: l.drain * (held - host) / (l.seconds - host)}
}
