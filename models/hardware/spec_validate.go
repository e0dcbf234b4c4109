package hardware

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// FieldError says which field of a spec is wrong, and why. Path is the YAML
// path from the root of the spec, such as "hbm.capacity".
type FieldError struct {
	Path    string
	Problem string
}

// Error returns the path and the problem.
func (e *FieldError) Error() string { return e.Path + ": " + e.Problem }

// Validate returns every fault of the accelerator, joined; each is a *FieldError.
func (a Accelerator) Validate() error {
	var c checker
	c.named("name", a.Name)
	c.named("vendor", a.Vendor)
	if len(a.Compute) == 0 {
		c.fail("compute", "is empty; give at least the bf16 rate")
	}
	for _, f := range slices.Sorted(maps.Keys(a.Compute)) {
		path := "compute." + string(f)
		c.format(path, f)
		c.positive(path, float64(a.Compute[f]), "FLOP/s")
	}
	c.positive("hbm.capacity", float64(a.HBM.Capacity), "bytes")
	c.positive("hbm.bandwidth", float64(a.HBM.Bandwidth), "bytes per second")
	c.positive("scale_up", float64(a.ScaleUp), "bytes per second")
	c.positive("scale_out", float64(a.ScaleOut), "bytes per second")
	c.positive("host_link", float64(a.HostLink), "bytes per second")
	c.power("power.", a.Power)
	c.sources(a.Sources)
	return c.err()
}

// Validate returns every fault of the system and of its accelerator, joined;
// each is a *FieldError.
func (s System) Validate() error {
	var c checker
	c.named("name", s.Name)
	c.counts(s)
	c.notNegative("host.cpu_idle", float64(s.Host.CPUIdle), "W")
	c.notNegative("host.cpu_busy", float64(s.Host.CPUBusy), "W")
	c.notNegative("host.static", float64(s.Host.Static), "W")
	c.notNegative("host.dram", float64(s.Host.DRAM), "bytes")
	c.notNegative("host.nvme", float64(s.Host.NVMe), "bytes")
	c.notNegative("host.nvme_rate", float64(s.Host.NVMeRate), "bytes per second")
	if s.Host.NVMe > 0 && s.Host.NVMeRate == 0 {
		c.fail("host.nvme_rate", "is 0, but host.nvme is not")
	}
	c.notNegative("switch", float64(s.Switch), "W")
	c.fraction("overheads.fans", s.Overheads.Fans)
	c.fraction("overheads.conversion", s.Overheads.Conversion)
	c.positive("overheads.nameplate", float64(s.Overheads.Nameplate), "W")
	if !(s.Overheads.PUE >= 1 && s.Overheads.PUE < maxPUE) {
		c.fail("overheads.pue", fmt.Sprintf("%g is not in [1, %d)", s.Overheads.PUE, maxPUE))
	}
	c.sources(s.Sources)
	c.nested("accelerator.", s.Accelerator.Validate())
	return c.err()
}

// maxPUE is far above any facility; more is a percentage or a typing error.
const maxPUE = 5

// checker gathers the faults of one spec.
type checker struct{ faults []error }

func (c *checker) err() error { return errors.Join(c.faults...) }

func (c *checker) fail(path, problem string) {
	c.faults = append(c.faults, &FieldError{Path: path, Problem: problem})
}

func (c *checker) named(path, value string) {
	if strings.TrimSpace(value) == "" {
		c.fail(path, "is empty")
	}
}

func (c *checker) format(path string, f Format) {
	if f.Index() < 0 {
		c.fail(path, fmt.Sprintf("unknown format %q; one of %v", f, Formats()))
	}
}

// positive also refuses NaN and infinity.
func (c *checker) positive(path string, value float64, unit string) {
	if !(value > 0) || math.IsInf(value, 0) {
		c.fail(path, fmt.Sprintf("%g %s is not above 0", value, unit))
	}
}

func (c *checker) notNegative(path string, value float64, unit string) {
	if !(value >= 0) || math.IsInf(value, 0) {
		c.fail(path, fmt.Sprintf("%g %s is not 0 or more", value, unit))
	}
}

