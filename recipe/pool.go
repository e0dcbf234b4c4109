package recipe

import (
	"slices"
	"strings"

	"agentsim/models/step"
)

// Pool is what a recipe says of one role. Everything is per worker and per
// attention rank; null = not in the files.
type Pool struct {
	Workers               int            `json:"workers"`
	AcceleratorsPerWorker int            `json:"accelerators_per_worker"`
	TP                    int            `json:"tp"` // as written
	EP                    int            `json:"ep"`
	PP                    int            `json:"pp"`
	DPAttention           bool           `json:"dp_attention"`
	Ranks                 int            `json:"ranks"`
	AcceleratorsPerRank   int            `json:"accelerators_per_rank"`
	TokenBudgetPerRank    *int           `json:"token_budget_per_rank"`
	MaxBatchPerRank       *int           `json:"max_batch_per_rank"`
	Utilisation           Utilisation    `json:"utilisation"`
	Draft                 Draft          `json:"draft"`
	KV                    KV             `json:"kv"`
	More                  map[string]any `json:"more,omitempty"`
}

// Utilisation is a share of memory: of the total (vLLM), of the total for
// weights and cache (static, SGLang), or of what is free after the weights
// (TensorRT-LLM).
type Utilisation struct {
	Value *float64 `json:"value"`
	Of    string   `json:"of"` // total | static | free
}

// The kinds of drafts.
const (
	noDraft   = "none"
	recurrent = "recurrent" // a pass a token: MTP, NEXTN, EAGLE
	block     = "block"     // one pass for all: DSpark, DFlash
	lookup    = "lookup"    // from the text itself
	small     = "model"     // a small model beside the target
)

// Draft is speculation as the recipe has it. Verify is the target's tokens a
// sequence and step; the accepted length includes the bonus token.
type Draft struct {
	Kind           string    `json:"kind"`
	Name           string    `json:"name,omitempty"`
	Depth          *int      `json:"depth,omitempty"`
	Verify         *int      `json:"verify,omitempty"`
	AcceptedLength *float64  `json:"accepted_length,omitempty"`
	Adaptive       bool      `json:"adaptive,omitempty"`
	ByBatch        [][3]*int `json:"by_batch,omitempty"` // from, to (null = no end), depth
}

// KV is the format of cache entries and the tokens of a block.
type KV struct {
	Format      *string `json:"format"`
	BlockTokens *int    `json:"block_tokens"`
}

// context is over how many accelerators contexts and prompts are divided, and how
// outputs are exchanged where the recipe says so and it means something.
func (p *Pool) context() (dcp, pcp int, exchange string) {
	dcp, pcp = 1, 1
	c, _ := p.More["context"].(map[string]any)
	if n, ok := c["decode"].(int); ok {
		dcp = n
	}
	if n, ok := c["prefill"].(int); ok {
		pcp = n
	}
	if text, _ := c["exchange"].(string); dcp > 1 && (text == step.AllToAll || text == helix) {
		exchange = step.AllToAll
	}
	return dcp, pcp, exchange
}

// helix is TensorRT-LLM's name for contexts divided by token, whose outputs go in an
// all-to-all.
const helix = "helix"

// launch is one engine as its recipe starts it.
type launch struct {
	family       string
	settings     *settings
	env          map[string]string
	role         string // prefill | decode | mixed; empty = not said
	workers      int
	accelerators int  // of a worker, as the recipe reserves them; 0 = not said
	exact        bool // the reservation is for the engine alone
	optional     bool // the reservation gives way to the engine's flags
	version      string
	chip         string
	at           place
}

func pointer[T any](v T) *T { return &v }

// pool reads a launch. Faults go to the settings' log.
func (l *launch) pool() *Pool {
	p := &Pool{
		Workers: max(1, l.workers),
		PP:      1,
		EP:      1,
		TP:      1,
		Ranks:   1,
		More:    map[string]any{},
	}
	switch l.family {
	case vllm:
		l.vllm(p)
	case sglang:
		l.sglang(p)
	default:
		l.trtllm(p)
	}
	l.reserve(p)
	l.rules(p)
	if p.Ranks > 0 {
		p.AcceleratorsPerRank = max(1, p.AcceleratorsPerWorker/p.Ranks)
	}
	for key, v := range p.More {
		switch v := v.(type) {
		case *bool:
			if p.More[key] = nil; v != nil {
				p.More[key] = *v
			}
		case *int:
			if p.More[key] = nil; v != nil {
				p.More[key] = *v
			}
		case string:
			if v == "" {
				p.More[key] = nil
			}
		}
		if p.More[key] == nil {
			delete(p.More, key)
		}
	}
	l.settings.has("model")
	l.settings.has("model-path")
	l.settings.finish()
	return p
}

