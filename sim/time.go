package sim

import (
	"fmt"
	"math"
	"time"
)

// Time is an instant in nanoseconds since the start of the simulation, or a
// span between two instants. Models compute in float64 seconds; they are
// rounded to Time once, when something is scheduled, and never added as floats.
type Time int64

// Units of Time.
const (
	Nanosecond  Time = 1
	Microsecond      = 1000 * Nanosecond
	Millisecond      = 1000 * Microsecond
	Second           = 1000 * Millisecond
)

// Forever is later than any event: Run(Forever) runs until the queue is empty.
const Forever Time = math.MaxInt64

// Seconds is t in seconds.
func (t Time) Seconds() float64 { return float64(t) / float64(Second) }

// String prints t as Go prints durations, e.g. 1.5s.
func (t Time) String() string { return time.Duration(t).String() }

// FromSeconds rounds seconds to the nearest Time. Work of any length lasts at
// least one tick, so that what it causes comes strictly after what caused it.
// NaN, infinities, negative values and spans beyond 292 years are errors.
func FromSeconds(seconds float64) (Time, error) {
	ticks := math.Round(seconds * float64(Second))
	switch {
	case math.IsNaN(ticks) || seconds < 0:
		return 0, fmt.Errorf("sim: %v seconds is no span of time; it must be a number >= 0", seconds)
	case ticks >= float64(Forever):
		return 0, fmt.Errorf("sim: %v seconds is beyond the longest span, %v", seconds, Forever)
	case seconds > 0 && ticks < 1:
		return 1, nil
	}
	return Time(ticks), nil
}

// Ticks is FromSeconds for spans that a model has computed: there, NaN, an
// infinity or a negative value is a programming error, and Ticks panics.
func Ticks(seconds float64) Time {
	t, err := FromSeconds(seconds)
	if err != nil {
		panic(err)
	}
	return t
}
