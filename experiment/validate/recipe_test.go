package validate

import (
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/step"
	"agentsim/serve"
)

func expressed(t testing.TB, changes row) (serve.DeploymentSpec, error) {
	t.Helper()
	p := newPresets()
	c := read(t, changes)[0]
	require.Empty(t, c.Gap)
	system, err := load(p.systems, "systems", c.System)
	require.NoError(t, err)
	model, err := load(p.models, "models", c.Model)
	require.NoError(t, err)
	engine, err := p.engine(&c)
	require.NoError(t, err)
	return deployment(&c, engine, system, model)
}

func TestAnAggregatedCase(t *testing.T) {
	d, err := expressed(t, nil)
	require.NoError(t, err)
	require.NoError(t, d.Validate())
	require.Equal(t, &serve.PoolSpec{Workers: 1, Shape: step.Shape{Accelerators: 8, TP: 8, EP: 1, TokenBudget: 16384,
		MaxBatchPerRank: 1024}}, d.Aggregated)
	require.Empty(t, d.Batching, "the engine's schedule says it")
	require.True(t, d.Cache.Off)
	require.Zero(t, d.Hold)
	require.Equal(t, step.Precision{Experts: hardware.FP8, Dense: hardware.FP8, KV: hardware.BF16}, d.Precision)
}

// split is an invented run with separate pools: two decode workers of eight.
func split(changes row) row {
	r := row{"engine": "trtllm", "system": "hgx-b200", "mode": "disaggregated", "gpus": "24", "prefill_workers": "1",
		"prefill_gpus": "8", "prefill_tp": "1", "prefill_ep": "8", "prefill_dp_attention": "true", "decode_workers": "2",
		"decode_tp": "1", "decode_ep": "8", "decode_dp_attention": "true"}
	for column, value := range changes {
		r[column] = value
	}
	return r
}

func TestADisaggregatedCase(t *testing.T) {
	d, err := expressed(t, split(row{"weights": "fp4", "mtp": "true"}))
	require.NoError(t, err)
	require.NoError(t, d.Validate())
	require.Equal(t, step.Shape{Accelerators: 8, TP: 1, EP: 8, DPAttention: true, TokenBudget: 8192}, d.Prefill.Shape)
	require.Equal(t, step.Shape{Accelerators: 8, TP: 1, EP: 8, DPAttention: true, MaxBatchPerRank: 1},
		d.Decode.Shape)
	require.Equal(t, 1, d.Decode.Depth())
	require.Equal(t, step.Precision{Experts: hardware.NVFP4, Dense: hardware.FP8, KV: hardware.FP8}, d.Precision)
}

// Slots are a power of two per attention rank; up to a third more requests
// than slots are offered.
func TestSlotsOfTensorRTRecipes(t *testing.T) {
	for concurrency, want := range map[string]int{"16": 1, "20": 1, "22": 2, "32": 2, "512": 32, "614": 32, "680": 64,
		"16384": 1024, "32768": 1024} {
		d, err := expressed(t, split(row{"concurrency": concurrency}))
		require.NoError(t, err)
		require.Equal(t, want, d.Decode.MaxBatchPerRank, concurrency)
	}
	d, err := expressed(t, split(row{"engine": "sglang"}))
	require.NoError(t, err)
	require.Equal(t, batchMax, d.Decode.MaxBatchPerRank)
}

func TestFormatsThatRowsLeaveOpen(t *testing.T) {
	for name, c := range map[string]struct {
		changes            row
		experts, dense, kv hardware.Format
	}{
		"vendor's 4 bit on AMD": {row{"system": "mi355x-8", "weights": "fp4"}, "mxfp4", "fp8", "fp8"},
		"gpt-oss is MXFP4 anywhere": {row{"system": "hgx-b200", "model": "gpt-oss-120b", "weights": "fp4"},
			"mxfp4", "bf16", "fp8"},
		"as published":           {row{"weights": "", "model": "gpt-oss-120b"}, "mxfp4", "bf16", "bf16"},
		"recorded cache":         {row{"kv_cache": "fp8"}, "fp8", "fp8", "fp8"},
		"TensorRT-LLM on Hopper": {row{"engine": "trtllm"}, "fp8", "fp8", "fp8"},
		"weight-only INT4 on Hopper": {row{"engine": "vllm", "model": "kimi-k2.5", "weights": "int4"},
			"mxfp4", "bf16", "bf16"},
	} {
		d, err := expressed(t, c.changes)
		require.NoError(t, err, name)
		require.Equal(t, step.Precision{Experts: c.experts, Dense: c.dense, KV: c.kv}, d.Precision, name)
	}
	d, err := expressed(t, row{"engine": "vllm", "model": "kimi-k2.5", "weights": "int4"})
	require.NoError(t, err)
	require.Equal(t, marlin, d.ExpertsPath)
}

