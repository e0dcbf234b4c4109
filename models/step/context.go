package step

import (
	"slices"

	"agentsim/fault"
	"agentsim/models/hardware"
	"agentsim/models/llm"
)

// How partial outputs of attention are combined under dcp.
const (
	GatherReduce = "ag_rs" // all-gather of the sums, reduce-scatter of the outputs
	AllToAll     = "a2a"   // one all-to-all of both
)

// grows reports whether a layer keeps an entry of every token or run of tokens.
func grows(a *llm.Attention) bool {
	return slices.ContainsFunc(a.Components(llm.CacheFormat{}), func(c llm.CacheComponent) bool {
		return c.Kind == llm.Grows
	})
}

// contextShards is over how many accelerators of a rank the entries of a layer's
// context are divided by token, beside what divides its heads.
func (w *worker) contextShards(a *llm.Attention) float64 {
	if w.shape.DCP*w.shape.PCP == 1 || !grows(a) {
		return 1
	}
	if w.cfg.Engine.Cache.ContextCopies {
		return float64(w.shape.DCP)
	}
	return float64(w.shape.DCP * w.shape.PCP)
}

// contextPages is how many tokens of a context stand behind one that an
// accelerator holds: pages are as many times as long.
func (w *worker) contextPages() int {
	pages := 1.0
	for i := range w.cfg.LLM.Blocks {
		pages = max(pages, w.contextShards(&w.cfg.LLM.Blocks[i].Attention))
	}
	return int(pages)
}

// fitsContext reports what context parallelism cannot divide: heads of a cache go
// first, so that dcp has only the copies of each; states are handed from token to
// token.
func (s Shape) fitsContext(model *llm.Spec) error {
	divided := s.DCP == 1
	for i := range model.Blocks {
		a := &model.Blocks[i].Attention
		if a.Core().Recurrent() && s.PCP > 1 {
			return fault.New("pcp", "%d, but layers of %s keep a state that passes from token to token: want pcp: 1", s.PCP,
				model.Name)
		}
		if !grows(a) {
			continue
		}
		divided = true
		heads := min(s.TP, max(1, a.CacheShards()))
		if copies := s.TP / heads; copies%s.DCP != 0 {
			return fault.New("dcp", "%d, but under tp %d every one of the %d heads of the cache of %s lies on %d accelerators: "+
				"want a divisor of %d", s.DCP, s.TP, heads, model.Name, copies, copies)
		}
	}
	if !divided {
		return fault.New("dcp", "%d, but no layer of %s keeps entries of the whole context: want dcp: 1", s.DCP, model.Name)
	}
	return nil
}

// nearby fills in what one accelerator sees of the decoding sequences: its part of
// what grows with the context for all heads that dcp gathers, windows whole for
// its own. It returns the work of one token whose bytes it reads.
func (k *layerKind) nearby(s *share, mean float64, w llm.Work) llm.Work {
	window := k.pairs.Decode(min(mean, float64(k.attention.Window)))
	grown := max(0, w.Pairs-window.Pairs)
	index := w.IndexPairs / k.context
	s.near.Pairs = s.near.Tokens * (window.Pairs/float64(k.worker.shape.DCP) + grown/k.context)
	s.near.IndexPairs = s.near.Tokens * index
	s.near.Context = mean / k.context
	return llm.Work{Pairs: window.Pairs + grown/k.context, IndexPairs: index}
}

// joined is the core of a module whose kernel has other heads, or more queries of
// a sequence, than the module was measured with at its degree.
type joined struct {
	module *hardware.AttentionAt // at the degree that has as many heads; nil = the module's own
	shared float64               // tokens of a sequence that read its entries together
}

// joined is the core for so many tokens of a sequence. Heads that dcp gathers are
// heads; and where all heads share an entry, tokens of a sequence are as more heads
// too: the kernel loads a run of entries once for all rows that look at it (FlashMLA
// counts s_q · h_q / h_kv rows). What an indexer chooses is each token's own.
func (k *layerKind) joined(module *hardware.AttentionKernel, tokens int) joined {
	a, tp := &k.attention, k.worker.shape.TP
	if k.context > 1 {
		tp /= k.worker.shape.DCP
	}
	together := 1
	if a.CacheShards() == 1 && a.IndexHeads == 0 && grows(a) {
		for n := 2; n <= min(tokens, tp); n++ {
			if tp%n == 0 {
				together = n
			}
		}
	}
	if degree := tp / together; degree != k.worker.shape.TP {
		at := module.At(module.Degree(a.Heads, degree))
		return joined{&at, float64(together)}
	}
	return joined{}
}

// core is that of a share.
func (k *layerKind) core(s *share) joined {
	if s.each > 1 {
		return k.cores[1]
	}
	return k.cores[0]
}

