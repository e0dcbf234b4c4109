package calibrate

import (
	"fmt"

	"agentsim/models/hardware"
)

// narrowest is the least width of a projection that enters the fit: engines
// fuse narrower ones with their neighbours.
const narrowest = 256

// gemmFormat names the compute format of a table's gemm_dtype.
func gemmFormat(dtype string) (hardware.Format, bool) {
	switch dtype {
	case "bfloat16":
		return hardware.BF16, true
	case "fp8_block":
		return hardware.FP8, true
	case "fp8":
		return hardware.FP8Tensor, true
	case "nvfp4":
		return hardware.NVFP4, true
	}
	return "", false
}

func readGEMM(c *columns, s *scope) batch {
	var b batch
	dtype, kernel := c.text("gemm_dtype"), c.text("kernel_source")
	m, n, k := c.positive("m"), c.positive("n"), c.positive("k")
	for i, seconds := range c.latency() {
		format, known := gemmFormat(dtype[i])
		switch {
		case !known:
			b.drop("gemm_dtype " + dtype[i] + ": no preset model is stored that way")
		case s.accelerator.Compute[peakFormat(format)] == 0:
			b.drop("gemm_dtype " + dtype[i] + ": the accelerator preset has no such rate")
		case min(n[i], k[i]) < narrowest:
			b.drop(fmt.Sprintf("n or k below %d: engines fuse such projections", narrowest))
		default:
			b.keep(sample{group: string(format), seconds: seconds, kernel: kernel[i],
				work: hardware.GEMMWork(m[i], n[i], k[i], format)})
		}
	}
	b.dropHostBound(gemmPlateau)
	return b
}

// peakFormat is the format whose peak rate a GEMM format computes at.
func peakFormat(f hardware.Format) hardware.Format {
	if f == hardware.FP8Tensor {
		return hardware.FP8
	}
	return f
}

func gemmTerms(f hardware.Format) terms {
	const perDepth = 5e-10
	return terms{perUnit: perDepth, streamed: f != hardware.BF16}
}

func fitGEMM(k *hardware.KernelSet, s *scope, group string, samples []sample) {
	format := hardware.Format(group)
	t := gemmTerms(format)
	if s.hostBound[group] {
		t.floor = float64(k.GEMM[hardware.BF16].Floor)
	}
	k.GEMM[format] = fitRoofline(t, s.accelerator.Compute[peakFormat(format)], s.accelerator.HBM.Bandwidth, samples)
}

func priceGEMM(k *hardware.KernelSet, s *scope, x *sample) (float64, bool) {
	format := hardware.Format(x.group)
	r, ok := k.GEMM[format]
	return r.Seconds(x.work, s.accelerator.Compute[peakFormat(format)], s.accelerator.HBM.Bandwidth), ok
}
