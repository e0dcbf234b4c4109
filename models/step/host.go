package step

// host is what the CPU side adds to a step. Its work on the next step runs
// under this one as far as the schedule lets it (engine-schedulers, section 3):
//
//	full    max(device, host)
//	drafts  device + max(0, host - drafts)
//	none    device + host
type host struct {
	loop, perSequence float64
	least             float64 // seconds of a step that is launched kernel by kernel
	hidden            string
	perStep           float64
}

// newHost takes an engine's host for a model with these layers, divided over
// stages.
func newHost(e *EngineSpec, layers []layerKind, stages float64) host {
	h := host{loop: float64(e.Host.Loop), perSequence: float64(e.Host.PerSequence), hidden: e.Schedule.Host.Hidden,
		perStep: float64(e.Host.PerStep)}
	if e.Schedule.Host.Graphs == GraphsDecode {
		for i := range layers {
			each := e.Host.Launch
			if k := &layers[i]; k.shape.Recurrent() || k.perIndex > 0 || k.attention.Compress > 0 {
				each = e.Host.LaunchMany
			}
			h.least += float64(each) * layers[i].count / stages
		}
	}
	return h
}

// exposed is how many seconds the host adds to a step whose kernels take so
// long, drafts among them.
func (h *host) exposed(device, drafts float64, l *ledger, sequences float64) float64 {
	added := 0.0
	if l.prompts {
		added = max(0, h.least-device)
	}
	loop := h.loop + h.perSequence*sequences
	switch h.hidden {
	case HiddenNone:
		added += loop
	case HiddenDrafts:
		added += max(0, loop-drafts)
	default:
		added += max(0, loop-device-added)
	}
	return added + h.perStep
}