// decoding is the time of the module for a decode step. Where its core has other
// heads, what surrounds the core is that of the group's degree, as at the shortest
// context, and the core that of the degree which has as many heads.
func (k *layerKind) decoding(core joined, x hardware.Features) float64 {
	if core.module == nil {
		return k.module.DecodeSeconds(x)
	}
	bare := hardware.Features{Tokens: x.Tokens, Context: 1}
	around := k.module.DecodeSeconds(bare)
	bare.Tokens /= core.shared
	x.Tokens, x.Pairs, x.IndexPairs = bare.Tokens, x.Pairs/core.shared, x.IndexPairs/core.shared
	// More heads never take less, whatever two tables say.
	return around + max(0, core.module.DecodeSeconds(x)-core.module.DecodeSeconds(bare),
		k.module.DecodeSeconds(x)-k.module.DecodeSeconds(bare))
}

// expanding is the time to make keys and values of the latents that other groups
// computed of the same prompts.
func (k *layerKind) expanding(s *share) float64 {
	others := s.prefill.Tokens * float64(k.worker.shape.PCP-1)
	if others == 0 || k.shape.Expand == 0 {
		return 0
	}
	return k.shape.Expand * others / k.worker.projecting()
}

// exchangeContext books what accelerators send each other of a context that they
// divide (engine-schedulers, section 7), of the busiest rank.
func (k *layerKind) exchangeContext(l *ledger, ranks []Rank, p part) {
	shape := &k.worker.shape
	if shape.DCP*shape.PCP == 1 || !grows(&k.attention) {
		return
	}
	var most Rank
	for i := range ranks {
		r := ranks[i].cut(p)
		most.Sequences, most.Context = max(most.Sequences, r.Sequences), max(most.Context, r.Context)
		most.PrefillTokens, most.Prefix = max(most.PrefillTokens, r.PrefillTokens), max(most.Prefix, r.Prefix)
	}
	if most.Sequences > 0 {
		k.combine(l, float64(most.Sequences*k.worker.perSequence), most.Context/float64(most.Sequences))
	}
	k.collect(l, float64(most.PrefillTokens), most.Prefix)
}

// combine books the exchanges of a decode step: queries to all that hold a part of
// the context, the parts of an indexer's choice, and partial outputs with the
// logarithms of their sums.
func (k *layerKind) combine(l *ledger, tokens, context float64) {
	const sum, candidate = 4, 8 // bytes of a sum in FP32; of a score with its position
	shape, c := &k.worker.shape, &k.decodeShape
	if d := float64(shape.DCP); d > 1 && k.context > 1 {
		part := tokens * c.Heads * (d - 1) / d
		k.sent(l, shape.TP, part*c.KeyDim*elementBytes)
		if shape.DCPComm == AllToAll {
			k.sent(l, shape.TP, part*(c.ValueDim*elementBytes+sum))
		} else {
			k.sent(l, shape.TP, part*sum)
			k.sent(l, shape.TP, part*c.ValueDim*elementBytes)
		}
	}
	if k.context > float64(shape.DCP) { // groups whose outputs are summed
		p := float64(shape.PCP)
		part := tokens * c.Heads / float64(shape.DCP) * (p - 1) / p
		const both = 2 // reduced and gathered
		k.sent(l, shape.TP*shape.PCP, part*sum)
		k.sent(l, shape.TP*shape.PCP, both*part*c.ValueDim*elementBytes)
	}
	if top := float64(k.attention.IndexTopK); top > 0 && k.context > 1 {
		k.sent(l, shape.TP*shape.PCP, tokens*min(top, context/k.context)*(k.context-1)*candidate)
	}
}

// collect books the exchanges of prompts: the keys and values of new tokens, which
// each group computes a part of, and the entries before them that others hold.
func (k *layerKind) collect(l *ledger, tokens, prefix float64) {
	shape := &k.worker.shape
	heads := float64(k.cacheShards)
	if p := float64(shape.PCP); p > 1 && tokens > 0 {
		format := k.worker.cacheFormat()
		format.KV = hardware.BF16
		k.sent(l, shape.TP*shape.PCP, tokens*(p-1)/p*k.attention.CacheBytesPerToken(format)/heads)
	}
	if k.context > 1 && prefix > 0 {
		bytes := k.attention.CacheBytesPerToken(k.worker.cacheFormat()) / heads
		k.sent(l, shape.TP*shape.PCP, prefix*(k.context-1)/k.context*bytes)
	}
}

// sent books one collective of the layers that brings so many bytes to every
// accelerator, among a group of that size.
func (k *layerKind) sent(l *ledger, group int, bytes float64) {
	w := k.worker
	link := w.link(group)
	l.add(&entry{
		operator:  ContextExchange,
		count:     k.count,
		seconds:   w.cfg.Kernels.AllGather.Seconds(bytes, link),
		moving:    bytes / float64(link),
		link:      bytes * float64(w.shape.Accelerators),
		constants: "all_gather",
		load:      hardware.Load{Bytes: bytes},
	})
}
