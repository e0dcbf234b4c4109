package recipe

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"agentsim/models/hardware"
	"agentsim/models/moe"
	"agentsim/models/step"
	"agentsim/serve"
)

// drawPool is a worker that the engine can run.
func drawPool(t *rapid.T, family, role string) *serve.PoolSpec {
	tp := rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(t, "tp")
	ranks := rapid.SampledFrom([]int{1, 2, 3, 8}).Draw(t, "ranks")
	if family == trtllm && ranks > 1 {
		tp = 1
	}
	pp := rapid.SampledFrom([]int{1, 1, 2}).Draw(t, "pp")
	dcp := min(tp, rapid.SampledFrom([]int{1, 1, 2, tp}).Draw(t, "dcp"))
	pcp := rapid.SampledFrom([]int{1, 1, 2}).Draw(t, "pcp")
	if family == trtllm {
		pcp = 1
		if ranks > 1 { // one accelerator a rank, or those that divide its contexts
			dcp = rapid.SampledFrom([]int{1, 2}).Draw(t, "helix")
			tp = dcp
		}
	}
	comm := ""
	if dcp > 1 && family != sglang {
		comm = step.AllToAll
	}
	stage := tp * ranks * pcp
	p := &serve.PoolSpec{
		Workers: rapid.IntRange(1, 4).Draw(t, "workers"),
		Shape: step.Shape{
			Accelerators: stage * pp,
			TP:           tp,
			PP:           pp,
			EP:           rapid.SampledFrom([]int{1, stage}).Draw(t, "ep"),
			DPAttention:  ranks > 1,
			DCP:          dcp,
			PCP:          pcp,
			DCPComm:      comm,
			DraftTokens:  rapid.SampledFrom([]int{0, 1, 3, 7}).Draw(t, "drafts"),
		},
	}
	if p.DraftTokens > 0 && rapid.Bool().Draw(t, "a kind of draft") {
		p.Draft = drawDraft(t, family, p.DraftTokens)
		p.DraftTokens = 0
	}
	if role != "prefill" || rapid.Bool().Draw(t, "slots") {
		p.MaxBatchPerRank = rapid.IntRange(1, 2000).Draw(t, "batch")
	}
	if role != "decode" || rapid.Bool().Draw(t, "budget") {
		p.TokenBudget = max(p.MaxBatchPerRank, rapid.IntRange(1, 65536).Draw(t, "tokens"))
	}
	return p
}

// drawDraft is a draft that an engine has flags for, as reading gives it.
func drawDraft(t *rapid.T, family string, depth int) *step.DraftSpec {
	d := rapid.SampledFrom([]step.DraftSpec{
		{Name: "eagle3", Kind: step.RecurrentDraft},
		{Name: "dflash", Kind: step.BlockDraft},
		{Name: "ngram", Kind: step.LookupDraft},
	}).Draw(t, "kind")
	d.Depth, d.Accepted = depth, step.UnknownLength
	if family == vllm && rapid.Bool().Draw(t, "accepted") {
		d.Accepted = "1.5"
	}
	if family != sglang && rapid.Bool().Draw(t, "by batch") {
		d.ByBatch = map[string]int{"1-4": depth, "5-1048576": 0}
	}
	return &d
}

func drawDeployment(t *rapid.T, target Target, family string) *serve.DeploymentSpec {
	d := &serve.DeploymentSpec{Mode: serve.Disaggregated, Precision: step.Precision{
		Experts: hardware.FP8, Dense: hardware.FP8,
		KV: rapid.SampledFrom([]hardware.Format{hardware.BF16, hardware.FP8, hardware.NVFP4}).Draw(t, "kv"),
	}}
	d.Experts.Popularity = moe.Popularity{Kind: moe.Lognormal, Sigma: 0.6, Drift: 0.2}
	d.Experts.Placement.Kind = moe.Contiguous
	d.Router = rapid.SampledFrom([]string{
		serve.KVAware, serve.RoundRobin, serve.LeastLoaded, serve.PowerOfTwo, serve.ConversationAffinity,
	}).Draw(t, "router")
	d.Cache.Off = rapid.Bool().Draw(t, "off")
	if rapid.Bool().Draw(t, "aggregated") {
		d.Mode, d.Aggregated = serve.Aggregated, drawPool(t, family, "mixed")
		if family == sglang {
			d.Batching = rapid.SampledFrom([]string{"", serve.PrefillPriority}).Draw(t, "batching")
			d.Hold.Poll = rapid.SampledFrom([]int{0, 1, 30}).Draw(t, "poll")
		}
		if family == trtllm && d.Aggregated.DPAttention {
			d.Hold.Balance = rapid.SampledFrom([]int{0, 50}).Draw(t, "balance")
		}
	} else {
		d.Prefill, d.Decode = drawPool(t, family, "prefill"), drawPool(t, family, "decode")
	}
	return d
}

