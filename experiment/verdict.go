package experiment

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
