package calibrate

import (
	"strings"

	"agentsim/models/hardware"
	"agentsim/models/llm"
)

// powerWork says how the rows of a table are counted; module is true where a
// collector of whole attention modules took the reading.
func powerWork(c *columns, s *scope) (count workOf, module bool) {
	switch c.Name {
	case "gemm_perf":
		return gemmEnergy(c), false
	case "moe_perf":
		return expertEnergy(c, s), false
	case "context_attention_perf", "generation_attention_perf":
		return gqaEnergy(c), false
	case "context_mla_perf", "generation_mla_perf":
		return latentEnergy(c), false
	case "mla_context_module_perf", "mla_generation_module_perf":
		return moduleEnergy(c, llm.MLA), true
	case "dsa_context_module_perf", "dsa_generation_module_perf":
		return moduleEnergy(c, llm.DSA), true
	}
	return nil, false
}

// energy puts roofline work in a class; Busy 1 stands for the whole run.
func energy(class hardware.KernelClass, f hardware.Format, w hardware.RooflineWork) hardware.EnergyWork {
	e := hardware.EnergyWork{HBMBytes: w.Bytes + w.Streamed}
	e.AddFLOPs(f, w.FLOPs)
	e.AddBusy(class, 1)
	return e
}

func gemmEnergy(c *columns) workOf {
	dtype, m, n, k := c.text("gemm_dtype"), c.positive("m"), c.positive("n"), c.positive("k")
	return func(i int) (hardware.EnergyWork, string) {
		f, known := gemmFormat(dtype[i])
		if !known {
			return hardware.EnergyWork{}, "gemm_dtype " + dtype[i] + ": no preset model is stored that way"
		}
		return energy(hardware.DenseClass, f, hardware.GEMMWork(m[i], n[i], k[i], f)), ""
	}
}

func expertEnergy(c *columns, s *scope) workOf {
	dtype, kernel, distribution := c.text("moe_dtype"), c.text("kernel_source"), c.text("distribution")
	x := expertColumnsOf(c)
	return func(i int) (hardware.EnergyWork, string) {
		name, weights, compute := expertFormats(dtype[i])
		switch {
		case name == "":
			return hardware.EnergyWork{}, "moe_dtype " + dtype[i] + ": no preset model is stored that way"
		case strings.Contains(kernel[i], "nongated") || x.topK[i] == ungated:
			return hardware.EnergyWork{}, "experts without a gate: no preset model has them"
		}
		w := x.work(i)
		if err := s.route(&w, distribution[i]); err != nil {
			return hardware.EnergyWork{}, "distribution " + distribution[i] + ": " + err.Error()
		}
		k := hardware.ExpertKernel{Weights: weights, Compute: compute}
		return energy(hardware.ExpertsClass, compute, k.RooflineWork(w)), ""
	}
}

func gqaEnergy(c *columns) workOf {
	attention, cache := c.text("attn_dtype"), c.text("kv_cache_dtype")
	size, isl, step, window := c.positive("batch_size"), c.positive("isl"), c.number("step"), optional(c, "window_size")
	heads, kvHeads, dim := c.positive("num_heads"), c.positive("num_key_value_heads"), c.positive("head_dim")
	return func(i int) (hardware.EnergyWork, string) {
		r := gqaRow{size[i], isl[i], step[i], heads[i], kvHeads[i], dim[i], window[i], cacheFormat(cache[i])}
		return coreEnergy(c.Name, cacheFormat(attention[i]), r.work()), ""
	}
}

// latentEnergy counts the core of latent attention alone: expanded in prompts,
// absorbed in decode.
func latentEnergy(c *columns) workOf {
	cache := c.text("kv_cache_dtype")
	size, isl, step, heads := c.positive("batch_size"), c.positive("isl"), c.number("step"), c.positive("num_heads")
	return func(i int) (hardware.EnergyWork, string) {
		kv := cacheFormat(cache[i])
		w := latentRow(size[i], isl[i], step[i], heads[i], kv).work()
		if strings.HasPrefix(c.Name, "generation") {
			w.KVHeads, w.KeyDim, w.ValueDim = 1, mlaEntry, mlaContent
			w.EntrySize = mlaEntry * hardware.BytesPerWeight(kv)
		} else {
			w.KeyDim, w.ValueDim, w.EntrySize = mlaKey, mlaValue, 0
		}
		return coreEnergy(c.Name, hardware.BF16, w), ""
	}
}

func coreEnergy(table string, f hardware.Format, w hardware.CoreWork) hardware.EnergyWork {
	if strings.HasPrefix(table, "generation") {
		return energy(hardware.DecodeClass, f, w.Decode())
	}
	return energy(hardware.PrefillClass, f, w.Prefill())
}

