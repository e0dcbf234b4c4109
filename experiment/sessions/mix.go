package sessions

import (
	"fmt"
	"math"

	"agentsim/configs"
	"agentsim/serve"
	"agentsim/trace"
)

// Mixed deals out several kinds of sessions. An agent is of one kind for good.
type Mixed struct {
	parts []part
}

type part struct {
	serve.Sessions
	upTo  float64 // of all shares, those of this kind and the ones before
	tools uint8   // named by the kinds before
}

// mixed opens the kinds of a mix.
func mixed(kinds []configs.MixPart, limits Limits, seed uint64) (*Source, error) {
	m, all := &Mixed{}, &Source{}
	all.Sessions = m
	sum := 0.0
	for i := range kinds {
		source, err := Of(kinds[i].Workload, limits, seed)
		if err != nil && i > 0 {
			return nil, fmt.Errorf("mix[%d]: %w", i-1, err)
		}
		if err != nil {
			return nil, err
		}
		sum += kinds[i].Share
		if len(all.Tools)+len(source.Tools) >= math.MaxUint8 {
			return nil, fmt.Errorf("mix: %d named tools: want fewer than %d", len(all.Tools)+len(source.Tools), math.MaxUint8)
		}
		m.parts = append(m.parts, part{Sessions: source, upTo: sum, tools: uint8(len(all.Tools))})
		all.Tools = append(all.Tools, source.Tools...)
		all.Notes = append(all.Notes, source.Notes...)
	}
	all.Notes = append(all.Notes, "mix: system prompts are shared within the first kind of agents only")
	return all, nil
}

// Kinds is how many kinds of sessions there are.
func (m *Mixed) Kinds() int { return len(m.parts) }

// Share is the share of all agents that are of a kind.
func (m *Mixed) Share(kind int) float64 {
	if kind == 0 {
		return m.parts[0].upTo
	}
	return m.parts[kind].upTo - m.parts[kind-1].upTo
}

// Kind is the kind of an agent. Multiples of the golden ratio fall evenly, so
// that any number of agents has every kind in its share, within one or two.
func (m *Mixed) Kind(agent int) int {
	_, at := math.Modf(float64(agent) * (math.Phi - 1))
	for kind := range m.parts {
		if at < m.parts[kind].upTo {
			return kind
		}
	}
	return len(m.parts) - 1
}

// Session is the k-th session of an agent. What all sessions begin with is taken
// to be shared within the first kind alone: caches know one such beginning.
func (m *Mixed) Session(agent, k int, out *trace.Session) error {
	kind := m.Kind(agent)
	p := &m.parts[kind]
	if err := p.Sessions.Session(agent, k, out); err != nil {
		return err
	}
	if kind > 0 {
		out.Shared = 0
	}
	for i := range out.Turns {
		if out.Turns[i].Tool > 0 {
			out.Turns[i].Tool += p.tools
		}
	}
	return nil
}
