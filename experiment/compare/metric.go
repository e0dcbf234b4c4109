package compare

import (
	"slices"
	"strings"

	"agentsim/fault"
	"agentsim/metrics"
)

// Metric is what the two scenarios are compared by: agents over a megawatt in
// one of its meanings, or over an accelerator.
type Metric string

// The metrics, by the keys that results have.
const (
	PerMWMeasured  Metric = "accelerator_measured"
	PerMWTDP       Metric = "accelerator_tdp"
	PerMWIT        Metric = "it"
	PerMWFacility  Metric = "facility"
	PerMWNameplate Metric = "provisioned"
	PerAccelerator Metric = "accelerator"
)

// Metrics lists all of them.
func Metrics() []Metric {
	return []Metric{PerMWMeasured, PerMWTDP, PerMWIT, PerMWFacility, PerMWNameplate, PerAccelerator}
}

// check reports an unknown metric.
func (m Metric) check() error {
	if slices.Contains(Metrics(), m) {
		return nil
	}
	return fault.New("per", "%q: want one of %s", m, metricNames())
}

func metricNames() string {
	var names []string
	for _, m := range Metrics() {
		names = append(names, string(m))
	}
	return strings.Join(names, ", ")
}

// Words says what is counted.
func (m Metric) Words() string {
	switch m {
	case PerAccelerator:
		return "agents per accelerator"
	case PerMWTDP:
		return "agents per MW of rated accelerator power"
	case PerMWIT:
		return "agents per MW at the wall"
	case PerMWFacility:
		return "agents per MW of the building"
	case PerMWNameplate:
		return "agents per MW of nameplate power"
	}
	return "agents per MW of accelerator power as drawn"
}

func (m Metric) of(c *metrics.Capacity) float64 {
	switch m {
	case PerAccelerator:
		return c.PerAccelerator
	case PerMWTDP:
		return c.PerMW.AcceleratorTDP
	case PerMWIT:
		return c.PerMW.IT
	case PerMWFacility:
		return c.PerMW.Facility
	case PerMWNameplate:
		return c.PerMW.Provisioned
	}
	return c.PerMW.AcceleratorMeasured
}

// wall reports whether the metric counts watts outside the accelerators.
func (m Metric) wall() bool { return m == PerMWIT || m == PerMWFacility || m == PerMWNameplate }
