package step

import (
	"fmt"
	"slices"
)

// stack is the layers of a worker, of all its stages.
type stack struct {
	worker  *worker
	kinds   []layerKind
	bodies  []body
	draft   *layerKind // nil without speculation
	experts expertGroup
	host    host
}

// build puts the layers together.
func (s *stack) build(w *worker) error {
	s.worker = w
	for _, b := range w.cfg.LLM.Blocks {
		s.kinds = merge(s.kinds, w.layerKind(b))
	}
	s.bodies = bodies(s.kinds)
	s.host = newHost(&w.cfg.Engine, s.kinds, float64(w.stages))
	if w.draft.Drafts() && w.draft.kind() != LookupDraft {
		d := w.layerKind(*w.cfg.LLM.MTP)
		d.count = 1
		s.draft = &d
	}
	if len(s.kinds) > MaxKinds {
		return fmt.Errorf("model %s has %d kinds of layer, at most %d are supported", w.cfg.LLM.Name, len(s.kinds),
			MaxKinds)
	}
	return s.experts.build(w)
}

// body is what surrounds attention in a number of layers: it costs the same
// whatever their attention is.
type body struct {
	count float64
	ffn   ffn
}

// bodies groups layers of all attention kinds by what surrounds it.
func bodies(kinds []layerKind) []body {
	var list []body
	for i := range kinds {
		k := &kinds[i]
		at := slices.IndexFunc(list, func(b body) bool { return b.ffn == k.ffn })
		if at < 0 {
			at = len(list)
			list = append(list, body{ffn: k.ffn})
		}
		list[at].count += k.count
	}
	return list
}

// merge adds a kind, joining it with an identical one.
func merge(kinds []layerKind, k layerKind) []layerKind {
	for i := range kinds {
		if kinds[i].attention == k.attention && kinds[i].ffn == k.ffn {
			kinds[i].count += k.count
			return kinds
		}
	}
	return append(kinds, k)
}
