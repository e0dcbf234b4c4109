package trace

import (
	"fmt"

	"agentsim/units"
)

// Warnings says what of a valid workload is hardly meant: a distribution whose
// typical value its own bounds forbid. A trace wins over the profile, which
// then says nothing.
func (w *Workload) Warnings() []string {
	if w.Trace != "" {
		return nil
	}
	p := &w.Synthetic
	var list []string
	for _, d := range []struct {
		path string
		in   *Tokens
	}{
		{"turns", &p.Turns},
		{"first_input", &p.FirstInput},
		{"shared_prefix", &p.SharedPrefix.Tokens},
		{"output", &p.Output},
		{"history", &p.History.Tokens},
		{"append_early", &p.AppendEarly},
		{"append_late", &p.AppendLate},
		{"session_factor", &p.SessionFactor},
		{"compaction.keep", &p.Compaction.Keep},
		{"prefix_break.cached", &p.PrefixBreak.Cached},
	} {
		list = append(list, bounded(d.path, d.in)...)
	}
	for _, d := range []struct {
		path string
		in   *Span
	}{{"tool_gap", &p.ToolGap}, {"user_turn.gap", &p.UserTurn.Gap}} {
		list = append(list, bounded(d.path, d.in)...)
	}
	return list
}

// bounded says whether the bounds of a distribution hold most of it.
func bounded[Q ~float64](path string, d *Distribution[Q]) []string {
	typical := Q(d.Typical())
	show := func(v Q) string {
		if s, ok := any(v).(units.Seconds); ok {
			return s.String()
		}
		return fmt.Sprint(v)
	}
	switch {
	case !d.Used() || d.Kind == Uniform:
	case d.Max > 0 && typical > d.Max:
		return []string{fmt.Sprintf("workload.%s: its median %s is above its max %s: most values are the max", path,
			show(typical), show(d.Max))}
	case typical < d.Min:
		return []string{fmt.Sprintf("workload.%s: its median %s is below its min %s: most values are the min", path,
			show(typical), show(d.Min))}
	}
	return nil
}
