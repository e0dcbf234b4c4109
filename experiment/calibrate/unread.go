package calibrate

import (
	"slices"
	"strings"

	"agentsim/models/hardware"
)

// unread lists the tables that no family reads, and why.
func unread(tables []location) []Exclusion {
	var known []string
	for _, f := range families() {
		known = append(known, f.tables...)
	}
	var out []Exclusion
	for _, l := range tables {
		if !slices.Contains(known, l.Name) {
			out = append(out, Exclusion{Table: l.String(), Reason: whyUnread(l.Name)})
		}
	}
	return out
}

func whyUnread(name string) string {
	switch {
	case strings.HasPrefix(name, "glm5_"), strings.Contains(name, "topk_calib"), strings.Contains(name, "paged_mqa"),
		name == "dsv4_hca_attn_module_perf":
		return "a part of a module that is measured whole"
	case name == "mamba2_perf":
		return "Mamba: no preset model has it"
	case strings.HasPrefix(name, "wideep_"):
		return "wide expert parallelism: the kernel of the moe table again, on rank 0 instead of the busiest rank"
	}
	return "no operator of the presets reads it"
}

// reason explains a family error above what a smooth form should leave.
func reason(f FamilyError) string {
	if f.MAPE <= explainAbove {
		return ""
	}
	switch f.Family {
	case "experts":
		return "auto-tuned kernels switch tiles with the token count, and times fall where tokens rise"
	case "linear":
		return "the recurrence's table has cluster runs up to ten times slower than their neighbours"
	case "all-reduce":
		return "three algorithms by message size, of which the form holds two; and the GB200 table's large messages " +
			"between two ranks run at half the rate of four"
	}
	if strings.HasSuffix(f.Family, ".prefill") {
		return "the collector launched kernel by kernel: only its longest rows measure the accelerator"
	}
	return "kernels switch with the shape"
}

const explainAbove = 0.25

// newest is the highest version among the engine's own tables and one before.
func (c *collection) newest(version string) string {
	for _, group := range sortedKeys(c.sources) {
		s := c.sources[group]
		if !strings.Contains(s.table, "/"+library+"/") && hardware.CompareVersions(s.version, version) > 0 {
			version = s.version
		}
	}
	return version
}

func joined(tables []string) string {
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(tables))), " ")
}
