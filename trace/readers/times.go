package readers

import (
	"errors"
	"strconv"
	"time"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// Units of time, in seconds.
const (
	milli = 1e-3
	micro = 1e-6
	nano  = 1e-9
)

// seconds reads a time of 0 or more given in a unit of so many seconds; null
// reads as unknown.
func seconds(s *jsonscan.Scanner, name string, unit float64) float64 {
	if s.Null() {
		return trace.Unknown
	}
	v := s.Float()
	if !(v >= 0 && v*unit <= unixMax) {
		s.Fail("%s: %v; want a time of 0 or more, and before the year 2255", name, v)
		return trace.Unknown
	}
	return v * unit
}

// unixMax bounds all times, in seconds, so that they fit a clock.
const unixMax = 9e9

// wallTime reads a date with time, in the notations that exporters use. A time
// without zone is UTC.
func wallTime(text string) (time.Time, error) {
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999Z07:00",
		"2006-01-02 15:04:05.999999999",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errors.New("not a date with time, such as 2026-04-27T18:00:00Z")
}

// wallSeconds reads a date with time as Unix seconds; null and "" as unknown.
func wallSeconds(s *jsonscan.Scanner, name string) float64 {
	text := s.String()
	if text == "" || s.Err() != nil {
		return trace.Unknown
	}
	t, err := wallTime(text)
	if err != nil {
		s.Fail("%s: %v", name, err)
		return trace.Unknown
	}
	if t.Unix() < 0 {
		s.Fail("%s: a time before 1970", name)
		return trace.Unknown
	}
	return unixSeconds(t)
}

// unixSeconds returns the seconds since 1970.
func unixSeconds(t time.Time) float64 { return float64(t.Unix()) + float64(t.Nanosecond())*nano }

// instant reads a time: a date, or a number in a unit of so many seconds since
// 1970, in quotes or not; null and "" read as unknown.
func instant(s *jsonscan.Scanner, name string, unit float64) float64 {
	if !s.Is('"') {
		return seconds(s, name, unit)
	}
	text := s.String()
	if text == "" || s.Err() != nil {
		return trace.Unknown
	}
	if v, err := strconv.ParseFloat(text, 64); err == nil && v >= 0 && v*unit <= unixMax {
		return v * unit
	}
	t, err := wallTime(text)
	if err != nil || t.Unix() < 0 {
		s.Fail("%s: not a date with time, such as 2026-04-27T18:00:00Z, nor a number since 1970", name)
		return trace.Unknown
	}
	return unixSeconds(t)
}
