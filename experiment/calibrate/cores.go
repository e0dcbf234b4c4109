package calibrate

import (
	"cmp"
	"fmt"
	"strings"

	"agentsim/models/hardware"
)

const (
	// shortest is the least context in the fits of attention: agents' contexts
	// are longer, and shorter ones measure launches.
	shortest = 128
	// Query heads per cache head of the grouped-query models; tables also hold
	// plain multi-head attention and extreme groups, which run other kernels.
	leastGroup, mostGroup = 2, 32
)

// mainKernel is the kernel with the most rows per key; the others are kept for
// shapes it does not have, which no preset model needs.
func mainKernel(keys, kernels []string) map[string]string {
	rows := map[[2]string]int{}
	for i, k := range keys {
		rows[[2]string{k, kernels[i]}]++
	}
	best := map[string]string{}
	for i, k := range keys {
		have, seen := best[k]
		more := cmp.Compare(rows[[2]string{k, kernels[i]}], rows[[2]string{k, have}])
		if !seen || more > 0 || more == 0 && kernels[i] < have {
			best[k] = kernels[i]
		}
	}
	return best
}

// cacheFormat names the cache format of a table's kv_cache_dtype.
func cacheFormat(dtype string) hardware.Format {
	if dtype == "bfloat16" || dtype == "float16" {
		return hardware.BF16
	}
	return hardware.FP8
}

// gqaRow is one row of the grouped-query attention tables.
type gqaRow struct {
	batch, query, context, heads, kvHeads, dim, window float64
	kv                                                 hardware.Format
}

// latentRow is a row of latent attention, whose heads each have an entry of their
// own here; what an entry is the reader says.
func latentRow(batch, query, context, heads float64, kv hardware.Format) gqaRow {
	return gqaRow{
		batch:   batch,
		query:   query,
		context: context,
		heads:   heads,
		kvHeads: heads,
		dim:     1,
		kv:      kv,
	}
}

// work counts the pairs that a causal mask, and a window where there is one,
// leave over.
func (r gqaRow) work() hardware.CoreWork {
	pairs := prefixSum(r.context, r.query, r.window)
	reach := r.context + r.query
	if r.window > 0 {
		reach = min(reach, r.window+r.query)
	}
	return hardware.CoreWork{
		Tokens:    r.batch * r.query,
		Sequences: r.batch,
		Pairs:     r.batch * pairs,
		Keys:      r.batch * reach,
		Heads:     r.heads,
		KVHeads:   r.kvHeads,
		KeyDim:    r.dim,
		ValueDim:  r.dim,
		EntrySize: 2 * r.kvHeads * r.dim * hardware.BytesPerWeight(r.kv),
	}
}

// prefixSum is the number of keys that s queries after p tokens look at, each
// at most window of them (0 = all).
func prefixSum(p, s, window float64) float64 {
	if window <= 0 || p+s <= window {
		return s*p + s*(s+1)/2
	}
	growing := max(0, window-p)
	return growing*p + growing*(growing+1)/2 + (s-growing)*window
}

// readGQA reads context_attention and generation_attention: the tables differ
// in that one has prompts and the other one token after a context.
func readGQA(c *columns, _ *scope, decode bool) batch {
	var b batch
	kernel, attention, cache := c.text("kernel_source"), c.text("attn_dtype"), c.text("kv_cache_dtype")
	size, isl, step, window := c.positive("batch_size"), c.positive("isl"), c.number("step"), optional(c, "window_size")
	heads, kvHeads, dim := c.positive("num_heads"), c.positive("num_key_value_heads"), c.positive("head_dim")
	seconds := c.latency()
	if c.err != nil {
		return b
	}
	main := mainKernel(cache, kernel)
	quantised := contains(attention, cache, "fp8", "fp8")
	for i := range seconds {
		r := gqaRow{size[i], isl[i], step[i], heads[i], kvHeads[i], dim[i], window[i], cacheFormat(cache[i])}
		group := heads[i] / kvHeads[i]
		switch {
		case kernel[i] != main[cache[i]]:
			b.drop("kernel " + kernel[i] + ": a second kernel, for shapes of no preset model")
		case r.kv == hardware.FP8 && quantised && attention[i] != "fp8":
			b.drop("BF16 attention over an FP8 cache, where the engine also has FP8 attention")
		case r.query+r.context < shortest:
			b.drop(fmt.Sprintf("contexts below %d tokens: they measure launches", shortest))
		case group < leastGroup || group > mostGroup:
			b.drop(fmt.Sprintf("query heads per cache head outside %d to %d: other kernels", leastGroup, mostGroup))
		case decode:
			b.keep(sample{group: coreGroup("gqa", "decode", r.kv), seconds: seconds[i], work: r.work().Decode()})
		default:
			b.keep(sample{group: coreGroup("gqa", "prefill", r.kv), seconds: seconds[i], work: r.work().Prefill()})
		}
	}
	return b
}

