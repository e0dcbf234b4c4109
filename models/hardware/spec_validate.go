package hardware

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"agentsim/fault"
)

// FieldError is the fault of a field of a spec.
type FieldError = fault.Field

// Validate returns every fault of the accelerator, joined; each is a *fault.Field.
func (a Accelerator) Validate() error {
	var c checker
	c.named("name", a.Name)
	c.named("vendor", a.Vendor)
	if from := a.PowerFrom; from != nil {
		c.named("power_from.accelerator", from.Accelerator)
		c.Check(from.By == BySilicon || from.By == ByTDP, "power_from.by", strconv.Quote(string(from.By)),
			fmt.Sprintf("%s or %s", BySilicon, ByTDP))
	}
	c.Check(len(a.Compute) > 0, "compute", "{}", "at least the bf16 rate")
	for _, f := range slices.Sorted(maps.Keys(a.Compute)) {
		path := "compute." + string(f)
		c.format(path, f)
		c.rate(path, float64(a.Compute[f]), leastCompute, a.Compute[f])
	}
	c.rate("hbm.capacity", float64(a.HBM.Capacity), leastCapacity, a.HBM.Capacity)
	c.rate("hbm.bandwidth", float64(a.HBM.Bandwidth), leastBandwidth, a.HBM.Bandwidth)
	c.rate("scale_up", float64(a.ScaleUp), leastLink, a.ScaleUp)
	c.rate("scale_out", float64(a.ScaleOut), leastLink, a.ScaleOut)
	c.rate("host_link", float64(a.HostLink), leastLink, a.HostLink)
	c.power("power.", a.Power)
	c.sources(a.Sources)
	return c.Err()
}

// Validate returns every fault of the system and of its accelerator, joined;
// each is a *fault.Field.
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
	c.Check(s.Host.NVMe == 0 || s.Host.NVMeRate != 0, "host.nvme_rate", s.Host.NVMeRate, "a rate, as host.nvme has a size")
	c.notNegative("switch", float64(s.Switch), "W")
	c.fraction("overheads.fans", s.Overheads.Fans)
	c.fraction("overheads.conversion", s.Overheads.Conversion)
	c.positive("overheads.nameplate", float64(s.Overheads.Nameplate), "W")
	c.Check(s.Overheads.PUE >= 1 && s.Overheads.PUE < maxPUE, "overheads.pue", s.Overheads.PUE,
		fmt.Sprintf("1 to below %d", maxPUE))
	c.sources(s.Sources)
	c.In("accelerator", s.Accelerator.Validate())
	return c.Err()
}

// Bounds far above anything that stands: more is a typing error.
const (
	maxPUE          = 5       // a percentage
	maxAccelerators = 1 << 17 // of one system, more than any hall holds
)

// checker gathers the faults of one spec.
type checker struct{ fault.List }

func (c *checker) named(path, value string) {
	c.Check(strings.TrimSpace(value) != "", path, strconv.Quote(value), "a name")
}

func (c *checker) format(path string, f Format) {
	if f.Index() < 0 {
		c.Add(path, "%q: want one of %v", string(f), Formats())
	}
}

// positive says of a number that it is neither NaN nor infinite, and more than 0.
func positive(value float64) bool { return value > 0 && !math.IsInf(value, 0) }

// positive also refuses NaN and infinity. The unit may be empty.
func (c *checker) positive(path string, value float64, unit string) {
	if !positive(value) {
		c.Want(path, quantity(value, unit), "more than 0")
	}
}

// Bounds on what an accelerator can be, as guards: with less, one step would take
// longer than a simulation's clock can count.
const (
	leastCapacity  = 1e6  // bytes
	leastBandwidth = 1e9  // B/s
	leastLink      = 1e6  // B/s
	leastCompute   = 1e11 // FLOP/s
	mostOfAny      = 1e21
)

