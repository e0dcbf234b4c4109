package hardware_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/fault"
	"agentsim/models/hardware"
	"agentsim/units"
)

func validAccelerator() hardware.Accelerator {
	return hardware.Accelerator{
		Name: "h200", Vendor: "nvidia",
		Compute: map[hardware.Format]units.FLOPRate{hardware.BF16: 989e12},
		HBM:     hardware.HBM{Capacity: 141e9, Bandwidth: 4.8e12},
		ScaleUp: 450e9, ScaleOut: 50e9, HostLink: 64e9,
		Power: h200Power(),
		Sources: hardware.Sources{
			"power":        {Basis: "assumed", Source: "modelling.md 6.1", Range: [2]float64{0.8, 1.2}},
			"power.active": {Basis: "measured", Source: "modelling.md 6.1"},
		},
	}
}

func validSystem() hardware.System {
	s := hgxH200()
	s.Accelerator = validAccelerator()
	return s
}

func TestValidSpecs(t *testing.T) {
	require.NoError(t, validAccelerator().Validate())
	require.NoError(t, validSystem().Validate())
}

func TestAcceleratorFaultsNameTheirField(t *testing.T) {
	tests := map[string]func(*hardware.Accelerator){
		"name":                       func(a *hardware.Accelerator) { a.Name = " " },
		"vendor":                     func(a *hardware.Accelerator) { a.Vendor = "" },
		"compute":                    func(a *hardware.Accelerator) { a.Compute = nil },
		"compute.fp16":               func(a *hardware.Accelerator) { a.Compute["fp16"] = 1 },
		"compute.fp8":                func(a *hardware.Accelerator) { a.Compute["fp8"] = -1 },
		"hbm.capacity":               func(a *hardware.Accelerator) { a.HBM.Capacity = 0 },
		"hbm.bandwidth":              func(a *hardware.Accelerator) { a.HBM.Bandwidth = units.ByteRate(math.NaN()) },
		"scale_up":                   func(a *hardware.Accelerator) { a.ScaleUp = units.ByteRate(math.Inf(1)) },
		"scale_out":                  func(a *hardware.Accelerator) { a.ScaleOut = 0 },
		"host_link":                  func(a *hardware.Accelerator) { a.HostLink = -5 },
		"power.active":               func(a *hardware.Accelerator) { a.Power.Active = -1 },
		"power.idle":                 func(a *hardware.Accelerator) { a.Power.Idle = -1 },
		"power.tdp":                  func(a *hardware.Accelerator) { a.Power.TDP = a.Power.Static() },
		"power.limit":                func(a *hardware.Accelerator) { a.Power.Limit = a.Power.Static() },
		"power.per_flop":             func(a *hardware.Accelerator) { a.Power.PerFLOP = nil },
		"power.per_flop.bf16":        func(a *hardware.Accelerator) { a.Power.PerFLOP["bf16"] = -1 },
		"power.busy.decode":          func(a *hardware.Accelerator) { a.Power.Busy["decode"] = -1 },
		"power.busy.gemm":            func(a *hardware.Accelerator) { a.Power.Busy["gemm"] = 1 },
		"power.per_hbm_byte":         func(a *hardware.Accelerator) { a.Power.PerHBMByte = -1 },
		"power.per_link_byte":        func(a *hardware.Accelerator) { a.Power.PerLinkByte = -1 },
		"power.clock_exponent":       func(a *hardware.Accelerator) { a.Power.ClockExponent = 0 },
		"sources.power.range":        withSource(hardware.Source{Basis: "assumed", Source: "x"}),
		"sources.power.points":       withSource(hardware.Source{Basis: "fitted", Source: "x"}),
		"sources.power.basis":        withSource(hardware.Source{Basis: "guessed", Source: "x"}),
		"sources.power.source":       withSource(hardware.Source{Basis: "vendor"}),
		"sources.hbm.capacity.range": func(a *hardware.Accelerator) { a.Sources["hbm.capacity"] = reversedRange() },
	}
	for path, spoil := range tests {
		t.Run(path, func(t *testing.T) {
			a := validAccelerator()
			spoil(&a)
			require.Contains(t, faultPaths(t, a.Validate()), path)
		})
	}
}

func withSource(s hardware.Source) func(*hardware.Accelerator) {
	return func(a *hardware.Accelerator) { a.Sources["power"] = s }
}

func reversedRange() hardware.Source {
	return hardware.Source{Basis: "vendor", Source: "x", Range: [2]float64{1.25, 0.8}}
}

func TestSystemFaultsNameTheirField(t *testing.T) {
	tests := map[string]func(*hardware.System){
		"name":                      func(s *hardware.System) { s.Name = "" },
		"accelerators":              func(s *hardware.System) { s.Accelerators = 0 },
		"accelerators_per":          func(s *hardware.System) { s.AcceleratorsPer = 3 },
		"domain":                    func(s *hardware.System) { s.Domain = 9 },
		"host.cpu_idle":             func(s *hardware.System) { s.Host.CPUIdle = -1 },
		"host.nvme_rate":            func(s *hardware.System) { s.Host.NVMe = 1e12 },
		"switch":                    func(s *hardware.System) { s.Switch = -1 },
		"overheads.fans":            func(s *hardware.System) { s.Overheads.Fans = 12 },
		"overheads.conversion":      func(s *hardware.System) { s.Overheads.Conversion = 1 },
		"overheads.nameplate":       func(s *hardware.System) { s.Overheads.Nameplate = 0 },
		"overheads.pue":             func(s *hardware.System) { s.Overheads.PUE = 0.9 },
		"accelerator.hbm.bandwidth": func(s *hardware.System) { s.Accelerator.HBM.Bandwidth = 0 },
	}
	for path, spoil := range tests {
		t.Run(path, func(t *testing.T) {
			s := validSystem()
			spoil(&s)
			require.Equal(t, []string{path}, faultPaths(t, s.Validate()))
		})
	}
}

// faultPaths unpacks a joined error into the paths of its field errors.
func faultPaths(t *testing.T, err error) []string {
	t.Helper()
	require.Error(t, err)
	var paths []string
	for _, f := range fault.All(err) {
		require.NotEmpty(t, f.Problem)
		paths = append(paths, f.Path)
	}
	return paths
}

func TestSourceOfTheLongestPath(t *testing.T) {
	sources := validAccelerator().Sources
	for path, basis := range map[string]string{
		"power": "assumed", "power.idle": "assumed", "power.per_flop.bf16": "assumed", "power.active": "measured",
	} {
		source, ok := sources.Of(path)
		require.True(t, ok)
		require.Equal(t, basis, source.Basis, path)
	}
	_, ok := sources.Of("hbm.capacity")
	require.False(t, ok)
	_, ok = sources.Of("powerful")
	require.False(t, ok)
}

// What an accelerator is called says nothing of its kernels or its family,
// where the preset does.
func TestLooksGoByFieldsNotByTheName(t *testing.T) {
	a := hardware.Accelerator{Name: "mine", Generation: "hopper", Kernels: "h200"}
	require.Equal(t, "h200", a.Served())
	require.Equal(t, "hopper", a.Family())
	require.Equal(t, "mine", (&hardware.Accelerator{Name: "mine"}).Served())
	require.Equal(t, "mine", (&hardware.Accelerator{Name: "mine"}).Family(), "an accelerator of its own is its own family")
}
