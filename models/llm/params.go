package llm

import "agentsim/models/hardware"

// Matrices of one feed-forward network: gate, up and down, or up and down.
const (
	gatedMatrices = 3
	plainMatrices = 2
)

// residualSites is how often a layer mixes its mHC streams: before attention
// and before the experts (DeepSeek-V4 report).
const residualSites = 2

// Layers is the depth of the main stack.
func (s *Spec) Layers() int {
	layers := 0
	for _, b := range s.Blocks {
		layers += b.Count
	}
	return layers
}

// ExpertLayers is the number of layers of the main stack that have experts.
func (s *Spec) ExpertLayers() int {
	layers := 0
	for _, b := range s.Blocks {
		if b.HasExperts() {
			layers += b.Count
		}
	}
	return layers
}

// Groups lists the distinct layer types of the main stack — attention by
// feed-forward network — each with the number of its layers, in the order in
// which they first occur.
func (s *Spec) Groups() []Block {
	var groups []Block
	for _, b := range s.Blocks {
		groups = addLayers(groups, b)
	}
	return groups
}

// addLayers adds the layers of b to the group of their type.
func addLayers(groups []Block, b Block) []Block {
	for i := range groups {
		if groups[i].Attention == b.Attention && groups[i].Dense == b.Dense && groups[i].NoFFN == b.NoFFN {
			groups[i].Count += b.Count
			groups[i].HashRouted += b.HashRouted
			return groups
		}
	}
	return append(groups, b)
}

// FFNParams counts the parameters of one feed-forward network of this inner size.
func (s *Spec) FFNParams(inner int) float64 {
	return s.matrices() * float64(s.Hidden) * float64(inner)
}

// matrices is the number of matrices of a feed-forward network.
func (s *Spec) matrices() float64 {
	if s.PlainFFN {
		return plainMatrices
	}
	return gatedMatrices
}

// ExpertParams counts the parameters of one routed expert; 0 without experts.
func (s *Spec) ExpertParams() float64 {
	if s.Experts == nil {
		return 0
	}
	return s.matrices() * float64(s.Experts.Width(s.Hidden)) * float64(s.Experts.Inner)
}

// Width is the size of what routed experts take in and give out.
func (e *Experts) Width(hidden int) int {
	if e.Latent > 0 {
		return e.Latent
	}
	return hidden
}

// LatentParams counts the projections of one layer to the width of the routed
// experts and back; 0 where they work at the hidden size.
func (s *Spec) LatentParams() float64 {
	if s.Experts == nil {
		return 0
	}
	const downAndUp = 2
	return downAndUp * float64(s.Hidden) * float64(s.Experts.Latent)
}

// SharedParams counts the parameters of the shared experts of one layer.
func (s *Spec) SharedParams() float64 {
	if s.Experts == nil {
		return 0
	}
	return float64(s.Experts.Shared) * s.FFNParams(s.Experts.SharedSize())
}

// SharedSize is the inner size of one shared expert.
func (e *Experts) SharedSize() int {
	if e.SharedInner > 0 {
		return e.SharedInner
	}
	return e.Inner
}

// Params counts the parameters of the model. Active is what one token passes
// through, its embedding row's table and the head included.
func (s *Spec) Params() Params {
	main := s.stackParams(s.Blocks)
	p := main
	p.Embedding = float64(s.Vocab) * float64(s.Hidden)
	if !s.TiedHead {
		p.Head = p.Embedding
	}
	outside := p.Attention + p.Shared + p.Dense + p.Router + p.Embedding + p.Head + p.Residual
	p.Total = p.Routed + outside
	p.Active = outside
	if s.Experts != nil {
		p.Active += float64(s.ExpertLayers()) * float64(s.Experts.TopK) * s.ExpertParams()
	}
	p.Vision = s.Vision
	if s.MTP != nil {
		m := s.stackParams([]Block{*s.MTP})
		p.MTP = m.Routed + m.Attention + m.Shared + m.Dense + m.Router + m.Residual + s.joinParams()
	}
	return p
}

// stackParams counts layers alone, without embedding and head.
func (s *Spec) stackParams(blocks []Block) Params {
	var p Params
	for _, b := range blocks {
		count := float64(b.Count)
		p.Attention += count * b.Attention.Weights(s.Hidden).Total()
		p.Residual += count * s.residualParams()
		if b.Dense > 0 {
			p.Dense += count * s.FFNParams(b.Dense)
			continue
		}
		if s.Experts != nil && b.HasExperts() {
			p.Routed += count * float64(s.Experts.Routed) * s.ExpertParams()
			p.Shared += count * (s.SharedParams() + s.LatentParams())
			p.Router += count * s.RouterParams()
		}
	}
	return p
}