// moduleEnergy counts a whole attention module: projections in the format of
// its weights, the core in BF16, the indexer in FP8.
func moduleEnergy(c *columns, kind llm.AttentionKind) workOf {
	model, cache, dense := c.text("model"), c.text("kv_cache_dtype"), c.text("gemm_type")
	size, isl, step, heads := c.positive("batch_size"), c.positive("isl"), c.number("step"), c.positive("num_heads")
	decode := strings.Contains(c.Name, "generation")
	return func(i int) (hardware.EnergyWork, string) {
		a, hidden, known := latentModel(model[i], kind, int(heads[i]))
		f, formatKnown := gemmFormat(dense[i])
		switch {
		case !known:
			return hardware.EnergyWork{}, "model " + model[i] + ": its shape is not known"
		case !formatKnown:
			return hardware.EnergyWork{}, "gemm_type " + dense[i] + ": no preset model is stored that way"
		}
		m := moduleRun{
			attention: a,
			hidden:    hidden,
			dense:     f,
			kv:        cacheFormat(cache[i]),
			sequences: size[i],
			query:     isl[i],
			prefix:    step[i],
		}
		if decode {
			return m.decode(), ""
		}
		return m.prefill(), ""
	}
}

// latentModel is the attention of a measured model with some of its heads on
// the rank (its published config.json).
func latentModel(name string, kind llm.AttentionKind, heads int) (a llm.Attention, hidden int, known bool) {
	a = llm.Attention{Kind: kind, Heads: heads, KVLoRA: mlaContent, RopeDim: mlaEntry - mlaContent}
	switch {
	case strings.Contains(name, "DeepSeek-V3"), strings.Contains(name, "DeepSeek-R1"):
		a.QLoRA, a.NopeDim, a.ValueDim = 1536, 128, 128
		a.IndexHeads, a.IndexDim, a.IndexTopK = 64, 128, 2048
		hidden = 7168
	case strings.Contains(name, "GLM-5"):
		a.QLoRA, a.NopeDim, a.ValueDim = 2048, 192, 256
		a.IndexHeads, a.IndexDim, a.IndexTopK = 32, 128, 2048
		hidden = 6144
	}
	if kind == llm.MLA {
		a.IndexHeads, a.IndexDim, a.IndexTopK = 0, 0, 0
	}
	return a, hidden, hidden > 0
}

// moduleRun is one row of a module table.
type moduleRun struct {
	attention                llm.Attention
	hidden                   int
	dense, kv                hardware.Format
	sequences, query, prefix float64
}

func (m moduleRun) decode() hardware.EnergyWork {
	context := m.query + m.prefix
	core, index := m.attention.CoreFLOPs(context)
	e := m.projections(m.sequences, hardware.DecodeClass)
	e.AddFLOPs(hardware.BF16, m.sequences*core)
	e.AddFLOPs(hardware.FP8, m.sequences*index)
	e.HBMBytes += m.sequences * m.attention.ReadBytes(context, llm.CacheFormat{KV: m.kv, Index: hardware.FP8})
	return e
}

func (m moduleRun) prefill() hardware.EnergyWork {
	a, w := m.attention, m.attention.Prefill(int(m.prefix), int(m.query))
	e := m.projections(m.sequences*m.query, hardware.PrefillClass)
	e.AddFLOPs(hardware.BF16, m.sequences*(w.Pairs*a.PrefillFLOPsPerPair()+m.prefix*a.Core().Expand))
	e.AddFLOPs(hardware.FP8, m.sequences*w.IndexPairs*a.FLOPsPerIndexPair())
	e.HBMBytes += m.sequences * a.CacheBytes(int(m.prefix+m.query), llm.CacheFormat{KV: m.kv, Index: hardware.FP8})
	return e
}

// projections are the weights over tokens, and what passes between them: the
// module's input and output, the query's latent, queries, keys and values.
func (m moduleRun) projections(tokens float64, class hardware.KernelClass) hardware.EnergyWork {
	a := m.attention
	weights := a.Weights(m.hidden)
	parameters := weights.Sharded + weights.Replicated
	perHead := 2*float64(a.NopeDim+a.RopeDim) + 2*float64(a.ValueDim)
	passes := 2*float64(m.hidden) + float64(a.QLoRA) + float64(a.Heads)*perHead
	const flopsPerMAC = 2
	e := hardware.EnergyWork{
		HBMBytes: parameters*hardware.BytesPerWeight(m.dense) + tokens*passes*hardware.BytesPerWeight(hardware.BF16),
	}
	e.AddFLOPs(m.dense, flopsPerMAC*tokens*parameters)
	e.AddBusy(class, 1)
	return e
}
