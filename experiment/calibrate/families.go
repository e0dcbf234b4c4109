package calibrate

import (
	"strings"

	"agentsim/models/hardware"
	"agentsim/models/llm"
)

// family is one operator: the tables that measure it, how their rows are read,
// and how its constants are fitted and used.
type family struct {
	name   string
	tables []string
	older  bool // also looks in older versions for groups that the newest lacks
	read   func(*columns, *scope) batch
	fit    func(k *hardware.KernelSet, s *scope, group string, samples []sample)
	price  func(k *hardware.KernelSet, s *scope, x *sample) (float64, bool)
	path   func(group string) string // of the constants in the preset
}

// families are in the order of fitting: decode before prefill, whose floors
// may have to be borrowed from it.
func families() []family {
	list := []family{
		{name: "gemm", tables: []string{"gemm_perf"}, read: readGEMM, fit: fitGEMM, price: priceGEMM, path: under("gemm")},
		{name: "experts", tables: []string{"moe_perf"}, older: true, read: readExperts, fit: fitExperts,
			price: priceExperts, path: under("experts")},
		{name: "experts.sent", tables: []string{"wideep_context_moe_perf"}, read: readSent, fit: fitExperts,
			price: priceExperts, path: under("experts")},
		{name: "experts.fused", tables: []string{"dsv4_megamoe_module_perf"}, read: readMegaMoE, fit: fitExperts,
			price: priceExperts, path: under("experts")},
		core("attention.decode", "generation_attention_perf", gqa(true)),
		core("attention.prefill", "context_attention_perf", gqa(false)),
		core("mla-core.decode", "generation_mla_perf", mlaCore(true)),
		core("mla-core.prefill", "context_mla_perf", mlaCore(false)),
		core("linear", "gdn_perf", readDelta),
		{name: "residual", tables: []string{"mhc_module_perf"}, read: readResidual, fit: fitResidual, price: priceResidual,
			path: func(string) string { return "residual" }},
		collectives("all-reduce", readAllReduce, "custom_allreduce_perf"),
		collectives("all-gather", readNCCL, "nccl_perf"),
		collectives("all-to-all", readAllToAll, "trtllm_alltoall_perf"),
		collectives("deepep", readDeepEP, "wideep_deepep_ll_perf"),
		collectives("deepep.bulk", readBulk, "wideep_deepep_normal_perf"),
	}
	return append(list, modules()...)
}

func modules() []family {
	var list []family
	for _, kind := range []struct {
		kind                   llm.AttentionKind
		decode, prefill, other string
	}{
		{llm.MLA, "mla_generation_module_perf", "mla_context_module_perf",
			"wideep_generation_mla_perf wideep_context_mla_perf"},
		{llm.DSA, "dsa_generation_module_perf", "dsa_context_module_perf", " "},
		{llm.DSAShared, "dsa_generation_module_perf", "dsa_context_module_perf", " "},
		{llm.CSA, "dsv4_csa_generation_module_perf", "dsv4_csa_context_module_perf", " "},
		{llm.HCA, "dsv4_hca_generation_module_perf", "dsv4_hca_context_module_perf", " "},
	} {
		otherDecode, otherPrefill, _ := strings.Cut(kind.other, " ")
		list = append(list, module(kind.kind, true, kind.decode, otherDecode),
			module(kind.kind, false, kind.prefill, otherPrefill))
	}
	return list
}

func module(kind llm.AttentionKind, decode bool, tables ...string) family {
	phase := "prefill"
	if decode {
		phase = "decode"
	}
	return family{
		name:   string(kind) + "." + phase,
		tables: tables,
		fit:    fitModule,
		price:  priceModule,
		read:   func(c *columns, _ *scope) batch { return readModule(c, kind, decode) },
		path:   modulePath,
	}
}

// modulePath lets the source of decode stand for the whole module, but for its
// prefill.
func modulePath(group string) string { return "attention." + strings.TrimSuffix(group, ".decode") }

func core(name, table string, read func(*columns, *scope) batch) family {
	return family{
		name:   name,
		tables: []string{table},
		read:   read,
		fit:    fitCore,
		price:  priceCore,
		path:   under("core"),
	}
}

func gqa(decode bool) func(*columns, *scope) batch {
	return func(c *columns, s *scope) batch { return readGQA(c, s, decode) }
}

func mlaCore(decode bool) func(*columns, *scope) batch {
	return func(c *columns, s *scope) batch { return readMLACore(c, s, decode) }
}

func collectives(name string, read func(*columns, *scope) batch, tables ...string) family {
	return family{
		name:   name,
		tables: tables,
		older:  strings.HasPrefix(name, "deepep"),
		read:   read,
		fit:    fitCollectives,
		price:  priceCollective,
		path:   func(group string) string { return group },
	}
}

func under(field string) func(string) string {
	return func(group string) string { return field + "." + group }
}