func TestSchedulersThatGatherPrompts(t *testing.T) {
	for want, changes := range map[serve.HoldSpec]row{
		{Poll: 10}:    {"system": "hgx-b200", "concurrency": "15"},
		{Poll: 30}:    {"system": "hgx-b200", "concurrency": "16"},
		{Balance: 60}: {"engine": "trtllm", "decode_tp": "1", "decode_ep": "8", "decode_dp_attention": "true"},
		{}:            {"system": "mi355x-8", "concurrency": "64"},
	} {
		d, err := expressed(t, changes)
		require.NoError(t, err)
		require.Equal(t, want, d.Hold)
	}
}

func TestDraftDepth(t *testing.T) {
	require.Equal(t, 3, draftDepth(&Case{}))
	require.Equal(t, 1, draftDepth(&Case{Decode: Pool{DPAttention: true}}))
	require.Equal(t, 3, draftDepth(&Case{Decode: Pool{DPAttention: true}, Load: Load{Workload: "agentx"}}))
	require.Equal(t, 2, draftDepth(&Case{Draft: Draft{Depth: 2}}))
}

// A recorded acceptance is met at the depth that was drafted.
func TestAcceptanceAsRecorded(t *testing.T) {
	lengths := func(c Case) []float64 {
		list, err := draft(&c).Lengths(&llm.Spec{Acceptance: []float64{1.8, 2.4}})
		require.NoError(t, err)
		return list
	}
	list := lengths(Case{MTP: true, Draft: Draft{Depth: 3, Accepted: 2.5}})
	require.Len(t, list, 3)
	require.InEpsilon(t, 2.5, list[2], 1e-9)
	p := list[0] - 1
	require.InEpsilon(t, 1+p+p*p, list[1], 1e-9)
	require.InDeltaSlice(t, []float64{1.8, 2.4, 2.85}, lengths(Case{MTP: true, Draft: Draft{Depth: 3}}), 1e-9)
	require.InEpsilon(t, 4., lengths(Case{MTP: true, Draft: Draft{Depth: 3, Accepted: 9}})[2], 1e-9, "no more than all")
	require.Equal(t, step.BlockDraft, draft(&Case{Draft: Draft{Name: "dspark"}}).Kind)
}

// A run is simulated with the preset that stands for its version or its day.
func TestEnginesByVersionAndDay(t *testing.T) {
	p := newPresets()
	for want, c := range map[string]Case{
		"trtllm":         {Engine: "trtllm", Date: "2026-05-01", Version: "1.3.0rc20"},
		"trtllm-2026-03": {Engine: "trtllm", Date: "2026-04-30"},
		"vllm":           {Engine: "vllm", Version: "0.22.0"},
		"vllm-2026-05":   {Engine: "vllm", Version: "0.21.0", Date: "2026-09-01"},
		"sglang":         {Engine: "sglang", Date: "2026-03-01", Version: "nightly"},
	} {
		e, err := p.engine(&c)
		require.NoError(t, err)
		require.Equal(t, want, e.Name)
	}
	for _, c := range []Case{{Engine: "vllm", Version: "0.19.1"}, {Engine: "vllm", Version: "nightly-0.21"}, {Engine: "vllm"}, {Engine: "trtllm"}} {
		e, err := p.engine(&c)
		require.NoError(t, err)
		require.Equal(t, c.Engine, e.Name)
	}
}

func TestHeadsAreNotSplit(t *testing.T) {
	_, err := expressed(t, row{"model": "qwen3.5-397b-a17b", "gpus": "64", "decode_gpus": "64", "decode_tp": "64"})
	require.ErrorContains(t, err, "tp 64 does not divide the 32 heads of qwen3.5-397b-a17b")
}
