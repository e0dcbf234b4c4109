package readers

import (
	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// seconds reads a time of 0 or more given in a unit of so many seconds; null
// reads as unknown.
func seconds(s *jsonscan.Scanner, name string, unit float64) float64 {
	if s.Null() {
		return trace.Unknown
	}
	v := s.Float()
	if v < 0 {
		s.Fail("%s: %v; want a time of 0 or more", name, v)
		return trace.Unknown
	}
	return v * unit
}
