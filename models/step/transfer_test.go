package step_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/step"
)

// A unit of one domain of 8 accelerators and one of two.
func TestCachesTravelOverTheFabricThatUnitsShare(t *testing.T) {
	cfg := config(t, "hgx-h200", "vllm-2026-06", "h200-vllm", step.Shape{Accelerators: 8, MaxBatchPerRank: 32})
	model := func(shape step.Shape) *step.Model {
		c := cfg
		c.Shape = shape
		m, err := step.New(c)
		require.NoError(t, err)
		return m
	}
	near, far := step.NewTransfer(model(cfg.Shape), 8), step.NewTransfer(model(cfg.Shape), 16)
	share := cfg.Kernels.Transfer.Efficiency
	require.InEpsilon(t, float64(cfg.System.Accelerator.ScaleUp)*share, float64(near.Rate), 1e-12)
	require.InEpsilon(t, float64(cfg.System.Accelerator.ScaleOut)*share, float64(far.Rate), 1e-12)
	piped := step.NewTransfer(model(step.Shape{Accelerators: 16, PP: 2, MaxBatchPerRank: 32}), 16)
	require.InEpsilon(t, 2*float64(far.Rate), float64(piped.Rate), 1e-12, "both stages send their layers")
	require.InEpsilon(t, float64(cfg.Kernels.Transfer.Floor+cfg.Engine.Handshake), near.Latency, 1e-12)
}

// Bytes of 61 layers: what is not hidden, and at least the last layer.
func TestTransfersHideBehindTheStepThatComputesThem(t *testing.T) {
	cfg := config(t, "hgx-h200", "vllm-2026-06", "h200-vllm", step.Shape{Accelerators: 8, MaxBatchPerRank: 32})
	m, err := step.New(cfg)
	require.NoError(t, err)
	tr := step.NewTransfer(m, 16)
	layers := float64(cfg.LLM.Layers())
	whole := tr.Bytes(100_000, 0)
	require.InEpsilon(t, cfg.LLM.CacheBytes(100_000, m.CacheFormat())+cfg.LLM.StateBytes(), whole, 1e-12)
	kept := cfg.LLM.CacheBytes(60_000, m.CacheFormat())
	require.InEpsilon(t, whole-kept, tr.Bytes(100_000, 60_000), 1e-12, "what is kept there is not sent")

	alone := whole / float64(tr.Rate)
	require.InEpsilon(t, whole, tr.Exposed(whole, 0), 1e-12)
	half := alone / 2 / (1 - 1/layers)
	require.InEpsilon(t, whole/2, tr.Exposed(whole, half), 1e-9)
	require.InEpsilon(t, whole/layers, tr.Exposed(whole, 10*alone), 1e-12, "the last layer comes after the step")
	require.InEpsilon(t, tr.Latency+alone/2, tr.Seconds(whole, half), 1e-9)
}

func TestIngressGrowsWithThePrompt(t *testing.T) {
	h := step.HostCost{Ingress: 0.005, PerPromptToken: 1e-6}
	require.InDelta(t, 0.105, h.IngressSeconds(100_000), 1e-12)
}
