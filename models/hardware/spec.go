// Package hardware describes accelerators, links, nodes and racks, and turns
// an operator's work into seconds and joules. It is made of pure functions.
package hardware

import (
	"strings"

	"agentsim/units"
)

// Format is a number format of weights, activations or cache entries.
type Format string

// The formats that presets may name.
const (
	BF16  Format = "bf16"
	FP8   Format = "fp8"
	MXFP4 Format = "mxfp4"
	NVFP4 Format = "nvfp4"
	INT8  Format = "int8"
	INT4  Format = "int4"
)

// Source says where a number comes from. Keys of a sources map are field
// paths; an entry covers its whole subtree unless a longer path is present.
type Source struct {
	Basis     string     `yaml:"basis"` // measured | vendor | published | fitted | assumed
	Source    string     `yaml:"source"`
	Date      string     `yaml:"date,omitempty"`
	Density   string     `yaml:"density,omitempty"` // dense | sparse, for compute rates
	Precision string     `yaml:"precision,omitempty"`
	Note      string     `yaml:"note,omitempty"`
	Range     [2]float64 `yaml:"range,omitempty"` // factors on the value, e.g. [0.8, 1.25]
	MAPE      float64    `yaml:"mape,omitempty"`  // of a fit, as a fraction
	MaxError  float64    `yaml:"max_error,omitempty"`
	Points    int        `yaml:"points,omitempty"`
	Table     string     `yaml:"table,omitempty"`
	Domain    *Domain    `yaml:"domain,omitempty"` // of the table; nil = not known
	// Scales are other fields of the preset that move with the field by a power
	// of its factor, where one unknown decides over several numbers.
	Scales map[string]float64 `yaml:"scales,omitempty"`
}

// Sources maps field paths to their provenance.
type Sources map[string]Source

// Of returns the source of a field: the entry of the longest path that covers it.
func (s Sources) Of(path string) (Source, bool) {
	for {
		if source, ok := s[path]; ok {
			return source, true
		}
		dot := strings.LastIndexByte(path, '.')
		if dot < 0 {
			return Source{}, false
		}
		path = path[:dot]
	}
}

// Where a struct of constants is scaled as a whole, its fields follow with the
// power of the factor that their tag scale names: 1 unless it says otherwise, 0
// for sizes and exponents, -1 for efficiencies of a time.

// Accelerator is one GPU or similar part. Rates are dense; bandwidths are one direction.
type Accelerator struct {
	Name       string `yaml:"name"`
	Vendor     string `yaml:"vendor"`
	Generation string `yaml:"generation,omitempty"` // what shares one shares kernels and energies; empty = its own
	// Kernels is the first part of the names of the kernel presets that it runs
	// on: h200 for h200-vllm, whatever the accelerator itself is called. Empty =
	// its name.
	Kernels     string                    `yaml:"kernels,omitempty"`
	PowerFrom   *PowerFrom                `yaml:"power_from,omitempty"`  // nil = its watts are measured
	Preliminary bool                      `yaml:"preliminary,omitempty"` // not shipping: every number is a claim
	Compute     map[Format]units.FLOPRate `yaml:"compute"`               // peak dense rate per format
	HBM         HBM                       `yaml:"hbm"`
	ScaleUp     units.ByteRate            `yaml:"scale_up"`  // link inside the domain, one way: half of a data sheet's sum
	ScaleOut    units.ByteRate            `yaml:"scale_out"` // NIC share of one accelerator, one way
	HostLink    units.ByteRate            `yaml:"host_link"` // to host memory, one way
	Power       AcceleratorPower          `yaml:"power"`
	Sources     Sources                   `yaml:"sources"`
}

// PowerFrom says of what accelerator the energies were taken over, for want of
// readings of its own.
type PowerFrom struct {
	Accelerator string   `yaml:"accelerator"`
	By          Likeness `yaml:"by"`
}

// Likeness is what two accelerators have in common.
type Likeness string

