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
	Embeddings  units.Bytes // embedding and head
	Reserved    units.Bytes // runtime, graphs, communication buffers
	Activations units.Bytes // of the largest step
	Cache       units.Bytes // what is left; negative = does not fit
}

// Budget computes the memory budget of one accelerator of the worker, of the
// fullest stage where it is a pipeline.
func (m *Model) Budget() Budget {
	b := Budget{HBM: m.accelerator.HBM.Capacity}
	policy := m.cfg.Engine.Memory
	b.Unused = units.Bytes(1-policy.Utilisation) * b.HBM
	b.Experts = m.expertBytes()
	b.Dense = m.denseBytes()
	b.Embeddings = m.embeddingBytes()
	b.Reserved = policy.Reserved
	tokens := m.microBatch().size(max(m.shape.TokenBudget, m.shape.MaxBatchPerRank*m.perSequence))
	b.Activations = units.Bytes(tokens) * policy.PerBudgetToken
	b.Cache = b.HBM - b.Unused - b.Experts - b.Dense - b.Embeddings - b.Reserved - b.Activations
	return b
}

// Fit reports by how much the worker misses, and what would fit.
func (m *Model) Fit() error {
	b := m.Budget()
	if b.Cache > 0 {
		return nil
	}
	return fmt.Errorf("worker of %d × %s does not fit: each accelerator needs %s of weights, %s reserved and "+
		"%s of activations, but may use %s of %s: short by %s; %s", m.cfg.Shape.Accelerators, m.accelerator.Name,
		b.Experts+b.Dense+b.Embeddings, b.Reserved, b.Activations, b.HBM-b.Unused, b.HBM, -b.Cache, m.remedy(b))
}

// remedy names the smallest change that would make the worker fit.
func (m *Model) remedy(b Budget) string {
	if m.shape.DPAttention && m.shape.EP == m.shape.Accelerators {
		room := b.HBM - b.Unused - b.Dense - b.Embeddings - b.Reserved - b.Activations
		if room > 0 {
			need := float64(b.Experts) * float64(m.shape.EP) / float64(room)
			for n := m.shape.Accelerators + 1; n <= 1<<12; n++ {
				if float64(n) > need {
					return fmt.Sprintf("%d accelerators with ep: %d would fit", n, n)
				}
			}
		}
		return "tensor parallelism (dp_attention: false) would divide the dense weights too"
	}
	need := float64(b.Experts+b.Dense+b.Embeddings) * float64(m.cfg.Shape.Accelerators)
	room := float64(b.HBM - b.Unused - b.Reserved - b.Activations)
	if room <= 0 {
		return "the reservations alone exceed the memory: lower token_budget"
	}
	return fmt.Sprintf("%d accelerators would fit", int(need/room)+1)
}

func (m *Model) expertBytes() units.Bytes {
	x := m.cfg.LLM.Experts
	if x == nil {
		return 0
	}
	layers := 0.0
	for i := range m.kinds {
		if m.kinds[i].dense == 0 {
			layers += m.kinds[i].count * m.fullest
		}
	}
	if m.draft != nil && m.draft.dense == 0 {
		layers++
	}
	one := matrices * float64(m.cfg.LLM.Hidden) * float64(x.Inner) * hardware.BytesPerWeight(m.expert.Weights)
	perRank := one * layers * float64(m.experts.SlotsPerRank())
	return units.Bytes(perRank * float64(m.shape.EP) / float64(m.shape.Accelerators))
}

// denseBytes is everything but routed experts and embeddings on one
// accelerator. The router stays in BF16 and is replicated.
func (m *Model) denseBytes() units.Bytes {
	total := 0.0
	for i := range m.kinds {
		total += m.kinds[i].count * m.fullest * m.layerBytes(&m.kinds[i])
	}
	if m.draft != nil {
		total += m.layerBytes(m.draft)
	}
	return units.Bytes(total)
}

func (m *Model) layerBytes(k *layerKind) float64 {
	perWeight := hardware.BytesPerWeight(m.cfg.Precision.Dense)
	tp := float64(m.shape.TP)
	hidden := float64(m.cfg.LLM.Hidden)
	bytes := perWeight * (k.weights.Sharded/tp + k.weights.Replicated)
	if k.dense > 0 {
		return bytes + perWeight*matrices*hidden*float64(k.dense)/tp
	}
	x := m.cfg.LLM.Experts
	inner := x.SharedInner
	if inner == 0 {
		inner = x.Inner
	}
	router := hidden * float64(x.Routed) * hardware.BytesPerWeight(hardware.BF16)
	return bytes + perWeight*matrices*hidden*float64(inner*x.Shared)/tp + router
}

func (m *Model) embeddingBytes() units.Bytes {
	tables := 2.0
	if m.cfg.LLM.TiedHead || m.stages > 1 { // the head lies on another stage than the embedding
		tables = 1
	}
	values := tables * float64(m.cfg.LLM.Vocab) * float64(m.cfg.LLM.Hidden) / float64(m.shape.TP)
	return units.Bytes(values * hardware.BytesPerWeight(hardware.BF16))
}
