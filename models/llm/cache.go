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

// entryBytes is the size of one cache entry: a token's keys and values, an
// MLA latent, or one of V4's shared entries.
func (a Attention) entryBytes(f hardware.Format) float64 {
	switch a.Kind {
	case GQA, Window:
		width := a.HeadDim + a.valueDim()
		return float64(a.KVHeads) * (valueBytes(width, f) + scaleBytes(width, f))
	case MLA, DSA:
		return mixedBytes(a.KVLoRA, a.RopeDim, f, bytesFP32*runs(a.KVLoRA, latentScaleRun))
	case CSA, HCA, SWA:
		nope := a.HeadDim - a.RopeDim
		scales := sharedScalePad * runs(int(runs(nope, sharedScaleRun)), sharedScalePad)
		return mixedBytes(nope, a.RopeDim, f, scales)
	}
	return 0
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

// indexBytes is the size of one indexer key.
func (a Attention) indexBytes(f hardware.Format) float64 {
	if a.IndexDim == 0 {
		return 0
	}
	if f == "" {
		f = hardware.FP8
	}
	if f == hardware.FP8 || f == hardware.INT8 {
		return valueBytes(a.IndexDim, f) + bytesFP32*runs(a.IndexDim, indexScaleRun)
	}
	return valueBytes(a.IndexDim, f) + scaleBytes(a.IndexDim, f)
}

// CacheBytes is what one layer caches of a sequence of context tokens:
// modelling.md eq. (10), exact, without padding to blocks and without the
// running state.
func (a Attention) CacheBytes(context int, f CacheFormat) float64 {
	context = max(context, 0)
	entry := a.entryBytes(f.KV)
	switch a.Kind {
	case GQA, MLA:
		return float64(context) * entry
	case DSA:
		return float64(context) * (entry + a.indexBytes(f.Index))
	case Window, SWA:
		return float64(min(context, a.Window)) * entry
	case CSA:
		return float64(context/a.Compress)*(entry+a.indexBytes(f.Index)) + float64(min(context, a.Window))*entry
	case HCA:
		return float64(context/a.Compress)*entry + float64(min(context, a.Window))*entry
	}
	return 0
}

// CacheBytesPerToken is what one more token adds to the cache of one layer,
// once the window is full.
func (a Attention) CacheBytesPerToken(f CacheFormat) float64 {
	entry := a.entryBytes(f.KV)
	switch a.Kind {
	case GQA, MLA:
		return entry
	case DSA:
		return entry + a.indexBytes(f.Index)
	case CSA:
		return (entry + a.indexBytes(f.Index)) / float64(a.Compress)
	case HCA:
		return entry / float64(a.Compress)
	}
	return 0
}

// FixedBytes is the window part of one layer's cache, which every sequence
// longer than the window holds.
func (a Attention) FixedBytes(f CacheFormat) float64 {
	switch a.Kind {
	case Window, CSA, HCA, SWA:
		return float64(a.Window) * a.entryBytes(f.KV)
	}
	return 0
}

// StateBytes is what one layer holds per running sequence besides its cache:
// the FP32 state of linear attention with its BF16 convolution inputs, or the
// FP32 buffers of V4's compressors (modelling.md eq. 10).
func (a Attention) StateBytes() float64 {
	const valuesAndScores = 2
	ratio := float64(a.Compress)
	switch a.Kind {
	case Linear:
		channels := 2*a.KeyHeads*a.KeyDim + a.ValueHeads*a.ValueDim
		return bytesFP32*a.stateValues() + bytesBF16*float64(max(a.Conv-1, 0))*float64(channels)
	case CSA:
		return valuesAndScores * compressorOverlap * bytesFP32 * ratio * float64(a.HeadDim+a.IndexDim)
	case HCA:
		return valuesAndScores * bytesFP32 * ratio * float64(a.HeadDim)
	}
	return 0
}

// ReadBytes is what decoding one query token at this context reads from the
// cache of one layer (modelling.md 1.4, last column); linear attention reads
// and writes its state.
func (a Attention) ReadBytes(context float64, f CacheFormat) float64 {
	if a.Kind == Linear {
		return 2 * a.StateBytes()
	}
	work := a.Decode(context)
	return work.Pairs*a.entryBytes(f.KV) + work.IndexPairs*a.indexBytes(f.Index)
}

// CacheShards is over how many tensor-parallel ranks a layer's cache can be
// split; beyond it ranks hold copies. The shared latents of MLA and V4 cannot
// be split at all.
func (a Attention) CacheShards() int {
	switch a.Kind {
	case GQA, Window:
		return a.KVHeads
	case Linear:
		return a.ValueHeads
	}
	return 1
}
