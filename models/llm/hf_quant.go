//go:build !js || readers

package llm

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"agentsim/models/hardware"
)

// formats reads how the checkpoint stores routed experts and the rest.
func (m *hfImport) formats(experts bool) WeightFormats {
	format := m.dtype()
	w := WeightFormats{Experts: format, Dense: format}
	said := false
	for _, name := range []string{"quantization_config", "compression_config"} {
		if q := m.object(name); q != nil {
			w, said = q.quantised(w, m.layers), true
			m.faults = append(m.faults, q.faults...)
		}
	}
	if m.quant != nil && !said {
		w = m.quantisedBeside(w)
	}
	w.Experts = m.expertDType(w.Experts)
	if !experts {
		w.Experts = ""
	}
	return w
}

// quantisedBeside reads the hf_quant_config.json that lies beside the file.
func (m *hfImport) quantisedBeside(w WeightFormats) WeightFormats {
	const file = "hf_quant_config.json: "
	q := m.quant.object("quantization")
	if q == nil {
		m.fail("quantization_config", file+"quantization is missing")
		return w
	}
	q.path = file + q.path
	w = q.modelOpt(w, m.layers)
	m.faults = append(m.faults, q.faults...)
	return w
}

// expertDType reads the format in which DeepSeek V4 names its experts' weights.
// It says four bits, not of which kind, so that a quantization_config goes
// before it.
func (m *hfImport) expertDType(format hardware.Format) hardware.Format {
	switch name := m.text("expert_dtype"); name {
	case "":
	case "fp4":
		if format != hardware.NVFP4 {
			return hardware.MXFP4
		}
	case "fp8":
		return hardware.FP8
	default:
		m.fail("expert_dtype", fmt.Sprintf("%q is not fp4 or fp8", name))
	}
	return format
}

// dtype reads the format of weights that are not quantised. Half precision of
// either kind costs the same; a file that says nothing means BF16.
func (m *hfImport) dtype() hardware.Format {
	format := hardware.BF16
	for _, name := range []string{"dtype", "torch_dtype"} {
		switch value := m.text(name); value {
		case "", "bfloat16", "float16", "auto":
		case "float8_e4m3fn":
			format = hardware.FP8
		default:
			m.fail(name, fmt.Sprintf("%q is not a weight format that can be served: want bfloat16, float16 or float8_e4m3fn",
				value))
		}
	}
	return format
}

// quantised reads a quantization_config over the formats of the unquantised.
func (c *hfConfig) quantised(w WeightFormats, layers int) WeightFormats {
	method := c.text("quant_method")
	format := w.Dense
	switch method {
	case "fp8", "fbgemm_fp8":
		return c.blockFP8(w, layers)
	case "mxfp4":
		return WeightFormats{Experts: hardware.MXFP4, Dense: w.Dense} // experts alone
	case "gptq", "awq", "auto-round":
		format = integerFormat(c.integer("bits"))
	case "compressed-tensors":
		format = c.groupFormat(w.Dense)
	case "modelopt", "modelopt_fp4", "modelopt_mixed":
		return c.modelOpt(w, layers)
	default:
		c.fail("quant_method", fmt.Sprintf("%q is not a known way of storing weights", method))
	}
	if format == "" {
		c.fail("bits", fmt.Sprintf("%d is not 4 or 8", c.integerOr(0, "bits")))
	}
	if c.leavesAttention(layers) {
		return WeightFormats{Experts: format, Dense: w.Dense}
	}
	return WeightFormats{Experts: format, Dense: format}
}

// blockFP8 is FP8 throughout, unless a second pass has stored the experts in
// another format: then what that pass leaves alone stays FP8.
func (c *hfConfig) blockFP8(w WeightFormats, layers int) WeightFormats {
	if name := c.text("moe_quant_algo"); name != "" {
		return WeightFormats{Experts: c.algorithm("moe_quant_algo", name), Dense: hardware.FP8}
	}
	if c.leavesAttention(layers) {
		return WeightFormats{Experts: hardware.FP8, Dense: w.Dense}
	}
	return WeightFormats{Experts: hardware.FP8, Dense: hardware.FP8}
}

// modelOpt reads what ModelOpt writes into either file: one format for all
// modules but those it excludes, or one for each.
func (c *hfConfig) modelOpt(w WeightFormats, layers int) WeightFormats {
	name := c.text("quant_algo")
	if name == "MIXED_PRECISION" {
		return c.mixed(w)
	}
	format := c.algorithm("quant_algo", name)
	if c.leavesAttention(layers) {
		return WeightFormats{Experts: format, Dense: w.Dense}
	}
	return WeightFormats{Experts: format, Dense: format}
}

// mixed reads a format for every module: that of most experts, and that of
// most of the others. What has none keeps its own.
func (c *hfConfig) mixed(w WeightFormats) WeightFormats {
	modules, ok := get[map[string]struct {
		Algorithm string `json:"quant_algo"`
	}](c, "quantized_layers", "an object of modules")
	if !ok || len(modules) == 0 {
		c.fail("quantized_layers", "is missing, and quant_algo is MIXED_PRECISION")
		return w
	}
	experts, dense := map[hardware.Format]int{}, map[hardware.Format]int{}
	for _, name := range slices.Sorted(maps.Keys(modules)) {
		format := c.algorithm("quantized_layers."+name+".quant_algo", modules[name].Algorithm)
		switch {
		case routedModules.MatchString(name):
			experts[format]++
		case !sharedModules.MatchString(name):
			dense[format]++
		}
	}
	return WeightFormats{Experts: most(experts, w.Experts), Dense: most(dense, w.Dense)}
}