func (c *checker) fraction(path string, value float64) {
	if !(value >= 0 && value < 1) {
		c.fail(path, fmt.Sprintf("%g is not a fraction in [0, 1)", value))
	}
}

func (c *checker) counts(s System) {
	if s.Accelerators < 1 {
		c.fail("accelerators", fmt.Sprintf("%d is not 1 or more", s.Accelerators))
		return
	}
	if s.AcceleratorsPer < 1 || s.Accelerators%max(s.AcceleratorsPer, 1) != 0 {
		c.fail("accelerators_per", fmt.Sprintf("%d per node does not divide the %d accelerators of the system",
			s.AcceleratorsPer, s.Accelerators))
	}
	if s.Domain < 1 || s.Domain > s.Accelerators {
		c.fail("domain", fmt.Sprintf("%d is not between 1 and the %d accelerators of the system",
			s.Domain, s.Accelerators))
	}
}

func (c *checker) power(prefix string, p AcceleratorPower) {
	c.notNegative(prefix+"idle", float64(p.Idle), "W")
	c.notNegative(prefix+"active", float64(p.Active), "W")
	c.positive(prefix+"tdp", float64(p.TDP), "W")
	c.notNegative(prefix+"limit", float64(p.Limit), "W")
	if p.Static() >= p.Cap() {
		c.fail(prefix+"idle", fmt.Sprintf("%g W with %g W active leave nothing below the cap of %g W",
			p.Idle, p.Active, p.Cap()))
	}
	if _, ok := p.PerFLOP[BF16]; !ok {
		c.fail(prefix+"per_flop", "has no bf16, which stands in for formats without their own")
	}
	for _, f := range slices.Sorted(maps.Keys(p.PerFLOP)) {
		path := prefix + "per_flop." + string(f)
		c.format(path, f)
		c.notNegative(path, float64(p.PerFLOP[f]), "J/FLOP")
	}
	for _, class := range slices.Sorted(maps.Keys(p.Busy)) {
		path := prefix + "busy." + string(class)
		if class.Index() < 0 {
			c.fail(path, fmt.Sprintf("unknown kernel class %q; one of %v", class, KernelClasses()))
		}
		c.notNegative(path, float64(p.Busy[class]), "W")
	}
	c.notNegative(prefix+"per_hbm_byte", float64(p.PerHBMByte), "J/B")
	c.notNegative(prefix+"per_link_byte", float64(p.PerLinkByte), "J/B")
	if !(p.ClockExponent >= 1) || math.IsInf(p.ClockExponent, 0) {
		c.fail(prefix+"clock_exponent", fmt.Sprintf("%g is not 1 or more", p.ClockExponent))
	}
}

func (c *checker) sources(sources Sources) {
	for _, path := range slices.Sorted(maps.Keys(sources)) {
		c.source("sources."+path, sources[path])
	}
}

func (c *checker) source(path string, s Source) {
	switch s.Basis {
	case "measured", "vendor", "published":
	case "fitted":
		if s.Points < 1 {
			c.fail(path+".points", "a fitted number names how many points it rests on")
		}
	case "assumed":
		if s.Range == [2]float64{} {
			c.fail(path+".range", "an assumed number has a range")
		}
	default:
		c.fail(path+".basis", fmt.Sprintf("%q is not one of measured, vendor, published, fitted, assumed", s.Basis))
	}
	c.named(path+".source", s.Source)
	if s.Range != [2]float64{} && !(s.Range[0] > 0 && s.Range[0] <= 1 && s.Range[1] >= 1) {
		c.fail(path+".range", fmt.Sprintf("%v does not hold the value: factors low <= 1 <= high", s.Range))
	}
}

// nested takes over the faults of a spec inside this one.
func (c *checker) nested(prefix string, err error) {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return
	}
	for _, fault := range joined.Unwrap() {
		if field, ok := errors.AsType[*FieldError](fault); ok {
			c.fail(prefix+field.Path, field.Problem)
		}
	}
}
