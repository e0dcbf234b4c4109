package configs

import (
	"fmt"
	"slices"
	"strings"

	"agentsim/fault"
	"agentsim/metrics"
	"agentsim/models/hardware"
	"agentsim/models/llm"
	"agentsim/models/step"
	"agentsim/serve"
	"agentsim/trace"
	"agentsim/units"
)

// Scenario is one question with everything its answer depends on, all names
// resolved.
type Scenario struct {
	Name       string               `yaml:"name"`
	Question   string               `yaml:"question,omitempty"`
	Extends    string               `yaml:"extends,omitempty"` // the scenario this one is laid over
	Answer     string               `yaml:"answer,omitempty"`  // in a sentence, for scenarios that teach
	Because    string               `yaml:"because,omitempty"` // why the answer is what it is
	System     hardware.System      `yaml:"system"`            // preset kind: systems
	Model      llm.Spec             `yaml:"model"`             // preset kind: models
	Engine     step.EngineSpec      `yaml:"engine"`            // preset kind: engines
	Kernels    hardware.KernelSet   `yaml:"kernels"`           // preset kind: kernels; by default the engine's
	Deployment serve.DeploymentSpec `yaml:"deployment"`
	Workload   trace.Workload       `yaml:"workload"`
	Mix        []MixPart            `yaml:"mix,omitempty"`
	SLO        SLO                  `yaml:"slo"`      // preset kind: slos
	Protocol   Protocol             `yaml:"protocol"` // preset kind: protocols
	Power      PowerSpec            `yaml:"power,omitempty"`
	Price      PriceSpec            `yaml:"price,omitempty"`
	Day        DaySpec              `yaml:"day,omitempty"` // of agentsim day: how many agents when, and what fails
	Seed       uint64               `yaml:"seed,omitempty"`

	// Uncertainty adds to what the presets say they do not know.
	Uncertainty Uncertainty `yaml:"uncertainty,omitempty"`
}

// SLO is a service level, by itself or as a preset.
type SLO struct {
	Name        string `yaml:"name,omitempty"`
	metrics.SLO `yaml:",inline"`
	Sources     hardware.Sources `yaml:"sources,omitempty"`
}

// PowerSpec overrides what the system says of its building.
type PowerSpec struct {
	PUE float64 `yaml:"pue,omitempty"` // 0 = the system's
	// Caps hold accelerators to as many watts each as their sum allows when all
	// draw as much as they may: clocks slow down where a step would draw more. The
	// lowest counts; 0 = the accelerator's own cap alone.
	AcceleratorCap units.Watts `yaml:"accelerator_cap,omitempty"` // of one accelerator
	RackCap        units.Watts `yaml:"rack_cap,omitempty"`        // of a whole system at the wall
	HallCap        units.Watts `yaml:"hall_cap,omitempty"`        // of the whole deployment, with the building
	// Policy is how the pools of a disaggregated deployment share what rack_cap and
	// hall_cap leave: uniform (default), or decode-first or prefill-first, where
	// that pool's accelerators may draw up to their rated power and the others
	// what is then left. What a pool leaves unused is not passed on.
	Policy string `yaml:"policy,omitempty"`
	// Least is the lowest cap that a policy sets for an accelerator; 0 = half its
	// rated power.
	Least units.Watts `yaml:"least,omitempty"`
}

// The policies of PowerSpec.
const (
	Uniform      = "uniform"
	DecodeFirst  = "decode-first"
	PrefillFirst = "prefill-first"
)

// Policies lists them.
func Policies() []string { return []string{Uniform, DecodeFirst, PrefillFirst} }

// PriceSpec gives prices, of which the program has none of its own. Costs are
// the sum of what is given: a rented accelerator whose hour includes
// electricity needs the first alone.
type PriceSpec struct {
	Currency        string  `yaml:"currency,omitempty"`         // a label, such as USD
	AcceleratorHour float64 `yaml:"accelerator_hour,omitempty"` // rent, or capital and upkeep; 0 = none
	ElectricityKWh  float64 `yaml:"electricity_kwh,omitempty"`  // of the facility's energy; 0 = none
}

// Validate reports prices below 0.
func (p *PriceSpec) Validate() error {
	var faults fault.List
	faults.Check(p.AcceleratorHour >= 0, "accelerator_hour", p.AcceleratorHour, "0 (none) or more")
	faults.Check(p.ElectricityKWh >= 0, "electricity_kwh", p.ElectricityKWh, "0 (none) or more")
	return faults.Err()
}

// LoadScenario reads a scenario with its presets and overrides.
func LoadScenario(source Source, sets []string) (*Scenario, *Provenance, error) {
	return Load[Scenario](Presets(), source, sets)
}

