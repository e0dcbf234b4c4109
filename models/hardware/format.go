package hardware

// Bytes of one stored value, its scales included: block sizes of the OCP
// microscaling formats (32 values per 8-bit scale), of NVFP4 (16 values per
// 8-bit scale) and of DeepSeek's 128 × 128 FP8 blocks (4-byte scale).
const (
	bytesBF16  = 2.0
	bytesFP8   = 1 + 4.0/(128*128)
	bytesMXFP4 = 0.5 + 1.0/32
	bytesNVFP4 = 0.5 + 1.0/16
	bytesINT8  = 1.0
	bytesINT4  = 0.5 + 2.0/128 // groups of 128 with a 2-byte scale, as GPTQ and AWQ checkpoints
)

// BytesPerWeight is the size of one stored weight in bytes, scales included;
// 0 for a format it does not know.
func BytesPerWeight(f Format) float64 {
	switch f {
	case BF16:
		return bytesBF16
	case FP8, FP8Tensor:
		return bytesFP8
	case MXFP4:
		return bytesMXFP4
	case NVFP4:
		return bytesNVFP4
	case INT8:
		return bytesINT8
	case INT4:
		return bytesINT4
	}
	return 0
}

// FP8Tensor is FP8 with one scale per tensor; FP8 alone means block scales,
// as DeepSeek publishes its weights.
const FP8Tensor Format = "fp8-tensor"
