package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"agentsim/metrics"
)

// Caps writes what racks hold in the power of fewer, for people.
func Caps(w io.Writer, c *metrics.Caps, style Style) error {
	var b strings.Builder
	title := fmt.Sprintf("%s: %d racks in the power of %d, %s kW each at the wall", c.Scenario, c.Racks, c.Within,
		Significant(c.RackCapW/kiloWatts))
	fmt.Fprintf(&b, "%s\n", style.bold(title))
	t := numbers(table.Row{"policy", "caps of accelerators, W", "agents", "kept", "all racks", "turns/s", "kW a rack",
		"limit"}, 2)
	t.SetColumnConfigs(alignRight(3, 7))
	for _, row := range append([]metrics.CapPolicy{c.Uncapped}, c.Policies...) {
		t.AppendRow(table.Row{row.Policy, capsInWords(row.CapsW), style.bold(Count(row.Agents)),
			fmt.Sprintf("%.1f %%", 100*row.Kept), fmt.Sprintf("%.3g x", row.Fleet), Significant(row.TurnsPerS),
			Significant(row.RackW / kiloWatts), row.Limit})
	}
	b.WriteString(t.Render() + "\n")
	fmt.Fprintf(&b, "all racks: agents of %d capped racks over those of %d without a cap. "+
		"Slower decoding lets agents ask less often, so that more of them are served fewer turns.\n", c.Racks, c.Within)
	if len(c.Policies) > 0 {
		fmt.Fprintf(&b, "the best: --set %s\n", strings.Join(c.Policies[0].Settings, " --set "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func capsInWords(caps map[string]float64) string {
	var parts []string
	for _, pool := range slices.Backward(slices.Sorted(maps.Keys(caps))) { // prefill before decode
		parts = append(parts, fmt.Sprintf("%s %.0f", pool, caps[pool]))
	}
	return strings.Join(parts, ", ")
}

// CapsCSV writes a row a policy, first that without a cap.
func CapsCSV(w io.Writer, c *metrics.Caps) error {
	rows := [][]string{{"policy", "racks", "within", "rack_cap_w", "caps_w", "agents", "kept", "fleet", "turns_per_s",
		"rack_w", "limit"}}
	for _, row := range append([]metrics.CapPolicy{c.Uncapped}, c.Policies...) {
		rows = append(rows, []string{row.Policy, fmt.Sprint(c.Racks), fmt.Sprint(c.Within), fmt.Sprint(c.RackCapW),
			capsInWords(row.CapsW), fmt.Sprint(row.Agents), fmt.Sprint(row.Kept), fmt.Sprint(row.Fleet),
			fmt.Sprint(row.TurnsPerS),
			fmt.Sprint(row.RackW), row.Limit})
	}
	return csv.NewWriter(w).WriteAll(rows)
}
