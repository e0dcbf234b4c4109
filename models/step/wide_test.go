package step_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/moe"
	"agentsim/models/step"
)

// wideRun is a published measurement of workers that only prefill, with experts
// spread over nodes.
type wideRun struct {
	name, system, engine string
	ranks, prompt        int
	tokens               int // of a rank in a step
	placement            moe.Placement
	halves               bool
	measured             float64 // prompt tokens a second and accelerator
}

// wideRuns are DeepSeek-V3 and R1 in FP8 over InfiniBand: LMSYS
// 2025-05-05-large-scale-ep on H100, the vLLM blog 2025-12-17-large-scale-serving
// (read off a chart) on H200, whose tokens a step nobody published.
func wideRuns() []wideRun {
	balanced := moe.Placement{Kind: moe.EPLB, Redundant: 32}
	return []wideRun{
		{"LM-h100-prefill-1024", "hgx-h100", "sglang", 32, 1024, 16384, balanced, true, 7209},
		{"LM-h100-prefill-2048", "hgx-h100", "sglang", 32, 2048, 16384, balanced, true, 6818},
		{"LM-h100-prefill-4096", "hgx-h100", "sglang", 32, 4096, 16384, balanced, true, 6288},
		{"VL-h200-prefill-ep8", "hgx-h200", "vllm", 8, 2000, 16000, balanced, true, 6520},
		{"VL-h200-prefill-ep16", "hgx-h200", "vllm", 16, 2000, 16000, balanced, true, 7010},
	}
}

func wideModel(t *testing.T, r wideRun) *step.Model {
	t.Helper()
	rack, e := preset[hardware.System](t, "systems", r.system), preset[step.EngineSpec](t, "engines", r.engine)
	c := step.Config{
		System: *rack, LLM: *preset[llm.Spec](t, "models", "deepseek-r1"), Engine: *e,
		Kernels:    *preset[hardware.KernelSet](t, "kernels", configs.KernelsOf(rack.Accelerator.Served(), e.Kernels)),
		Popularity: moe.Popularity{Kind: moe.Lognormal, Sigma: 0.6}, Placement: r.placement,
		Precision: step.Precision{Experts: hardware.FP8, Dense: hardware.FP8, KV: hardware.BF16},
		Shape:     step.Shape{Accelerators: r.ranks, DPAttention: true, EP: r.ranks, TokenBudget: r.tokens},
	}
	c.Kernels.Holds = &c.System.Accelerator
	if r.halves {
		c.Shape.TwoBatchFrom = 1024
	}
	m, err := step.New(c)
	require.NoError(t, err, r.name)
	return m
}

func (r wideRun) loads(m *step.Model) []step.Rank {
	loads := make([]step.Rank, r.ranks)
	for i := range loads {
		for range r.tokens / r.prompt {
			m.AddPrefill(&loads[i], 0, r.prompt, true)
		}
	}
	return loads
}

// Prefill with experts spread over nodes is predicted within 30 % of what was
// measured.
func TestWidePrefillAsMeasured(t *testing.T) {
	for _, r := range wideRuns() {
		m := wideModel(t, r)
		cost, items := m.Explain(r.loads(m))
		predicted := float64(r.tokens/r.prompt*r.prompt) / cost.Seconds
		t.Logf("%s: %.0f tokens/s and accelerator, measured %.0f (%+.0f %%)", r.name, predicted, r.measured,
			100*(predicted/r.measured-1))
		for _, i := range items {
			t.Logf("    %-22v %-22s %7.1f ms %v beyond %.2f", i.Operator, i.Kind, i.Seconds*1e3, i.Bound, i.Beyond)
		}
		require.InEpsilon(t, r.measured, predicted, 0.3, r.name)
	}
}

// Behind a dispatch a rank sorts the tokens that were sent to it, not those of
// the whole group: with every rank's load as it is, a wider group sorts no more
// than the experts of a token lie on.
func TestRanksSortWhatIsSentToThem(t *testing.T) {
	for _, ranks := range []float64{8, 32, 256} {
		const perRank, topK = 16384, 8
		sent := perRank * ranks * hardware.SentShare(ranks, topK)
		require.LessOrEqual(t, sent, float64(topK*perRank), "no more than one copy a choice")
		require.Greater(t, sent, float64(perRank), "more than its own")
	}
	require.InDelta(t, 0.2243, hardware.SentShare(32, 8), 1e-4) // 1 - (31/32)^8
}

// A token crosses to every other domain with any of its experts once, and to
// every other rank of a domain with any of them: 32 ranks in nodes of 8, eight
// experts, evenly routed, by hand.
func TestBytesOverLinksOfAWideExchange(t *testing.T) {
	r := wideRuns()[0]
	r.halves = false
	m := wideModel(t, r)
	_, items := m.Explain(r.loads(m))
	const ranks, domains, topK, layers, hidden = 32, 4, 8, 58, 7168
	sent := func(of float64) float64 { return 1 - math.Pow(1-1/of, topK) }
	copies := (ranks-1)*sent(ranks) + (domains-1)*sent(domains)
	tokens := float64(ranks * r.tokens / r.prompt * r.prompt)
	perElement := m.Config().Engine.Exchange.DispatchBytes
	for _, i := range items {
		if i.Operator == step.Dispatch {
			require.InEpsilon(t, tokens*copies*layers*hidden*perElement, i.Link, 0.015)
			return
		}
	}
	require.Fail(t, "nothing is sent")
}