// RouterParams counts the parameters of one layer's router.
func (s *Spec) RouterParams() float64 {
	if s.Experts == nil {
		return 0
	}
	return float64(s.Hidden) * float64(s.Experts.Routed)
}

// residualParams counts the parameters that mix the mHC streams of one layer:
// from all streams to their weights in and out and a square mixing matrix.
func (s *Spec) residualParams() float64 {
	if s.Residuals <= 1 {
		return 0
	}
	n := float64(s.Residuals)
	return residualSites * n * float64(s.Hidden) * (n*n + 2*n)
}

// joinParams counts what joins a draft layer's two inputs, the last hidden
// state and the embedding of the newest token. The embedding itself and the
// head are those of the main stack (DeepSeek-V3 report).
func (s *Spec) joinParams() float64 {
	return float64(s.MTP.Count) * 2 * float64(s.Hidden) * float64(s.Hidden)
}

// FLOPsPerToken is the cost of decoding one token at this context: all dense
// projections with router and head (linear), the attention core, and the
// indexer. Mixing mHC streams is left out: it moves bytes and is timed apart.
func (s *Spec) FLOPsPerToken(context int) (linear, core, index float64) {
	p := s.Params()
	weights := p.Active - p.Residual
	if !s.TiedHead {
		weights -= p.Embedding // a look-up, not a product
	}
	for _, b := range s.Blocks {
		c, i := b.Attention.CoreFLOPs(float64(context))
		core += float64(b.Count) * c
		index += float64(b.Count) * i
	}
	return flopsPerMAC * weights, core, index
}

// CacheBytes is what the main stack caches of a sequence of context tokens:
// modelling.md eq. (10) without the running state.
func (s *Spec) CacheBytes(context int, f CacheFormat) float64 {
	return s.sumLayers(func(a Attention) float64 { return a.CacheBytes(context, f) })
}

// CacheBytesPerToken is what one more token adds to the cache.
func (s *Spec) CacheBytesPerToken(f CacheFormat) float64 {
	return s.sumLayers(func(a Attention) float64 { return a.CacheBytesPerToken(f) })
}

// FixedBytes is the window part of the cache of a sequence.
func (s *Spec) FixedBytes(f CacheFormat) float64 {
	return s.sumLayers(func(a Attention) float64 { return a.FixedBytes(f) })
}

// StateBytes is what a running sequence holds besides its cache.
func (s *Spec) StateBytes() float64 {
	return s.sumLayers(Attention.StateBytes)
}

// ReadBytes is what decoding one query token at this context reads from the cache.
func (s *Spec) ReadBytes(context float64, f CacheFormat) float64 {
	return s.sumLayers(func(a Attention) float64 { return a.ReadBytes(context, f) })
}

func (s *Spec) sumLayers(of func(Attention) float64) float64 {
	sum := 0.0
	for _, b := range s.Blocks {
		sum += float64(b.Count) * of(b.Attention)
	}
	return sum
}

// WeightBytes is the size of the main stack in memory, scales included: the
// routed experts, and everything else. Embedding, head and router stay in
// BF16, as does the first half of V4's output projection.
func (s *Spec) WeightBytes(experts, dense hardware.Format) (routed, rest float64) {
	p := s.Params()
	routed, rest = s.stackBytes(s.Blocks, experts, dense)
	return routed, rest + bytesBF16*(p.Embedding+p.Head)
}

// DraftBytes is the size of the draft layers in memory, as WeightBytes counts;
// they share the embedding and the head of the main stack.
func (s *Spec) DraftBytes(experts, dense hardware.Format) (routed, rest float64) {
	if s.MTP == nil {
		return 0, 0
	}
	routed, rest = s.stackBytes([]Block{*s.MTP}, experts, dense)
	return routed, rest + hardware.BytesPerWeight(dense)*s.joinParams()
}

func (s *Spec) stackBytes(blocks []Block, experts, dense hardware.Format) (routed, rest float64) {
	p := s.stackParams(blocks)
	routed = hardware.BytesPerWeight(experts) * p.Routed
	rest = hardware.BytesPerWeight(dense)*(p.Shared+p.Dense) + bytesBF16*p.Router + bytesFP32*p.Residual
	for _, b := range blocks {
		rest += float64(b.Count) * b.Attention.WeightBytes(s.Hidden, dense).Total()
	}
	return routed, rest
}

// WeightBytes is the size of one layer's projections in memory, scales
// included, split as by Weights. V4's grouped output projection stays in BF16
// (DeepSeek-V4 reference code; modelling.md 1.2).
func (a Attention) WeightBytes(hidden int, f hardware.Format) AttentionWeights {
	size := hardware.BytesPerWeight(f)
	w := a.Weights(hidden)
	return AttentionWeights{
		Sharded:    size*w.Sharded + (bytesBF16-size)*a.outputDownWeights(),
		Replicated: size * w.Replicated,
	}
}
