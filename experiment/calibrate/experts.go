package calibrate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"agentsim/models/hardware"
)

const (
	// thinnest is the narrowest slice of an expert that enters the fit: below
	// one tile of a GEMM nobody splits further.
	thinnest = 128
	// ungated is the top-k of the models in the tables whose experts have two
	// matrices instead of three.
	ungated = 22
)

// expertFormats are the formats behind a table's moe_dtype and the name of a
// path that computes so.
func expertFormats(dtype string) (name string, weights, compute hardware.Format) {
	switch dtype {
	case "bfloat16":
		return "bf16", hardware.BF16, hardware.BF16
	case "fp8":
		return "fp8", hardware.FP8, hardware.FP8
	case "fp8_block":
		return "fp8-block", hardware.FP8, hardware.FP8
	case "nvfp4":
		return "nvfp4", hardware.NVFP4, hardware.NVFP4
	case "int4_wo":
		return "int4-w4a16", hardware.INT4, hardware.BF16
	case "w4a16_mxfp4":
		return "mxfp4-w4a16", hardware.MXFP4, hardware.BF16
	case "w4a8_mxfp4_mxfp8":
		return "mxfp4-w4a8", hardware.MXFP4, hardware.FP8
	}
	return "", "", ""
}

// marlin is the path of the weight-only kernels that convert 4-bit weights to
// BF16 on the fly. Their tables are of INT4 and MXFP4 alike.
const marlin = "marlin-w4a16"

// kernelShort is how a second kernel for the same formats is told apart.
func kernelShort(source string) string {
	for _, word := range []string{"min_latency", "triton", "cutlass", "deepgemm", "trtllm"} {
		if strings.Contains(source, word) {
			return strings.ReplaceAll(word, "_", "-")
		}
	}
	return strings.ReplaceAll(source, "_", "-")
}

// pathOf names the expert path of a kernel. The kernel with the most rows of
// its formats has the plain name; one that is only measured with experts
// spread over groups, where another is only measured without, gets ".ep".
type pathNames map[[2]string]string

func namePaths(dtype, kernel []string, ep []float64) pathNames {
	type use struct {
		kernel        string
		rows          int
		alone, spread bool
	}
	uses := map[string]map[string]*use{}
	for i, d := range dtype {
		if uses[d] == nil {
			uses[d] = map[string]*use{}
		}
		u := uses[d][kernel[i]]
		if u == nil {
			u = &use{kernel: kernel[i]}
			uses[d][kernel[i]] = u
		}
		u.rows++
		u.alone = u.alone || ep[i] == 1
		u.spread = u.spread || ep[i] > 1
	}
	names := pathNames{}
	for _, d := range slices.Sorted(maps.Keys(uses)) {
		name, _, _ := expertFormats(d)
		byRows := slices.SortedFunc(maps.Values(uses[d]), func(a, b *use) int {
			return cmp.Or(cmp.Compare(b.rows, a.rows), cmp.Compare(a.kernel, b.kernel))
		})
		if len(byRows) > 1 && !byRows[0].alone && !byRows[1].spread {
			byRows[0], byRows[1] = byRows[1], byRows[0]
		}
		for i, u := range byRows {
			switch {
			case strings.Contains(u.kernel, "marlin"):
				names[[2]string{d, u.kernel}] = marlin
			case i == 0:
				names[[2]string{d, u.kernel}] = name
			case i == 1 && !u.alone && !byRows[0].spread:
				names[[2]string{d, u.kernel}] = name + ".ep"
			default:
				names[[2]string{d, u.kernel}] = name + "-" + kernelShort(u.kernel)
			}
		}
	}
	return names
}

// expertColumns are those of a table of experts that say what a row computes.
type expertColumns struct{ tokens, hidden, inner, topK, experts, tp, ep []float64 }

func expertColumnsOf(c *columns) *expertColumns {
	return &expertColumns{
		tokens:  c.positive("num_tokens"),
		hidden:  c.positive("hidden_size"),
		inner:   c.positive("inter_size"),
		topK:    c.positive("topk"),
		experts: c.positive("num_experts"),
		tp:      c.positive("moe_tp_size"),
		ep:      c.positive("moe_ep_size"),
	}
}

// work is that of a row, its tokens not yet routed.
func (x *expertColumns) work(i int) hardware.ExpertWork {
	return hardware.ExpertWork{
		GroupTokens: x.tokens[i],
		Hidden:      int(x.hidden[i]),
		Inner:       int(x.inner[i]),
		Experts:     int(x.experts[i]),
		TopK:        int(x.topK[i]),
		TP:          int(x.tp[i]),
		EP:          int(x.ep[i]),
	}
}

func readExperts(c *columns, s *scope) batch {
	var b batch
	dtype, kernel, distribution := c.text("moe_dtype"), c.text("kernel_source"), c.text("distribution")
	x := expertColumnsOf(c)
	seconds := c.latency()
	if c.err != nil {
		return b
	}
	names := namePaths(dtype, kernel, x.ep)
	for i := range seconds {
		name, weights, compute := expertFormats(dtype[i])
		why := ""
		switch {
		case name == "":
			why = "moe_dtype " + dtype[i] + ": no preset model is stored that way"
		case s.accelerator.Compute[compute] == 0:
			why = "moe_dtype " + dtype[i] + ": the accelerator preset has no such rate"
		case strings.Contains(kernel[i], "nongated") || x.topK[i] == ungated:
			why = "experts without a gate: no preset model has them"
		case x.inner[i]/x.tp[i] < thinnest:
			why = fmt.Sprintf("experts sliced thinner than %d: no deployment splits so far", thinnest)
		}
		if why != "" {
			b.drop(why)
			continue
		}
		w := x.work(i)
		if err := s.route(&w, distribution[i]); err != nil {
			b.drop("distribution " + distribution[i] + ": " + err.Error())
			continue
		}
		path := names[[2]string{dtype[i], kernel[i]}]
		kernelOf := hardware.ExpertKernel{Weights: weights, Compute: compute}
		b.keep(sample{
			group:   path,
			seconds: seconds[i],
			kernel:  kernel[i],
			experts: w,
			work:    kernelOf.RooflineWork(w),
			dtype:   dtype[i],
			routing: distribution[i],
		})
	}
	return b
}

// route fills in what the busiest rank does.
func (s *scope) route(w *hardware.ExpertWork, distribution string) error {
	l, err := s.loads.of(routing{
		tokens:       int(w.GroupTokens),
		topK:         w.TopK,
		experts:      w.Experts,
		groups:       w.EP,
		distribution: distribution,
	})
	w.Rows, w.Distinct = l.rows, l.distinct
	return err
}