// routedModules and sharedModules match names of experts.
var (
	routedModules = regexp.MustCompile(`(^|\.)experts(\.|$)`)
	sharedModules = regexp.MustCompile(`shared_expert`)
)

// most is the format that occurs most often, the first by name of several; the
// given one where there is none.
func most(counts map[hardware.Format]int, none hardware.Format) hardware.Format {
	best := none
	for _, format := range slices.Sorted(maps.Keys(counts)) {
		if counts[format] > counts[best] {
			best = format
		}
	}
	return best
}

// algorithm is the format that ModelOpt calls by this name.
func (c *hfConfig) algorithm(field, name string) hardware.Format {
	format := algorithmFormat(name)
	if format == "" {
		c.fail(field, fmt.Sprintf("%q is not FP8, NVFP4, MXFP4 or MIXED_PRECISION", name))
	}
	return format
}

func integerFormat(bits int) hardware.Format {
	switch bits {
	case 4:
		return hardware.INT4
	case 8:
		return hardware.INT8
	}
	return ""
}

func algorithmFormat(name string) hardware.Format {
	switch name {
	case "FP8", "FP8_PB_WO", "FP8_PB_REAL", "FP8_PER_CHANNEL_PER_TOKEN":
		return hardware.FP8
	case "NVFP4", "W4A4_NVFP4", "W4A16_NVFP4", "NVFP4_AWQ", "W4A8_NVFP4_FP8":
		return hardware.NVFP4
	case "MXFP4", "W4A16_MXFP4", "W4A8_MXFP4_FP8":
		return hardware.MXFP4
	}
	return ""
}

// hfWeights is the weight scheme of a compressed-tensors group.
type hfWeights struct {
	Bits      int    `json:"num_bits"`
	Type      string `json:"type"`
	GroupSize int    `json:"group_size"`
}

// groupFormat reads the weights of compressed-tensors' groups, which must agree.
func (c *hfConfig) groupFormat(plain hardware.Format) hardware.Format {
	groups, _ := get[map[string]struct {
		Weights *hfWeights `json:"weights"`
	}](c, "config_groups", "an object of groups")
	format := hardware.Format("")
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		weights := groups[name].Weights
		if weights == nil {
			continue
		}
		of := weights.format()
		if of == "" || (format != "" && of != format) {
			c.fail("config_groups."+name+".weights", fmt.Sprintf("%d-bit %s in groups of %d is not one format for all weights",
				weights.Bits, weights.Type, weights.GroupSize))
			return plain
		}
		format = of
	}
	if format == "" {
		c.fail("config_groups", "has no weights")
		return plain
	}
	return format
}

func (w hfWeights) format() hardware.Format {
	const (
		nvfp4Group = 16
		mxfp4Group = 32
	)
	switch {
	case w.Type == "int":
		return integerFormat(w.Bits)
	case w.Type == "float" && w.Bits == 8:
		return hardware.FP8
	case w.Type == "float" && w.Bits == 4 && w.GroupSize == nvfp4Group:
		return hardware.NVFP4
	case w.Type == "float" && w.Bits == 4 && w.GroupSize == mxfp4Group:
		return hardware.MXFP4
	}
	return ""
}

// Names and patterns of modules that are left alone: a whole attention module,
// one of its large projections, and the layer that a name speaks of.
var (
	attentionModules     = regexp.MustCompile(`(^|[._*])(self_)?(linear_)?attn(\*|\.\*|)$|attn\.\*$`)
	attentionProjections = regexp.MustCompile(
		`(attn|attention|mixer)\.((q|k|v|o|qkv|out|in|q_a|q_b|kv_b)_proj|kv_a_proj_with_mqa|in_proj_(qkv|z))\*?$`)
	layerNumbers = regexp.MustCompile(`(?:layers|h|blocks)\.(\d+)`)
)

// leavesAttention tells whether most attention is among the modules that are
// not quantised: then all but the routed experts is taken to be unquantised
// too. A layer counts as left alone by a pattern of its whole attention, or by
// two or more of its large projections; a pattern that names no layer speaks
// of all.
func (c *hfConfig) leavesAttention(layers int) bool {
	projections := map[string]int{}
	for _, name := range []string{"ignore", "modules_to_not_convert", "exclude_modules", "ignored_layers"} {
		modules, ok := get[[]json.RawMessage](c, name, "a list of modules")
		if !ok {
			continue
		}
		for _, raw := range modules {
			var module string
			if json.Unmarshal(raw, &module) != nil {
				continue
			}
			layer := layerNumbers.FindStringSubmatch(module)
			whole := attentionModules.MatchString(module)
			switch {
			case whole && layer == nil:
				return true
			case whole:
				projections[layer[1]] += 2
			case layer != nil && attentionProjections.MatchString(module):
				projections[layer[1]]++
			}
		}
	}
	left := 0
	for _, layer := range slices.Sorted(maps.Keys(projections)) {
		if projections[layer] > 1 {
			left++
		}
	}
	return 2*left >= layers
}
