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
	for _, name := range []string{"quantization_config", "compression_config"} {
		if q := m.object(name); q != nil {
			w = q.quantised(w)
			m.faults = append(m.faults, q.faults...)
		}
	}
	switch format := m.text("expert_dtype"); format {
	case "":
	case "fp4":
		w.Experts = hardware.MXFP4
	case "fp8":
		w.Experts = hardware.FP8
	default:
		m.fail("expert_dtype", fmt.Sprintf("%q is not fp4 or fp8", format))
	}
	if !experts {
		w.Experts = ""
	}
	return w
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
func (c *hfConfig) quantised(w WeightFormats) WeightFormats {
	method := c.text("quant_method")
	format := w.Dense
	switch method {
	case "fp8", "fbgemm_fp8":
		format = hardware.FP8
	case "mxfp4":
		return WeightFormats{Experts: hardware.MXFP4, Dense: w.Dense} // experts alone
	case "gptq", "awq", "auto-round":
		format = integerFormat(c.integer("bits"))
	case "compressed-tensors":
		format = c.groupFormat(w.Dense)
	case "modelopt", "modelopt_fp4":
		format = algorithmFormat(c.text("quant_algo"))
		if format == "" {
			c.fail("quant_algo", fmt.Sprintf("%q is not FP8, NVFP4 or MXFP4", c.text("quant_algo")))
		}
	default:
		c.fail("quant_method", fmt.Sprintf("%q is not a known way of storing weights", method))
	}
	if format == "" {
		c.fail("bits", fmt.Sprintf("%d is not 4 or 8", c.integerOr(0, "bits")))
	}
	if c.leavesAttention() {
		return WeightFormats{Experts: format, Dense: w.Dense}
	}
	return WeightFormats{Experts: format, Dense: format}
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
	case "FP8", "FP8_PB_WO", "FP8_PER_CHANNEL_PER_TOKEN":
		return hardware.FP8
	case "NVFP4", "W4A4_NVFP4":
		return hardware.NVFP4
	case "MXFP4", "W4A8_MXFP4_FP8":
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

// attentionModules matches names and patterns of whole attention modules.
var attentionModules = regexp.MustCompile(`(self_)?attn(\*|\.\*|)$|attn\.\*$`)

// leavesAttention tells whether attention is among the modules that are not
// quantised: then all but the routed experts is taken to be unquantised too.
func (c *hfConfig) leavesAttention() bool {
	for _, name := range []string{"ignore", "modules_to_not_convert", "exclude_modules", "ignored_layers"} {
		modules, ok := get[[]json.RawMessage](c, name, "a list of modules")
		if !ok {
			continue
		}
		for _, raw := range modules {
			var module string
			if json.Unmarshal(raw, &module) == nil && attentionModules.MatchString(module) {
				return true
			}
		}
	}
	return false
}
