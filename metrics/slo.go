package metrics

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"agentsim/units"
)

// SLO is a service level: a floor on output speed, a ceiling on time to first
// token, or both, each at one percentile over requests. Under the key "p25" a
// floor asks that 75 % of requests be at or above it; under "p95" a ceiling
// asks that 95 % be at or below it.
type SLO struct {
	OutputSpeed map[string]units.TokenRate `yaml:"output_speed,omitempty"`
	TTFT        map[string]units.Seconds   `yaml:"ttft,omitempty"`
	// MinOutputTokens is the output below which a request has no speed; 0
	// means 2, as one token has no time between tokens.
	MinOutputTokens int `yaml:"min_output_tokens,omitempty"`
}

// Measure names what a criterion is about.
type Measure string

// The measures of a service level: OutputSpeed in tok/s, TTFT in seconds.
const (
	OutputSpeed Measure = "output_speed"
	TTFT        Measure = "ttft"
)

// Criterion is one condition of a service level.
type Criterion struct {
	Measure Measure
	Percent float64 // 25 of "p25"
	Target  float64 // tok/s or seconds
	Share   float64 // of requests that must meet the target
}

// Meets reports whether a request with such a value meets the target.
func (c Criterion) Meets(value float64) bool {
	if c.Measure == OutputSpeed {
		return value >= c.Target
	}
	return value <= c.Target
}

// String is the condition as people write it: "output_speed p25 >= 20tok/s".
func (c Criterion) String() string {
	if c.Measure == OutputSpeed {
		return fmt.Sprintf("%s p%g >= %v", c.Measure, c.Percent, units.TokenRate(c.Target))
	}
	return fmt.Sprintf("%s p%g <= %v", c.Measure, c.Percent, units.Seconds(c.Target))
}

// Validate reports every field that cannot be, by its path.
func (s SLO) Validate() error {
	_, speed := criterion(OutputSpeed, s.OutputSpeed)
	_, ttft := criterion(TTFT, s.TTFT)
	errs := []error{speed, ttft}
	if len(s.OutputSpeed)+len(s.TTFT) == 0 {
		errs = append(errs, errors.New("is empty, must have output_speed or ttft, "+
			"such as {output_speed: {p25: 20tok/s}, ttft: {p95: 10s}}"))
	}
	if s.MinOutputTokens < 0 || s.MinOutputTokens == 1 {
		errs = append(errs, fmt.Errorf("min_output_tokens: is %d, must be 2 or more", s.MinOutputTokens))
	}
	return errors.Join(errs...)
}

// Criteria lists the conditions of a valid service level, speed first.
func (s SLO) Criteria() []Criterion {
	var all []Criterion
	if len(s.OutputSpeed) > 0 {
		all = append(all, s.speed())
	}
	if len(s.TTFT) > 0 {
		all = append(all, s.ttft())
	}
	return all
}

func (s SLO) speed() Criterion { c, _ := criterion(OutputSpeed, s.OutputSpeed); return c }
func (s SLO) ttft() Criterion  { c, _ := criterion(TTFT, s.TTFT); return c }

// MinOutput is the output, in tokens, from which on a request has a speed.
func (s SLO) MinOutput() int { return max(s.MinOutputTokens, 2) }

// SpeedFloor is in tok/s; 0 where the service level has none.
func (s SLO) SpeedFloor() float64 { return s.speed().Target }

// SpeedShare is the share of requests that must reach SpeedFloor; 0 where
// there is none.
func (s SLO) SpeedShare() float64 { return s.speed().Share }

// TTFTLimit is in seconds; infinite where the service level has none.
func (s SLO) TTFTLimit() float64 {
	if len(s.TTFT) == 0 {
		return math.Inf(1)
	}
	return s.ttft().Target
}

// TTFTShare is the share of requests that must keep TTFTLimit; 0 where there
// is none.
func (s SLO) TTFTShare() float64 { return s.ttft().Share }

// String is the service level as people write it.
func (s SLO) String() string {
	var parts []string
	for _, c := range s.Criteria() {
		parts = append(parts, c.String())
	}
	return strings.Join(parts, ", ")
}

// criterion reads the one target of a measure; the zero Criterion where there
// is none.
func criterion[T ~float64](m Measure, targets map[string]T) (Criterion, error) {
	if len(targets) == 0 {
		return Criterion{}, nil
	}
	keys := slices.Sorted(maps.Keys(targets))
	if len(keys) > 1 {
		return Criterion{}, fmt.Errorf("%s: has %d percentiles (%s), must have one", m, len(keys), strings.Join(keys, ", "))
	}
	target := targets[keys[0]]
	percent, err := parsePercentile(keys[0])
	if err != nil {
		return Criterion{}, fmt.Errorf("%s.%s: %w", m, keys[0], err)
	}
	if !(target > 0) || math.IsInf(float64(target), 0) {
		return Criterion{}, fmt.Errorf("%s.%s: is %v, must be above 0", m, keys[0], target)
	}
	share := percent / 100
	if m == OutputSpeed {
		share = (100 - percent) / 100
	}
	return Criterion{Measure: m, Percent: percent, Target: float64(target), Share: share}, nil
}

func parsePercentile(key string) (float64, error) {
	digits, ok := strings.CutPrefix(key, "p")
	percent, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || !(percent > 0 && percent < 100) {
		return 0, errors.New("is no percentile, must lie between p0 and p100, such as p25 or p99.9")
	}
	return percent, nil
}
