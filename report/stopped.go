package report

import (
	"fmt"
	"io"
	"strings"

	"agentsim/metrics"
)

// Stopped writes what an interrupted search knew of its answer.
func Stopped(w io.Writer, s *metrics.Stopped) error {
	known := "not even one number of agents was decided"
	low, high := Count(float64(s.AtLeast)), Count(float64(s.Below))
	switch {
	case s.AtLeast > 0 && s.Below > 0:
		known = fmt.Sprintf("agents between %s and %s", low, high)
	case s.AtLeast > 0:
		known = fmt.Sprintf("at least %s agents", low)
	case s.Below > 0:
		known = fmt.Sprintf("fewer than %s agents", high)
	}
	_, err := fmt.Fprintf(w, "%s\n  %s; stopped\n", strings.TrimSuffix(s.Scenario+": "+s.Question, ": "), known)
	return err
}
