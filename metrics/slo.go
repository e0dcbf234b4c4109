package metrics

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"agentsim/fault"
	"agentsim/units"
)

// SLO is a service level: a floor on output speed, a ceiling on time to first
// token, a floor on end-to-end speed, or several of them, each at one
// percentile over requests. Under the key "p25" a floor asks that 75 % of
// requests be at or above it; under "p95" a ceiling asks that 95 % be at or
// below it.
type SLO struct {
	OutputSpeed map[string]units.TokenRate `yaml:"output_speed,omitempty"` // tokens after the first over their time
	TTFT        map[string]units.Seconds   `yaml:"ttft,omitempty"`
	E2ESpeed    map[string]units.TokenRate `yaml:"e2e_speed,omitempty"` // all tokens over the whole request
	// MinOutputTokens is the output below which a request has no speed; 0
	// means 2, as one token has no time between tokens.
	MinOutputTokens int `yaml:"min_output_tokens,omitempty"`
}

// Measure names what a criterion is about.
type Measure string

// The measures of a service level: speeds in tok/s, TTFT in seconds.
const (
	OutputSpeed Measure = "output_speed"
	TTFT        Measure = "ttft"
	E2ESpeed    Measure = "e2e_speed"
)

// floor reports whether more of the measure is better.
func (m Measure) floor() bool { return m != TTFT }

// Criterion is one condition of a service level.
type Criterion struct {
	Measure Measure
	Percent float64 // 25 of "p25"
	Target  float64 // tok/s or seconds
	Share   float64 // of requests that must meet the target
}

// Meets reports whether a request with such a value meets the target.
func (c Criterion) Meets(value float64) bool {
	if c.Measure.floor() {
		return value >= c.Target
	}
	return value <= c.Target
}

// String is the condition as people write it: "output_speed p25 >= 20tok/s".
func (c Criterion) String() string {
	if c.Measure.floor() {
		return fmt.Sprintf("%s p%g >= %v", c.Measure, c.Percent, units.TokenRate(c.Target))
	}
	return fmt.Sprintf("%s p%g <= %v", c.Measure, c.Percent, units.Seconds(c.Target))
}

// Validate returns every fault, joined; each is a *fault.Field.
func (s SLO) Validate() error {
	_, speed := criterion(OutputSpeed, s.OutputSpeed)
	_, ttft := criterion(TTFT, s.TTFT)
	_, e2e := criterion(E2ESpeed, s.E2ESpeed)
	var faults fault.List
	faults.In("", errors.Join(speed, ttft, e2e))
	if len(s.OutputSpeed)+len(s.TTFT)+len(s.E2ESpeed) == 0 {
		faults.Add("", "want output_speed, ttft or e2e_speed, such as {output_speed: {p25: 20tok/s}, ttft: {p95: 10s}}")
	}
	faults.Check(s.MinOutputTokens == 0 || s.MinOutputTokens >= 2, "min_output_tokens", s.MinOutputTokens, "2 or more")
	return faults.Err()
}

// Criteria lists the conditions of a valid service level: output speed, time
// to first token, end-to-end speed.
func (s SLO) Criteria() []Criterion {
	var all []Criterion
	for _, c := range s.criteria() {
		if c.Share > 0 {
			all = append(all, c)
		}
	}
	return all
}

// criteria lists one condition a measure, the zero Criterion where there is none.
func (s SLO) criteria() [3]Criterion {
	speed, _ := criterion(OutputSpeed, s.OutputSpeed)
	ttft, _ := criterion(TTFT, s.TTFT)
	e2e, _ := criterion(E2ESpeed, s.E2ESpeed)
	return [3]Criterion{speed, ttft, e2e}
}

// MinOutput is the output, in tokens, from which on a request has a speed.
func (s SLO) MinOutput() int { return max(s.MinOutputTokens, 2) }

// Pace is about the slowest turn that the service level lets pass: seconds to
// the first token and seconds for each one after it.
func (s SLO) Pace() (ttft, tpot float64) {
	const unsaid = 0.05 // seconds a token where no floor is asked for: the 20 tok/s of the benchmark's lowest tier
	tpot = unsaid
	for _, c := range slices.Backward(s.Criteria()) { // output speed last, as it says more
		if c.Measure == TTFT {
			ttft = c.Target
		} else {
			tpot = 1 / c.Target
		}
	}
	return ttft, tpot
}

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
		return Criterion{}, fault.Want(string(m), strings.Join(keys, ", "), "one percentile")
	}
	target, path := targets[keys[0]], fault.Join(string(m), keys[0])
	percent, ok := parsePercentile(keys[0])
	if !ok {
		return Criterion{}, fault.Want(path, keys[0], "a percentile between p0 and p100, such as p25 or p99.9")
	}
	if !(target > 0) || math.IsInf(float64(target), 0) {
		return Criterion{}, fault.Want(path, target, "more than 0")
	}
	share := percent / 100
	if m.floor() {
		share = (100 - percent) / 100
	}
	return Criterion{Measure: m, Percent: percent, Target: float64(target), Share: share}, nil
}

func parsePercentile(key string) (percent float64, ok bool) {
	digits, ok := strings.CutPrefix(key, "p")
	percent, err := strconv.ParseFloat(digits, 64)
	return percent, ok && err == nil && percent > 0 && percent < 100
}
