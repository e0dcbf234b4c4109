package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"agentsim/metrics"
)

// PowerCSV writes watts by component over simulated time, one row a slice.
func PowerCSV(w io.Writer, series []metrics.PowerSample) error {
	c := csv.NewWriter(w)
	rows := [][]string{{"from_s", "to_s", "accelerator_w", "cpu_w", "host_w", "switch_w", "fans_w", "conversion_w", "it_w",
		"facility_w"}}
	for _, s := range series {
		var row []string
		for _, v := range []float64{s.FromS, s.ToS, s.Accelerator, s.CPU, s.Host, s.Switch, s.Fans, s.Conversion, s.IT,
			s.Facility} {
			row = append(row, strconv.FormatFloat(v, 'g', -1, 64))
		}
		rows = append(rows, row)
	}
	if err := c.WriteAll(rows); err != nil {
		return fmt.Errorf("writing csv: %w", err)
	}
	return nil
}

// PowerLines is the figure of watts over simulated time: what components add
// up to, from the accelerators to the building.
func PowerLines(title string, series []metrics.PowerSample) Lines {
	const kilo = 1e3
	var seconds []float64
	curves := []Line{{Name: "accelerators"}, {Name: "and hosts"}, {Name: "and switches"}, {Name: "at the wall"},
		{Name: "with the building"}}
	for _, s := range series {
		const middle = 2
		seconds = append(seconds, (s.FromS+s.ToS)/middle)
		hosts := s.Accelerator + s.CPU + s.Host
		for i, watts := range []float64{s.Accelerator, hosts, hosts + s.Switch, s.IT, s.Facility} {
			curves[i].Y = append(curves[i].Y, watts/kilo)
		}
	}
	for i := range curves {
		curves[i].X = seconds
	}
	return Lines{Title: title, X: "simulated time, s", Y: "kW", Lines: curves}
}
