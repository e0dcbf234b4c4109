package validate

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"agentsim/models/hardware"
	"agentsim/models/kvcache/prefix"
	"agentsim/models/llm"
	"agentsim/models/step"
)

// Engines whose rules of caches go by version.
const (
	vllm = "vllm"
	atom = "atom"
)

// What rows tell of caches in words.
var memoryShare = regexp.MustCompile(`memory share (0?\.[0-9]+)|(0?\.[0-9]+) memory share`)

// What recipes for AgentX set of vLLM's retention interval for DeepSeek V4 is not
// recorded. That they set one since there is one (engine-caches.md 3) is inferred
// from the throughput of twelve such runs on B200 and MI355X: with positions at
// every page, a prompt of 200,000 tokens takes 26 GB, and no more than eight lanes
// would find theirs again. What became the default later stands for it.
const (
	intervals = "2026-06-04"
	sparse    = "vllm-0.29"
)

// compresses reports whether a model keeps its history in compressed entries.
func compresses(model *llm.Spec) bool {
	return slices.ContainsFunc(model.CacheComponents(llm.CacheFormat{}), func(c llm.CacheComponent) bool {
		return c.Kind == llm.Grows && c.Compression > 1
	})
}

// keeping is the engine with the rules of caches that it had at the version of
// the case, and with what the case tells of its memory.
func keeping(c *Case, engine step.EngineSpec, model *llm.Spec) step.EngineSpec {
	if c.Engine == vllm || c.Engine == atom { // those of the others are settings, which cases do not tell
		if p, ok := prefix.PresetAt(c.Engine, c.Version, c.Date); ok {
			engine.Cache.Policy = p.Name
		}
	}
	if c.Engine == vllm && c.Load.Lanes && c.Date >= intervals && compresses(model) && engine.Cache.Policy < sparse {
		engine.Cache.Policy = sparse
	}
	if found := memoryShare.FindStringSubmatch(c.Notes); found != nil {
		if share, err := strconv.ParseFloat(found[1]+found[2], 64); err == nil && share > 0 && share <= 1 {
			engine.Memory.Utilisation = share
		}
	}
	if strings.Contains(c.Notes, "FP4 index cache") {
		engine.Memory.IndexFormat = hardware.MXFP4
	}
	return engine
}
