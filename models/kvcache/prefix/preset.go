package prefix

import (
	"fmt"
	"strings"

	"agentsim/fault"
)

// Preset is how an engine keeps caches from a version on. Which of its rules
// are read in its source, and which are reports, is in engine-caches.md.
type Preset struct {
	Name    string
	Engine  string
	Version string
	Date    string // from when, year and month
	Source  string
	Pools   PoolKind
	// Dense keeps every position at which all pages end.
	Dense bool
	// Chunks keeps the end of every chunk of a prompt.
	Chunks bool
	// Batches is how many batches of tokens a request holds windows and states
	// of until they are processed; 0 = 1.
	Batches int
	// Compressed is how many tokens a page has where history is compressed; 0 =
	// as any other. It holds whole runs of all compressors.
	Compressed int
	// Scratch says that tokens in flight are computed in space that is not
	// part of the pools.
	Scratch bool
	Policy  Policy
}

// For is the policy of the preset for a model's components, on a rank that
// computes so many tokens in a step, drafts included.
func (p Preset) For(components []Component, batchTokens, decodeTokens int) Policy {
	policy := p.Policy
	positions := align(components)
	policy.Checkpoints.Every = pagesOver(policy.Checkpoints.Every, positions) * positions
	if p.Dense {
		policy.Checkpoints.Every = positions
	}
	if p.Chunks {
		policy.Checkpoints.Chunk = batchTokens
	}
	batches := max(p.Batches, 1)
	policy.InFlight = InFlight{Prefill: batchTokens * batches, Decode: decodeTokens * batches}
	if p.Scratch {
		policy.InFlight.Prefill = decodeTokens
	}
	return policy
}

// Spaced is the policy with positions so many times as far apart.
func (p Policy) Spaced(components []Component, times float64) Policy {
	positions := align(components)
	far := func(tokens int) int { return int(float64(tokens)*max(times, 1)+0.5) / positions * positions }
	if c := &p.Checkpoints; times > 1 {
		c.Every = min(far(c.Every), maxTokens/positions*positions)
		c.WholePages = false
	}
	return p
}

// PresetOf finds a preset by its name.
func PresetOf(name string) (Preset, error) {
	var names []string
	for _, p := range Presets() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Preset{}, fault.New("", "%q: want one of %s", name, strings.Join(names, ", "))
}

// PresetAt is the policy of an engine at a version such as 0.21.0 or, where that
// has no number, at a date; not ok where none is known that early.
func PresetAt(engine, version, date string) (preset Preset, ok bool) {
	var at [2]int
	numbered, _ := fmt.Sscanf(version, "%d.%d", &at[0], &at[1])
	for _, p := range Presets() {
		if p.Engine != engine {
			continue
		}
		var from [2]int
		n, _ := fmt.Sscanf(p.Version, "%d.%d", &from[0], &from[1])
		early := p.Date > date
		if n == len(from) && numbered == len(at) {
			early = from[0] > at[0] || from[0] == at[0] && from[1] > at[1]
		}
		if !early && (!ok || p.Date > preset.Date) {
			preset, ok = p, true
		}
	}
	return preset, ok
}

// Presets lists the policies of engines by version (engine-caches.md 1 and 3
// to 5).
func Presets() []Preset {
	return append(append(append(vllm(), sglang()...), tensorRT()...), atom()...)
}

// atom lists AMD's engine. Pools and pages are not published: they are taken to
// lie in one pool, in which windows lend to what grows.
func atom() []Preset {
	ring := Policy{Checkpoints: Checkpoints{RequestEnd: true}, Recompute: 128}
	tails := Policy{Checkpoints: Checkpoints{Every: 8_192, PromptEnd: true, RequestEnd: true}}
	preset := func(version, date, source string, p Policy) Preset {
		return Preset{
			Name:    "atom-" + version,
			Engine:  "atom",
			Version: version,
			Date:    date,
			Source:  "ROCm/ATOM " + source,
			Pools:   Shared,
			Policy:  p,

			Compressed: 256,
		}
	}
	return []Preset{
		preset("ring", "2026-06", "#1454: windows in a ring of the request, computed again after a hit", ring),
		preset("tails", "2026-08", "#1423, #1640: pages, of which the tails at every 8,192 tokens stay", tails),
	}
}

