package step

import (
	"agentsim/models/llm"
	"agentsim/units"
)

// CacheFormat is how cache entries are stored.
func (m *Model) CacheFormat() llm.CacheFormat {
	return llm.CacheFormat{KV: m.cfg.Precision.KV, Index: m.cfg.Engine.Memory.IndexFormat}
}

// CacheBytes is what one attention rank's accelerator holds of a sequence:
// bytes per token of context, a fixed part per resident session, and a part
// per running sequence. Tensor parallelism divides cache heads as far as
// there are any; latent caches are replicated on every rank. A pipeline's stage
// holds the entries of its layers.
func (m *Model) CacheBytes() (perToken float64, fixed, running units.Bytes) {
	format := m.CacheFormat()
	for i := range m.kinds {
		k := &m.kinds[i]
		share := k.count * m.fullest / float64(k.cacheShards)
		perToken += share * k.attention.CacheBytesPerToken(format)
		fixed += units.Bytes(share * k.attention.FixedBytes(format))
		running += units.Bytes(share * k.attention.StateBytes())
	}
	return perToken, fixed, running
}

// TokensPerStep is the mean number of tokens a decoding sequence gains in a
// step, with the acceptance of its draft tokens.
func (m *Model) TokensPerStep() float64 {
	if m.shape.DraftTokens == 0 {
		return 1
	}
	return m.cfg.LLM.Acceptance[m.shape.DraftTokens-1]
}