// KernelsOf names the kernel preset of an engine on an accelerator, by what
// each of them says under kernels.
func KernelsOf(accelerator, engine string) string {
	if accelerator == "" || engine == "" {
		return ""
	}
	return accelerator + "-" + engine
}

// DefaultPresets lets the kernels follow from the engine and the accelerator
// it runs on, unless the scenario names them. An engine that has none of its own
// for an accelerator runs those of its family.
func (Scenario) DefaultPresets(value func(path string) string) []Preset {
	accelerator := written(value)
	known := Presets().Names("kernels")
	var names []string
	for _, engine := range []string{value("engine.kernels"), value("engine.family")} {
		names = append(names, KernelsOf(accelerator.Served(), engine))
	}
	if i := slices.IndexFunc(names, func(name string) bool { return slices.Contains(known, name) }); i >= 0 {
		return []Preset{{Path: "kernels", Name: names[i]}}
	}
	if accelerator.Kernels == "" && accelerator.Name != "" { // what was named is not replaced
		for _, engine := range []string{value("engine.kernels"), value("engine.family")} {
			if kin := KinOf(accelerator, engine); kin != "" {
				return []Preset{{Path: "kernels", Name: KernelsOf(kin, engine)}}
			}
		}
	}
	return []Preset{{Path: "kernels", Name: names[0]}}
}

// Validate reports what no single part of the scenario can see.
func (s *Scenario) Validate() error {
	var faults fault.List
	faults.Check(s.Power.PUE == 0 || s.Power.PUE >= 1, "power.pue", s.Power.PUE, "1 or more")
	faults.In("power", s.Power.validate())
	faults.In("", s.validateMix())
	if s.Kernels.Name == "" {
		name, hint := KernelsOf(s.System.Accelerator.Served(), s.Engine.Kernels), "."
		if have := enginesOn(s.System.Accelerator.Served()); len(have) > 0 {
			hint = fmt.Sprintf("; engines that have kernels for %s: %s.", s.System.Accelerator.Name, strings.Join(have, ", "))
		} else if near, ok := Nearest(name, Presets().Names("kernels")); ok {
			hint = ", did you mean " + near + "?"
		}
		faults.Add("kernels", "there is no preset %q%s The name follows from system.accelerator.kernels and engine.kernels: "+
			"name others there, or set kernels", name, hint)
	}
	completed := s.Deployment.Completed(&s.Engine)
	faults.In("deployment", completed.Limited())
	return faults.Err()
}

// enginesOn lists what engines say under kernels that have some on an
// accelerator.
func enginesOn(accelerator string) []string {
	var list []string
	for _, name := range Presets().Names("kernels") {
		if engine, ok := strings.CutPrefix(name, accelerator+"-"); ok {
			list = append(list, engine)
		}
	}
	slices.Sort(list)
	return list
}

// Notes says what a reader should know of how the scenario was put together.
func (s *Scenario) Notes() []string {
	notes := s.kinNote()
	if hit := s.Deployment.Cache.RealisedHit; hit > 0 {
		notes = append(notes, fmt.Sprintf("deployment.cache.realised_hit: %g of every prompt is taken as found, as "+
			"measured; what the caches would find is not simulated", hit))
	}
	served := s.System.Accelerator.Served()
	own, family := KernelsOf(served, s.Engine.Kernels), KernelsOf(served, s.Engine.Family)
	if s.Kernels.Name == family && own != family {
		notes = append(notes, fmt.Sprintf("there are no kernels %s: those of the engine's family stand in, %s", own, family))
	}
	if s.Power.First() != "" && s.Deployment.Mode == serve.Aggregated {
		notes = append(notes, fmt.Sprintf("power.policy: %s: there is one pool, whose accelerators are capped alike",
			s.Power.Policy))
	}
	if s.Power.First() != "" && s.System.Accelerator.Power.Shared == nil {
		notes = append(notes, fmt.Sprintf("power.policy: %s: no cap of rack or hall is below what the accelerators may draw",
			s.Power.Policy))
	}
	if moved := s.Kernels.Moved(s.System.Accelerator); len(moved) > 0 {
		notes = append(notes, fmt.Sprintf("the kernel constants of %s hold on %s; they are moved to an accelerator with %s",
			s.Kernels.Name, s.Kernels.Accelerator, strings.Join(moved, ", ")))
	}
	const unknown = "deployment.%s.draft: nobody knows how many draft tokens are accepted: the answer is the band from " +
		"%.3g to %.3g tokens a step (P10 to P90 by %s); single figures are those of the middle, %.3g"
	for _, p := range s.Deployment.Pools() {
		if d := p.Spec.Draft; d.Unknown() {
			a := d.Plausible(&s.Model)
			notes = append(notes, fmt.Sprintf(unknown, p.Name, a.Low, a.High, a.Basis, a.Middle))
		}
	}
	return notes
}