func vllm() []Preset {
	dense := Policy{Checkpoints: Checkpoints{Generated: true, PromptEnd: true, Rewind: 1}}
	whole := dense
	whole.Checkpoints.WholePages = true
	// Until 0.23 the pages between positions are freed to the end of the queue,
	// hashed or not, and push out others as if they were kept.
	last := Policy{Checkpoints: Checkpoints{PromptEnd: true, Rewind: 1, Junction: true}}
	preset := func(version, date, source string, batches int, p Policy) Preset {
		return Preset{
			Name:    "vllm-" + version,
			Engine:  "vllm",
			Version: version,
			Date:    date,
			Source:  "vllm-project/vllm " + source,
			Pools:   OneOfSlots,
			Dense:   !p.Checkpoints.Junction,
			Batches: batches,
			Policy:  p,

			Compressed: 256,
		}
	}
	return []Preset{
		preset("0.20", "2026-04", "to mid May: every full block of every group is kept", 1, whole),
		preset("0.21", "2026-05", "#42258: only the tail that a hit can use; the rest still queues for eviction", 1, whole),
		preset("0.23", "2026-06", "#43447: blocks without a hash go first; retention interval None", 1, dense),
		preset("0.26", "2026-07", "#47728: windows are freed on processed tokens, two batches in flight", 2, dense),
		preset("0.29", "2026-08", "#52216: retention interval 0: last prompt boundary and junctions", 2, last),
	}
}

// Retain is the preset with a retention interval of so many tokens.
func (p Preset) Retain(tokens int) (Preset, error) {
	if p.Engine != "vllm" || tokens < 1 {
		return p, fault.New("", "a retention interval of %d tokens for %s: want 1 or more, of vllm", tokens, p.Name)
	}
	p.Name = fmt.Sprintf("%s-interval-%d", p.Name, tokens)
	p.Dense = false
	p.Policy.Checkpoints.Every = tokens
	return p, nil
}

func sglang() []Preset {
	ends := Policy{Checkpoints: Checkpoints{RequestEnd: true}, LeafFalls: true}
	again := ends
	again.Recompute = 7936 // 256-token pages over 256 + 60 layers · 128 tokens, engine-caches.md 4
	tracked := ends
	tracked.Checkpoints.Every, tracked.Checkpoints.Generated = 256, true
	copied := ends
	copied.Checkpoints.Every = 0
	preset := func(name, version, date, source string, p Policy) Preset {
		return Preset{
			Name:    "sglang-" + name,
			Engine:  "sglang",
			Version: version,
			Date:    date,
			Source:  "sgl-project/sglang " + source,
			Pools:   ByRatio,
			Chunks:  p.Checkpoints.Every == 0,
			Policy:  p,

			Compressed: 256,
		}
	}
	return []Preset{
		preset("window", "0.5.15", "2026-06", "swa_radix_cache.py: request and chunk ends", ends),
		preset("window-recompute", "0.5.15", "2026-06", "#28058, off by default", again),
		preset("state", "0.5.15", "2026-06", "no_buffer: states are copied at chunk and request ends", copied),
		preset("state-buffer", "0.5.15", "2026-06", "extra_buffer: mamba_track_interval 256", tracked),
	}
}

func tensorRT() []Preset {
	prompt := Policy{Checkpoints: Checkpoints{PromptEnd: true}, NoGenerated: true}
	turns := prompt
	turns.Checkpoints.Last = 1
	branches := prompt
	branches.Checkpoints.Junction = true
	chunks := Policy{NoGenerated: true}
	preset := func(name, version, date, source string, p Policy) Preset {
		return Preset{
			Name:    "tensorrt-llm-" + name,
			Engine:  "tensorrt-llm",
			Version: version,
			Date:    date,
			Source:  "NVIDIA/TensorRT-LLM " + source,
			Pools:   ByGroup,
			Chunks:  !p.Checkpoints.PromptEnd,
			Scratch: true, // prefill scratch reuse, default on for DeepSeek V4
			Policy:  p,

			Compressed: 128,
		}
	}
	return []Preset{
		preset("all-reusable", "V2 manager", "2026-05", "all_reusable, formerly all_committed", chunks),
		preset("per-request", "V2 manager", "2026-06", "#15046, 2026-06-06: after the last chunk only", prompt),
		preset("per-conversation", "V2 manager", "2026-06", "BlockReuseConfig per_conversation, max_num_turns 1", turns),
		preset("branch-snapshot", "1.4.0rc4", "2026-09", "enable_branch_snapshot", branches),
	}
}
