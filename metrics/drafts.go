package metrics

// DraftBand is where an answer lies with drafts of which nobody knows how many
// tokens are accepted: simulated at P10, in the middle and at P90 of what is
// plausible. The other figures of a result are those of the middle.
type DraftBand struct {
	Pool   string    `json:"pool"`
	Tokens Quantiles `json:"tokens_per_step"` // the target's own included
	Basis  string    `json:"basis"`           // of what is plausible

	Capacity *DraftCapacity `json:"capacity,omitempty"` // of a search
	// Figures of a run, by their keys. P10 and P90 are those of the figure, not of
	// the drafts: more accepted tokens make times shorter.
	Figures map[string]Quantiles `json:"figures,omitempty"`
}

// DraftCapacity is the band of a capacity.
type DraftCapacity struct {
	Agents         Quantiles      `json:"agents"`
	PerAccelerator Quantiles      `json:"agents_per_accelerator"`
	PerMW          PerMWQuantiles `json:"agents_per_mw"`
}

// Bounded are the figures of a run that the acceptance of drafts moves, by their
// keys.
func (r *Result) Bounded() map[string]float64 {
	m := &r.Metrics
	return map[string]float64{
		"output_speed_p25":        m.OutputSpeedP25,
		"output_speed_p50":        m.OutputSpeedP50,
		"tpot_mean_ms":            m.TPOTMeanMS,
		"tpot_p50_ms":             m.TPOTP50MS,
		"ttft_mean_s":             m.TTFTMeanS,
		"ttft_p50_s":              m.TTFTP50S,
		"ttft_p95_s":              m.TTFTP95S,
		"turns_per_s":             m.TurnsPerS,
		"output_tok_s":            m.OutputTokS,
		"per_accelerator_w":       r.Power.PerAcceleratorW,
		"joules_per_output_token": r.Power.JoulesPerOutputToken,
	}
}

// Ordered are quantiles of values at P10, in the middle and at P90 of something
// that the values rise or fall with.
func Ordered(low, middle, high float64) Quantiles {
	return Quantiles{P10: min(low, middle, high), P50: middle, P90: max(low, middle, high)}
}

// ratio is a figure at a share of the draws over that in the middle: a line
// between P10 and the middle and between it and P90, which goes on beyond.
func (q *Quantiles) ratio(share float64) float64 {
	const tail, middle = 0.1, 0.5
	if !(q.P50 > 0) {
		return 1
	}
	slope := (q.P90 - q.P50) / (1 - tail - middle)
	if share < middle {
		slope = (q.P50 - q.P10) / (middle - tail)
	}
	return max(0, 1+slope*(share-middle)/q.P50)
}

// Scale moves an answer to a share of the draws of what is plausible.
func (c *DraftCapacity) Scale(a *Answer, share float64) {
	a.Agents *= c.Agents.ratio(share)
	a.PerAccelerator *= c.PerAccelerator.ratio(share)
	a.PerMW.AcceleratorMeasured *= c.PerMW.AcceleratorMeasured.ratio(share)
	a.PerMW.AcceleratorTDP *= c.PerMW.AcceleratorTDP.ratio(share)
	a.PerMW.IT *= c.PerMW.IT.ratio(share)
	a.PerMW.Facility *= c.PerMW.Facility.ratio(share)
	a.PerMW.Provisioned *= c.PerMW.Provisioned.ratio(share)
}
