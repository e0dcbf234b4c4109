package llm

import (
	"math"

	"agentsim/models/hardware"
)

// Layouts of quantised cache entries. Rotary dimensions stay in BF16.
const (
	bytesBF16 = 2
	bytesFP32 = 4
	// MLA entries: one FP32 scale per 128 latent values, as FlashMLA and
	// DeepGEMM store them: 512 + 4·4 + 64·2 = 656 bytes (modelling.md 1.4).
	latentScaleRun = 128
	// V4 entries: one 8-bit scale per 64 values, padded to 8 bytes, as vLLM
	// and SGLang store them: 448 + 64·2 + 8 = 584 bytes (modelling.md 1.4).
	sharedScaleRun = 64
	sharedScalePad = 8
	// Indexer keys: FP8 with one FP32 scale per 128 (128 + 4 bytes), MXFP4
	// with an 8-bit scale per 32 (64 + 4 bytes), NVFP4 with one per 16.
	indexScaleRun = 128
	mxfp4ScaleRun = 32
	nvfp4ScaleRun = 16
)

// valueBytes is the size of width cache values without their scales.
func valueBytes(width int, f hardware.Format) float64 {
	switch f {
	case hardware.FP8, hardware.FP8Tensor, hardware.INT8:
		return float64(width)
	case hardware.MXFP4, hardware.NVFP4, hardware.INT4:
		return float64(width) / 2
	}
	return bytesBF16 * float64(width)
}

// scaleBytes is the size of the scales that every format but FP8 brings along.
func scaleBytes(width int, f hardware.Format) float64 {
	switch f {
	case hardware.MXFP4, hardware.INT4:
		return runs(width, mxfp4ScaleRun)
	case hardware.NVFP4:
		return runs(width, nvfp4ScaleRun)
	}
	return 0
}

// runs is how many runs of size values cover width values.
func runs(width, size int) float64 {
	return math.Ceil(float64(width) / float64(size))
}

// mixedBytes is an entry of nope values in format f and rope values in BF16,
// with blockScales bytes of scales under FP8. FP8 with one scale per tensor
// stores every value in one byte, as TensorRT-LLM does.
func mixedBytes(nope, rope int, f hardware.Format, blockScales float64) float64 {
	switch f {
	case hardware.FP8Tensor, hardware.BF16:
		return valueBytes(nope+rope, f)
	case hardware.FP8, hardware.INT8:
		return valueBytes(nope, f) + blockScales + bytesBF16*float64(rope)
	}
	return valueBytes(nope, f) + scaleBytes(nope, f) + bytesBF16*float64(rope)
}

// CacheBytes is what one layer caches of a sequence of context tokens:
// modelling.md eq. (10), exact, without padding to blocks and without the
// running state.
func (a Attention) CacheBytes(context int, f CacheFormat) float64 {
	list := a.each(f)
	return cacheBytes(list[:], context)
}

// cacheBytes is what the components of a layer hold of a context.
func cacheBytes(list []CacheComponent, context int) float64 {
	context = max(context, 0)
	bytes := 0.0
	for i := range list {
		c := &list[i]
		switch {
		case c.Kind == Grows:
			bytes += float64(context/c.Compression) * float64(c.Compression) * c.Bytes
		case c.Kind == LastTokens && !c.Buffer:
			bytes += float64(min(context, c.Window)) * c.Bytes
		}
	}
	return bytes
}

// CacheSizes is the size of caches of one model in one format by their context,
// for those who ask for many.
type CacheSizes struct{ blocks []blockSize }

// blockSize is what the layers of a block keep.
type blockSize struct {
	layers     float64
	components []CacheComponent // of one layer
}

// CacheSizes lists what the layers of the main stack keep.
func (s *Spec) CacheSizes(f CacheFormat) CacheSizes {
	var sizes CacheSizes
	for _, b := range s.Blocks {
		sizes.blocks = append(sizes.blocks, blockSize{float64(b.Count), b.Attention.Components(f)})
	}
	return sizes
}

// Bytes is Spec.CacheBytes.
func (s *CacheSizes) Bytes(context int) float64 {
	sum := 0.0
	for i := range s.blocks {
		b := &s.blocks[i]
		sum += b.layers * cacheBytes(b.components, context)
	}
	return sum
}

// CacheBytesPerToken is what one more token adds to the cache of one layer,
// once the window is full.
func (a Attention) CacheBytesPerToken(f CacheFormat) float64 {
	bytes := 0.0
	for _, c := range a.each(f) {
		if c.Kind == Grows {
			bytes += c.Bytes
		}
	}
	return bytes
}

// FixedBytes is the window part of one layer's cache, which every sequence
// longer than the window holds.
func (a Attention) FixedBytes(f CacheFormat) float64 {
	bytes := 0.0
	for _, c := range a.each(f) {
		if c.Kind == LastTokens && !c.Buffer {
			bytes += float64(c.Window) * c.Bytes
		}
	}
	return bytes
}

// StateBytes is what one layer holds per running sequence besides its cache: a
// recurrent state, or the run that V4's compressors are about to pool
// (modelling.md eq. 10).
func (a Attention) StateBytes() float64 {
	bytes := 0.0
	for _, c := range a.each(CacheFormat{}) {
		switch {
		case c.Kind == FixedState:
			bytes += c.Bytes
		case c.Buffer:
			bytes += float64(c.Compression) * c.Bytes
		}
	}
	return bytes
}

// ReadBytes is what decoding one query token at this context reads from the
// cache of one layer (modelling.md 1.4, last column); a recurrent layer reads
// and writes its state.
func (a Attention) ReadBytes(context float64, f CacheFormat) float64 {
	return a.Reads(f).Bytes(a.Decode(context))
}

// Reads is what decoding reads of one layer's cache: bytes per pair of the
// core and of the indexer, and the state that each token reads and writes.
type Reads struct{ PerPair, PerIndexPair, State float64 }

// Reads returns what decoding one token reads of one layer.
func (a Attention) Reads(f CacheFormat) Reads {
	if a.Core().Recurrent() {
		return Reads{State: 2 * a.StateBytes()}
	}
	return Reads{PerPair: a.kind().entryBytes(a, f.KV), PerIndexPair: a.indexBytes(f.Index)}
}

// Bytes is what this work of one token reads.
func (r Reads) Bytes(w Work) float64 {
	return w.Pairs*r.PerPair + w.IndexPairs*r.PerIndexPair + r.State
}

// CacheShards is over how many tensor-parallel ranks a layer's cache can be
// split; beyond it ranks hold copies. The shared latents of MLA and V4 cannot
// be split at all.
func (a Attention) CacheShards() int { return a.kind().shards(a) }
