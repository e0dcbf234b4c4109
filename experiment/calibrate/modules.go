package calibrate

import (
	"fmt"
	"strings"

	"agentsim/models/hardware"
	"agentsim/models/llm"
)

// measuredModel is a model that the module tables were measured on: what its
// attention looks at, from its published config.json.
type measuredModel struct {
	hidden, heads, topK int
}

// modelOf knows the models by their names in the tables.
func modelOf(name string) (measuredModel, bool) {
	switch {
	case strings.Contains(name, "DeepSeek-V4-Pro"):
		return measuredModel{hidden: 7168, heads: 128, topK: 1024}, true
	case strings.Contains(name, "DeepSeek-V4-Flash"):
		return measuredModel{hidden: 4096, heads: 64, topK: 512}, true
	case strings.Contains(name, "DeepSeek-V3.2"):
		return measuredModel{hidden: 7168, heads: 128, topK: 2048}, true
	case strings.Contains(name, "DeepSeek-V3"):
		return measuredModel{hidden: 7168, heads: 128}, true
	case strings.Contains(name, "GLM-5"):
		return measuredModel{hidden: 6144, heads: 64, topK: 2048}, true
	}
	return measuredModel{}, false
}

// attention is what decides the pairs of a kind.
func (m measuredModel) attention(kind llm.AttentionKind) llm.Attention {
	const window, fine, coarse = 128, 4, 128 // DeepSeek-V4 config.json
	a := llm.Attention{Kind: kind, IndexTopK: m.topK, Window: window, Compress: fine}
	if kind == llm.HCA {
		a.Compress = coarse
	}
	return a
}

// leastFLOPs is a lower bound of a module's work: the narrowest cores, and
// projections of the query and output sides alone. It serves to tell units of
// time apart.
func (m measuredModel) leastFLOPs(x hardware.Features, heads float64) float64 {
	const narrow, perPair, perWeight = 128, 4, 2
	return perPair*narrow*heads*x.Pairs + perWeight*2*narrow*heads*float64(m.hidden)*x.Tokens
}

// longFrom is the context from which a kind's decode runs further kernels:
// where its indexer has more entries to choose from than it selects.
func longFrom(a llm.Attention) int {
	switch a.Kind {
	case llm.CSA:
		return a.Compress * a.IndexTopK
	case llm.DSA:
		return a.IndexTopK
	}
	return 0
}

const (
	// leastHeads is the fewest query heads on a rank that enter a fit.
	leastHeads = 8
	// shortestPrompt is the shortest prompt of the prefill fits, and
	// mostPrompts the most of them in one step: beyond, a step is spent on
	// reading prefixes, which engines avoid by their token budgets.
	shortestPrompt = 64
	mostPrompts    = 64
)

// moduleGroup is one set of constants: a kind, shape and formats.
func moduleGroup(s hardware.AttentionShape, decode bool) string {
	phase := "prefill"
	if decode {
		phase = "decode"
	}
	return fmt.Sprintf("%s-%d-%s-%s.%s", s.Kind, s.Hidden, s.Dense, s.KV, phase)
}

// readModule reads a table of whole attention modules.
func readModule(c *columns, kind llm.AttentionKind, decode bool) batch {
	var b batch
	kernel, cache := c.text("kernel_source"), c.text("kv_cache_dtype")
	var model, dense []string
	if kind == llm.MLA { // the oldest tables are of one model in one format
		model, dense = c.textOr("model", "DeepSeek-V3"), c.textOr("gemm_type", "fp8_block")
	} else {
		model, dense = c.text("model"), c.text("gemm_type")
	}
	size, isl, step := c.positive("batch_size"), c.positive("isl"), c.number("step")
	heads := c.positive("num_heads")
	seconds := c.latency()
	if c.err != nil {
		return b
	}
	keys := make([]string, len(seconds))
	for i := range keys {
		keys[i] = model[i] + cache[i] + dense[i] + layerOf(kernel[i])
	}
	main := mainKernel(keys, kernel)
	for i := range seconds {
		m, known := modelOf(model[i])
		format, formatKnown := gemmFormat(dense[i])
		why := ""
		switch {
		case !known:
			why = "model " + model[i] + ": its shape is not known"
		case !formatKnown:
			why = "gemm_type " + dense[i] + ": no preset model is stored that way"
		case strings.Contains(kernel[i], "dense_mha"):
			why = "kernel " + kernel[i] + ": without an indexer, for short contexts"
		case sharesIndex(kernel[i]) != (kind == llm.DSAShared):
			why = "kernel " + kernel[i] + ": of the other of two kinds, with an indexer and with what an earlier one picked"
		case kernel[i] != main[keys[i]]:
			why = "kernel " + kernel[i] + ": a second kernel for the same module"
		case heads[i] < leastHeads || heads[i] > float64(m.heads):
			why = fmt.Sprintf("fewer than %d heads on a rank, or more than the model has", leastHeads)
		case isl[i]+step[i] < shortest:
			why = fmt.Sprintf("contexts below %d tokens: they measure launches", shortest)
		case !decode && isl[i] < shortestPrompt:
			why = fmt.Sprintf("prompts below %d tokens: they measure launches", shortestPrompt)
		case !decode && size[i] > mostPrompts:
			why = fmt.Sprintf("over %d prompts in a step: token budgets hold fewer", mostPrompts)
		}
		if why != "" {
			b.drop(why)
			continue
		}
		shape := hardware.AttentionShape{Kind: string(kind), Hidden: m.hidden, Dense: format, KV: cacheFormat(cache[i])}
		x := sample{
			group:    moduleGroup(shape, decode),
			seconds:  seconds[i],
			shape:    shape,
			kernel:   kernel[i],
			tp:       m.heads / int(heads[i]),
			heads:    m.heads,
			longFrom: longFrom(m.attention(kind)),
			features: moduleFeatures(m.attention(kind), size[i], isl[i], step[i], decode),
		}
		x.work.FLOPs = m.leastFLOPs(x.features, heads[i])
		b.keep(x)
	}
	if !decode {
		b.dropHostBound(modulePlateau)
	}
	return b
}

// layerOf tells apart the layers whose kernels stand in one table: among several
// kernels of one layer, that with the most rows is the main one.
func layerOf(kernel string) string {
	switch {
	case strings.Contains(kernel, "dense_mha"): // never the main kernel, however many rows
		return kernel
	case sharesIndex(kernel):
		return string(llm.DSAShared)
	}
	return ""
}

// sharesIndex says whether a kernel is of layers that attend to what the indexer of
// an earlier one has picked.
func sharesIndex(kernel string) bool { return strings.Contains(kernel, "skip_indexer") }

func moduleFeatures(a llm.Attention, batch, isl, step float64, decode bool) hardware.Features {
	if decode {
		w := a.Decode(isl + step)
		return hardware.Features{Tokens: batch, Pairs: batch * w.Pairs, IndexPairs: batch * w.IndexPairs, Context: isl + step}
	}
	w := a.Prefill(int(step), int(isl))
	const middle = 0.5
	return hardware.Features{Tokens: batch * isl, Pairs: batch * w.Pairs, IndexPairs: batch * w.IndexPairs,
		Context: step + middle*isl}
}
