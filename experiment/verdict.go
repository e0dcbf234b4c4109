package experiment

import "math"

// estimate is the share of calls that meet a criterion, and the standard
// deviation of its sampling error from the scatter of the batches (ratio
// estimator of batch means).
func estimate(batches []share) (met, deviation float64) {
	var part, whole float64
	for _, b := range batches {
		part += float64(b.met)
		whole += float64(b.calls)
	}
	if whole == 0 {
		return 0, 0
	}
	met = part / whole
	sum := 0.0
	for _, b := range batches {
		d := float64(b.met) - met*float64(b.calls)
		sum += d * d
	}
	if n := float64(len(batches)); n > 1 {
		deviation = math.Sqrt(sum*n/(n-1)) / whole
	}
	return met, deviation
}

// binding is the place of the condition that decides at the upper end of the
// bracket: the one with the smallest margin there.
func (s *search) binding() int {
	failed := s.failure().phase.Conditions
	worst := 0
	for i := range failed {
		if failed[i].Margin() < failed[worst].Margin() {
			worst = i
		}
	}
	return worst
}

// failure is the smallest number that fails.
func (s *search) failure() *phase {
	for _, p := range s.phases {
		if p.agents == s.high {
			return p
		}
	}
	return s.answer()
}