func contains(a, b []string, x, y string) bool {
	for i := range a {
		if a[i] == x && b[i] == y {
			return true
		}
	}
	return false
}

// coreGroup is the preset's key of an attention core.
func coreGroup(kind, phase string, kv hardware.Format) string {
	if kv == hardware.BF16 {
		return kind + "." + phase
	}
	return kind + "." + phase + "." + string(kv)
}

// Dimensions of DeepSeek V3's latent attention (its published config.json).
const (
	mlaKey, mlaValue     = 128 + 64, 128 // expanded, in prefill
	mlaEntry, mlaContent = 512 + 64, 512 // absorbed, in decode
)

// readMLACore reads context_mla and generation_mla: the core alone, with
// num_heads heads on the rank.
func readMLACore(c *columns, _ *scope, decode bool) batch {
	var b batch
	cache := c.text("kv_cache_dtype")
	size, isl, step, heads := c.positive("batch_size"), c.positive("isl"), c.number("step"), c.positive("num_heads")
	for i, seconds := range c.latency() {
		kv := cacheFormat(cache[i])
		r := latentRow(size[i], isl[i], step[i], heads[i], kv)
		w := r.work()
		switch {
		case r.query+r.context < shortest:
			b.drop(fmt.Sprintf("contexts below %d tokens: they measure launches", shortest))
		case heads[i] < leastHeads:
			b.drop(fmt.Sprintf("fewer than %d heads on a rank: no deployment splits so far", leastHeads))
		case decode:
			w.KVHeads, w.KeyDim, w.ValueDim = 1, mlaEntry, mlaContent
			w.EntrySize = mlaEntry * hardware.BytesPerWeight(kv)
			b.keep(sample{group: coreGroup("mla", "decode", kv), seconds: seconds, work: w.Decode()})
		default:
			w.KeyDim, w.ValueDim, w.EntrySize = mlaKey, mlaValue, 0
			b.keep(sample{group: coreGroup("mla", "prefill", kv), seconds: seconds, work: w.Prefill()})
		}
	}
	return b
}

// readDelta reads the gated delta tables: the short convolution and the
// recurrence stand in rows of their own and are added up.
func readDelta(c *columns, s *scope) batch {
	var b batch
	phase, kernel, model := c.text("phase"), c.text("kernel_source"), c.text("model_name")
	size, length, convolution := c.positive("batch_size"), c.positive("seq_len"), c.positive("d_conv")
	keyHeads, valueHeads := c.positive("num_k_heads"), c.positive("num_v_heads")
	keyDim, valueDim := c.positive("head_k_dim"), c.positive("head_v_dim")
	type point struct {
		phase, model               string
		batch, length, heads, conv float64
	}
	waiting := map[point]float64{}
	for i, seconds := range c.latency() {
		p := point{phase[i], model[i], size[i], length[i], valueHeads[i], convolution[i]}
		other, ready := waiting[p]
		if !ready {
			waiting[p] = seconds
			continue
		}
		delete(waiting, p)
		group := "linear.decode"
		if phase[i] == "context" {
			group = "linear.prefill"
		}
		if group == "linear.prefill" && size[i]*length[i] < shortest {
			b.drop(fmt.Sprintf("prompts below %d tokens: they measure launches", shortest))
			continue
		}
		d := hardware.DeltaWork{
			Tokens:     size[i] * length[i],
			Sequences:  size[i],
			Longest:    length[i],
			KeyHeads:   keyHeads[i],
			ValueHeads: valueHeads[i],
			KeyDim:     keyDim[i],
			ValueDim:   valueDim[i],
		}
		b.keep(sample{group: group, seconds: seconds + other, kernel: kernel[i], work: d.Work()})
	}
	for range waiting {
		b.drop("only one of convolution and recurrence was measured")
	}
	return b
}

func coreTerms(group string) terms {
	const perScore, perBlock, perStep = 2e-13, 1e-8, 1e-8
	switch {
	case strings.HasPrefix(group, "linear."):
		return terms{perUnit: perStep, streamed: true}
	case phaseOf(group) == "prefill":
		return terms{perUnit: perScore, rows: true}
	}
	return terms{perUnit: perBlock}
}

func fitCore(k *hardware.KernelSet, s *scope, group string, samples []sample) {
	k.Core[group] = fitRoofline(coreTerms(group), s.corePeak(group), s.accelerator.HBM.Bandwidth, samples)
}

func priceCore(k *hardware.KernelSet, s *scope, x *sample) (float64, bool) {
	r, ok := k.Core[x.group]
	return r.Seconds(x.work, s.corePeak(x.group), s.accelerator.HBM.Bandwidth), ok
}