// What Write writes, Read reads as the deployment that it was.
func TestWhatIsWrittenReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		family := rapid.SampledFrom([]string{vllm, sglang, trtllm}).Draw(t, "family")
		target := Target{For: family, Engine: family, Model: "org/model-fp8", Utilisation: 0.9, NodeSize: 8}
		if rapid.Bool().Draw(t, "dynamo") {
			target.For, target.NodeSize = Dynamo, rapid.SampledFrom([]int{0, 1}).Draw(t, "node")
		}
		want := drawDeployment(t, target, family)
		written, err := Write(want, target)
		require.NoError(t, err)
		var in []File
		for _, f := range written {
			in = append(in, File{Name: f.Name, Text: []byte(f.Text)})
		}
		r, err := Read(in, Options{})
		require.NoError(t, err, "%v", written)
		require.Empty(t, r.NotRead)
		require.Equal(t, family, r.Engine.Family)
		require.Equal(t, target.Model, *r.Model)
		var got serve.DeploymentSpec
		require.NoError(t, yaml.Unmarshal(r.Deployment, &got), "%v", r.Assumed)
		if w := (writer{target, family, want}); w.policy() == "" || family == trtllm && target.For == family && want.Mode == serve.Aggregated {
			got.Router = want.Router
		}
		for _, d := range []*serve.DeploymentSpec{&got, want} {
			for _, p := range d.Pools() {
				if draft := p.Spec.Draft; draft == nil || draft.Name == "mtp" || draft.Name == "nextn" {
					p.Spec.DraftTokens, p.Spec.Draft = p.Spec.Depth(), nil
				}
				p.Spec.Shape = p.Spec.Normalised()
			}
		}
		require.Equal(t, want, &got)
	})
}

func TestWriteSaysWhatAnEngineCannotRun(t *testing.T) {
	pool := func(change func(*step.Shape)) *serve.DeploymentSpec {
		p := &serve.PoolSpec{Workers: 1, Shape: step.Shape{Accelerators: 8, TP: 2, EP: 8, DPAttention: true, TokenBudget: 8192,
			MaxBatchPerRank: 64}}
		change(&p.Shape)
		return &serve.DeploymentSpec{Mode: serve.Aggregated, Aggregated: p, Router: serve.RoundRobin}
	}
	for want, c := range map[string]struct {
		d      *serve.DeploymentSpec
		target Target
	}{
		"aggregated.ep: 4: vLLM's":            {pool(func(s *step.Shape) { s.EP = 4 }), Target{For: vllm, Model: "m"}},
		"aggregated.token_budget: 32 for":     {pool(func(s *step.Shape) { s.TokenBudget = 32 }), Target{For: vllm, Model: "m"}},
		"aggregated.tp: 2: attention DP":      {pool(func(*step.Shape) {}), Target{For: trtllm, Model: "m"}},
		"no whole number of nodes":            {pool(func(*step.Shape) {}), Target{For: Dynamo, Engine: vllm, Model: "m", NodeSize: 3}},
		`model "a b": want`:                   {pool(func(*step.Shape) {}), Target{For: vllm, Model: "a b"}},
		`--for dynamo, engine "atom"`:         {pool(func(*step.Shape) {}), Target{For: Dynamo, Engine: "atom", Model: "m"}},
		"deployment.mode: auto names no":      {&serve.DeploymentSpec{Mode: serve.Auto}, Target{For: vllm, Model: "m"}},
		`deployment.mode: "": want aggregate`: {&serve.DeploymentSpec{}, Target{For: vllm, Model: "m"}},
	} {
		_, err := Write(c.d, c.target)
		require.ErrorContains(t, err, want)
	}
}

// Miniatures are the recipes that come with the requirements, where they are.
func miniatures(t testing.TB) []string {
	dirs, err := filepath.Glob(filepath.Join("..", "..", "shared", "recipes", "*", "expected.yaml"))
	require.NoError(t, err)
	if len(dirs) == 0 {
		if os.Getenv("CI") == "true" {
			require.FailNow(t, "the miniatures of ../shared/recipes are missing")
		}
		t.Skip("no ../shared/recipes: the miniatures are not here")
	}
	return dirs
}