// The ways of taking energies over.
const (
	BySilicon Likeness = "silicon" // the same chip: the same joules
	ByTDP     Likeness = "tdp"     // the same share of the TDP at the same fraction of the peak rates
)

// Served is the first part of the names of the kernel presets that the
// accelerator runs on.
func (a *Accelerator) Served() string {
	if a.Kernels != "" {
		return a.Kernels
	}
	return a.Name
}

// Family is the generation, by which fitted factors are shared.
func (a *Accelerator) Family() string {
	if a.Generation != "" {
		return a.Generation
	}
	return a.Served()
}

// HBM is the accelerator's own memory.
type HBM struct {
	Capacity  units.Bytes    `yaml:"capacity"` // what the driver reports as usable
	Bandwidth units.ByteRate `yaml:"bandwidth"`
}

// AcceleratorPower holds the coefficients of modelling.md eq. (13). Busy is
// what the kernels of a class draw beyond their useful FLOPs and bytes:
// instruction issue, registers and caches, padded tiles.
type AcceleratorPower struct {
	Idle          units.Watts                    `yaml:"idle"`   // loaded with a model, no work
	Active        units.Watts                    `yaml:"active"` // added while a kernel is resident
	Busy          map[KernelClass]units.Watts    `yaml:"busy"`   // added to both while one of the class runs
	TDP           units.Watts                    `yaml:"tdp" scale:"0"`
	Limit         units.Watts                    `yaml:"limit,omitempty" scale:"0"` // set below the TDP; 0 = the TDP
	PerFLOP       map[Format]units.JoulesPerFLOP `yaml:"per_flop"`
	PerHBMByte    units.JoulesPerByte            `yaml:"per_hbm_byte"`
	PerLinkByte   units.JoulesPerByte            `yaml:"per_link_byte"`
	ClockExponent float64                        `yaml:"clock_exponent" scale:"0"` // dynamic power ~ clock^exponent

	// Shared is how a site gives out the watts that Limit leaves on average; nil =
	// every accelerator gets the same.
	Shared *SharedPower `yaml:"-"`
}

// SharedPower is a rule for watts that several accelerators share.
type SharedPower struct {
	First string      // the pool that gets as much as it can have
	Most  units.Watts // that one accelerator can have
	Least units.Watts // that is left to one of the others
}

// System is a node or rack as it is bought: the accelerators and all the rest that draws power.
type System struct {
	Name            string      `yaml:"name"`
	Accelerator     Accelerator `yaml:"accelerator"`
	Accelerators    int         `yaml:"accelerators"`     // in the whole system
	AcceleratorsPer int         `yaml:"accelerators_per"` // per node or tray
	Domain          int         `yaml:"domain"`           // accelerators sharing one scale-up fabric
	Host            Host        `yaml:"host"`
	Switch          units.Watts `yaml:"switch"` // scale-up switches, whole system
	Overheads       Overheads   `yaml:"overheads"`
	Preliminary     bool        `yaml:"preliminary,omitempty"`
	Sources         Sources     `yaml:"sources"`
}

// Host is what stands around the accelerators of one node or tray.
type Host struct {
	CPUIdle  units.Watts    `yaml:"cpu_idle"` // all CPUs of the node
	CPUBusy  units.Watts    `yaml:"cpu_busy"` // added at full load
	Static   units.Watts    `yaml:"static"`   // DRAM, NICs, drives, boards of the node
	DRAM     units.Bytes    `yaml:"dram"`     // usable for KV offload, whole node
	NVMe     units.Bytes    `yaml:"nvme"`
	NVMeRate units.ByteRate `yaml:"nvme_rate"` // whole node, each way
}

// Overheads turn component watts into wall watts.
type Overheads struct {
	Fans       float64     `yaml:"fans"`       // fraction added by node fans
	Conversion float64     `yaml:"conversion"` // fraction of wall power lost in supplies and busbars
	Nameplate  units.Watts `yaml:"nameplate"`  // provisioned power of the whole system
	PUE        float64     `yaml:"pue"`        // default facility factor for its cooling
}
