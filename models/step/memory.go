package step

import (
	"fmt"

	"agentsim/models/hardware"
	"agentsim/units"
)

// Budget is where one accelerator's memory goes, modelling.md eq. (11).
type Budget struct {
	HBM         units.Bytes // usable
	Unused      units.Bytes // left alone by the engine's utilisation limit
	Experts     units.Bytes // routed experts, draft layer and redundant slots included
	Dense       units.Bytes // attention, shared experts, dense FFNs, draft layer
	Embeddings  units.Bytes // embedding, head and, if any, the vision tower
	Reserved    units.Bytes // runtime, graphs, communication buffers
	Activations units.Bytes // of the largest step
	Cache       units.Bytes // what is left; negative = does not fit
}

func (s *stack) budget() Budget {
	w := s.worker
	b := Budget{HBM: w.accelerator.HBM.Capacity}
	policy := w.cfg.Engine.Memory
	b.Experts = s.expertBytes()
	b.Dense = s.denseBytes()
	b.Embeddings = w.embeddingBytes()
	b.Reserved = policy.Reserved
	tokens := w.microBatch().size(max(w.shape.TokenBudget/w.shape.PCP, w.shape.MaxBatchPerRank*w.perSequence))
	b.Activations = units.Bytes(tokens) * policy.PerBudgetToken
	free := b.HBM - b.Experts - b.Dense - b.Embeddings - b.Reserved - b.Activations
	left := b.HBM // alone
	if policy.UtilisationOf == OfFree {
		left = max(0, free)
	}
	b.Unused = units.Bytes(1-policy.Utilisation) * left
	b.Cache = free - b.Unused
	return b
}

// remedy names the smallest change that would make the worker fit.
func (b Budget) remedy(w *worker) string {
	if w.shape.DPAttention && w.shape.EP == w.shape.Accelerators {
		room := b.HBM - b.Unused - b.Dense - b.Embeddings - b.Reserved - b.Activations
		if room > 0 {
			need := float64(b.Experts) * float64(w.shape.EP) / float64(room)
			for n := w.shape.Accelerators + 1; n <= 1<<12; n++ {
				if float64(n) > need {
					return fmt.Sprintf("%d accelerators with ep: %d would fit", n, n)
				}
			}
		}
		return "tensor parallelism (dp_attention: false) would divide the dense weights too"
	}
	need := float64(b.Experts+b.Dense+b.Embeddings) * float64(w.cfg.Shape.Accelerators)
	room := float64(b.HBM - b.Unused - b.Reserved - b.Activations)
	if room <= 0 {
		return "the reservations alone exceed the memory: lower token_budget"
	}
	return fmt.Sprintf("%d accelerators would fit", int(need/room)+1)
}

func (s *stack) expertBytes() units.Bytes {
	x := s.worker.cfg.LLM.Experts
	if x == nil {
		return 0
	}
	layers := 0.0
	for i := range s.kinds {
		if s.kinds[i].ffn.experts() {
			layers += s.kinds[i].count * s.worker.fullest
		}
	}
	if s.draft != nil && s.draft.ffn.experts() {
		layers++
	}
	one := s.worker.cfg.LLM.ExpertParams() * hardware.BytesPerWeight(s.experts.kernel.Weights)
	perRank := one * layers * float64(s.experts.table.SlotsPerRank())
	return units.Bytes(perRank * float64(s.worker.shape.EP) / float64(s.worker.shape.Accelerators))
}

// denseBytes is everything but routed experts and embeddings on one
// accelerator. The router stays in BF16 and is replicated.
func (s *stack) denseBytes() units.Bytes {
	total := 0.0
	for i := range s.kinds {
		total += s.kinds[i].count * s.worker.fullest * s.kinds[i].bytes()
	}
	if s.draft != nil {
		total += s.draft.bytes()
	}
	return units.Bytes(total)
}

// bytes is what one layer but for its routed experts takes on one accelerator.
func (k *layerKind) bytes() float64 {
	w := k.worker
	perWeight := hardware.BytesPerWeight(w.cfg.Precision.Dense)
	tp := float64(w.shape.TP)
	bytes := perWeight * (k.weights.Sharded/tp + k.weights.Replicated)
	if !k.ffn.experts() {
		return bytes + perWeight*w.cfg.LLM.FFNParams(k.ffn.dense)/tp
	}
	shared := w.cfg.LLM.SharedParams()/tp + w.cfg.LLM.LatentParams()
	router := w.cfg.LLM.RouterParams() * hardware.BytesPerWeight(hardware.BF16)
	return bytes + perWeight*shared + router
}

func (w *worker) embeddingBytes() units.Bytes {
	tables := 2.0
	if w.cfg.LLM.TiedHead || w.stages > 1 { // the head lies on another stage than the embedding
		tables = 1
	}
	values := tables * float64(w.cfg.LLM.Vocab) * float64(w.cfg.LLM.Hidden) / float64(w.shape.TP)
	values += w.cfg.LLM.Vision // every accelerator has the whole tower
	return units.Bytes(values * hardware.BytesPerWeight(hardware.BF16))
}

// cacheBytes is what CacheBytes says.
func (s *stack) cacheBytes() (perToken float64, fixed, running units.Bytes) {
	format := s.worker.cacheFormat()
	for i := range s.kinds {
		k := &s.kinds[i]
		share := k.count * s.worker.fullest / float64(k.cacheShards)
		perToken += share / k.context * k.attention.CacheBytesPerToken(format)
		fixed += units.Bytes(share * k.attention.FixedBytes(format))
		running += units.Bytes(share * k.attention.StateBytes())
	}
	return perToken, fixed, running
}