// reserve holds what the recipe reserves against what the flags take, which
// the pool has as its accelerators.
func (l *launch) reserve(p *Pool) {
	takes := p.AcceleratorsPerWorker
	const most = 1 << 20
	if takes > most || takes < 1 {
		l.settings.log.fail(l.at, "the flags ask for %d accelerators, more than %d", takes, most)
		p.AcceleratorsPerWorker = 1
		return
	}
	if l.accelerators == 0 || takes == l.accelerators {
		return
	}
	at := l.settings.at("data-parallel-size", "tensor-parallel-size", "tp-size", "pipeline-parallel-size")
	if at.key == "" {
		at = l.at
	}
	switch {
	case l.optional && takes < l.accelerators:
		return
	case l.exact && at.key == l.at.key && takes == 1:
		l.settings.log.fail(at, "no parallel size, so the engine takes 1 accelerator of the %d reserved for a worker",
			l.accelerators)
	case l.exact, takes > l.accelerators:
		l.settings.log.fail(at, "the flags take %d accelerators a worker, the recipe reserves %d", takes, l.accelerators)
	default:
		p.AcceleratorsPerWorker = l.accelerators
		l.settings.log.note(at, "the flags take fewer accelerators than the recipe reserves for a worker")
	}
}

// rules are the engines' own, across flags.
func (l *launch) rules(p *Pool) {
	s := l.settings
	budget := s.at("max-num-batched-tokens", "max-num-tokens")
	chunked, longest := s.truth("enable-chunked-prefill"), s.node("max-model-len").integerOr(0)
	if l.family == vllm && p.TokenBudgetPerRank != nil && offered(chunked) && longest > *p.TokenBudgetPerRank {
		s.log.fail(budget, "%d tokens a step, but without chunked prefill a prompt of max-model-len %d must fit",
			*p.TokenBudgetPerRank, longest)
	}
	if l.family == vllm && p.TokenBudgetPerRank != nil && p.MaxBatchPerRank != nil &&
		*p.TokenBudgetPerRank < *p.MaxBatchPerRank {
		s.log.fail(budget, "%d tokens a step for %d sequences: want at least one token a sequence",
			*p.TokenBudgetPerRank, *p.MaxBatchPerRank)
	}
	if n := p.AcceleratorsPerWorker; p.EP > 0 && n%p.EP != 0 {
		s.log.fail(s.at("ep-size", "moe-expert-parallel-size"), "%d does not divide the worker's %d accelerators", p.EP, n)
	}
}

// drafted says which kind a drafter's name is, and the name in short.
func drafted(name string) (kind, short string) {
	name = strings.ToLower(strings.ReplaceAll(name, "-", "_"))
	switch {
	case name == "", name == "none":
		return noDraft, ""
	case name == "mtp", strings.HasSuffix(name, "_mtp"), name == "mtp_eagle_one_model", name == "mtp_eagle":
		return recurrent, "mtp"
	case name == "nextn":
		return recurrent, "nextn"
	case strings.Contains(name, "eagle3"), strings.Contains(name, "eagle_3"):
		return recurrent, "eagle3"
	case strings.Contains(name, "eagle"):
		return recurrent, "eagle"
	case slices.Contains([]string{"dspark", "dflash", "medusa", "pard"}, name):
		return block, name
	case slices.Contains([]string{"ngram", "ngram_gpu", "suffix", "lookahead", "[ngram]", "sa", "saved_state"}, name):
		return lookup, strings.Trim(name, "[]")
	case slices.Contains([]string{"draft_model", "standalone", "draft_target", "drafttarget", "mlp_speculator"}, name):
		return small, name
	}
	return "", name
}

// byBatch turns depths up to a batch, largest last, into ranges.
func byBatch(upTo [][2]int) [][3]*int {
	slices.SortFunc(upTo, func(a, b [2]int) int { return a[0] - b[0] })
	var out [][3]*int
	from := 1
	for _, r := range upTo {
		out = append(out, [3]*int{pointer(from), pointer(r[0]), pointer(r[1])})
		from = r[0] + 1
	}
	return append(out, [3]*int{pointer(from), nil, pointer(0)})
}
