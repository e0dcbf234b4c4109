package calibrate

import (
	"agentsim/models/hardware"
)

// referenceHidden is the hidden size whose residual streams are fitted; the
// form scales to others.
const referenceHidden = 7168

// readResidual reads the mHC tables. The pre and post parts stand in rows of
// their own and are added up; a row is one layer.
func readResidual(c *columns, _ *scope) batch {
	var b batch
	part := c.text("op_name")
	tokens, hidden := c.positive("num_tokens"), c.positive("hidden_size")
	type point struct{ tokens, hidden float64 }
	parts := map[point]map[string]float64{}
	for i, seconds := range c.latency() {
		p := point{tokens[i], hidden[i]}
		if parts[p] == nil {
			parts[p] = map[string]float64{}
		}
		parts[p][part[i]] = seconds
		if len(parts[p]) == 2 {
			b.keep(sample{group: residualGroup, seconds: parts[p]["pre"] + parts[p]["post"], hidden: int(hidden[i]),
				features: hardware.Features{Tokens: tokens[i]}})
		}
	}
	return b
}

const residualGroup = "residual"

// fitResidual fits a floor that hides the streaming of a few tokens.
func fitResidual(k *hardware.KernelSet, _ *scope, _ string, samples []sample) {
	t := linearTerms{hidden: referenceHidden, tokensOnly: true}
	f := t.form(func(forms []hardware.Linear, x *sample) float64 {
		return forms[0].For(x.hidden).Seconds(x.features)
	})
	l := t.linears(fit(f, samples, 1.2, 2.5))[0]
	k.Residual = &l
}

func priceResidual(k *hardware.KernelSet, _ *scope, x *sample) (float64, bool) {
	if k.Residual == nil {
		return 0, false
	}
	return k.Residual.For(x.hidden).Seconds(x.features), true
}