// rate wants a figure of an accelerator within its bounds.
func (c *checker) rate(path string, value, least float64, shown fmt.Stringer) {
	wanted := fmt.Sprintf("%g to %g in base units, as any accelerator has", least, mostOfAny)
	c.Check(value >= least && value <= mostOfAny, path, shown, wanted)
}

func (c *checker) notNegative(path string, value float64, unit string) {
	if !(value >= 0 && !math.IsInf(value, 0)) {
		c.Want(path, quantity(value, unit), "0 or more")
	}
}

func (c *checker) fraction(path string, value float64) {
	c.Check(value >= 0 && value < 1, path, value, "a fraction from 0 to below 1")
}

func quantity(value float64, unit string) string {
	return strings.TrimSpace(fmt.Sprintf("%g %s", value, unit))
}

func (c *checker) counts(s System) {
	c.Check(s.Accelerators >= 1 && s.Accelerators <= maxAccelerators, "accelerators", s.Accelerators,
		fmt.Sprintf("1 to %d: larger halls are many systems (deployment.units)", maxAccelerators))
	if s.Accelerators < 1 {
		return
	}
	c.Check(s.AcceleratorsPer >= 1 && s.Accelerators%max(s.AcceleratorsPer, 1) == 0, "accelerators_per",
		s.AcceleratorsPer, fmt.Sprintf("a divisor of the %d accelerators of the system", s.Accelerators))
	c.Check(s.Domain >= 1 && s.Domain <= s.Accelerators, "domain", s.Domain,
		fmt.Sprintf("1 to the %d accelerators of the system", s.Accelerators))
}

func (c *checker) power(prefix string, p AcceleratorPower) {
	c.notNegative(prefix+"idle", float64(p.Idle), "W")
	c.notNegative(prefix+"active", float64(p.Active), "W")
	c.positive(prefix+"tdp", float64(p.TDP), "W")
	c.notNegative(prefix+"limit", float64(p.Limit), "W")
	if p.Static() >= p.Cap() {
		field := "tdp"
		if p.Limit > 0 && p.Limit < p.TDP {
			field = "limit"
		}
		c.Add(prefix+field, "%v: want more than the %v that it draws before any work (idle %v, active %v)", p.Cap(),
			p.Static(), p.Idle, p.Active)
	}
	if _, ok := p.PerFLOP[BF16]; !ok {
		c.Add(prefix+"per_flop", "want bf16 at least, which stands in for formats without their own")
	}
	for _, f := range slices.Sorted(maps.Keys(p.PerFLOP)) {
		path := prefix + "per_flop." + string(f)
		c.format(path, f)
		c.notNegative(path, float64(p.PerFLOP[f]), "J/FLOP")
	}
	for _, class := range slices.Sorted(maps.Keys(p.Busy)) {
		path := prefix + "busy." + string(class)
		c.Check(class.Index() >= 0, path, strconv.Quote(string(class)), fmt.Sprintf("one of the classes %v", KernelClasses()))
		c.notNegative(path, float64(p.Busy[class]), "W")
	}
	c.notNegative(prefix+"per_hbm_byte", float64(p.PerHBMByte), "J/B")
	c.notNegative(prefix+"per_link_byte", float64(p.PerLinkByte), "J/B")
	c.Check(p.ClockExponent >= 1 && !math.IsInf(p.ClockExponent, 0), prefix+"clock_exponent", p.ClockExponent, "1 or more")
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
		c.Check(s.Points >= 1, path+".points", s.Points, "the number of points that the fit rests on")
	case "assumed":
		if s.Range == [2]float64{} {
			c.Add(path+".range", "want [low, high] for an assumed number")
		}
	default:
		c.Add(path+".basis", "%q: want measured, vendor, published, fitted or assumed", s.Basis)
	}
	c.Check(strings.TrimSpace(s.Source) != "", path+".source", `""`, "where the number comes from")
	if s.Range != [2]float64{} && !(s.Range[0] > 0 && s.Range[0] <= 1 && s.Range[1] >= 1) {
		c.Add(path+".range", "%v: want factors low <= 1 <= high, which hold the value", s.Range)
	}
}
