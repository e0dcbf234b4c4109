package sweep

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
)

// Whatever a study file holds, it gives a study whose number of points is
// known, or an error of the caller's.
func FuzzStudy(f *testing.F) {
	const head = "name: x\nscenario: h200-agentperf-slo20\n"
	for _, text := range []string{
		head + "axes: [{path: system.domain, values: [8, 16]}, {path: slo.ttft.p95, range: {from: 1s, to: 9s, steps: 3}}]\n",
		head + "combine: zip\naxes: [{path: power.pue, values: [1, 1.1]}]\nreplications: 2\nseed: 3\n",
		head + "combine: list\nlist: [{system: hgx-h200, system.domain: 16}, {slo.output_speed.p25: 30tok/s}]\n",
		head + "combine: halton\npoints: 9\naxes: [{path: workload.tool_gap.median, log_range: {from: 1s, to: 3s}}]\n",
		head + "axes: [{path: system.accelerator, presets: ['gb*']}]\nconstraints: [system.domain >= 8]\noutputs: [csv]\n" +
			"thresholds: [max(agents_per_mw.it) >= 2]\nobjectives: [{metric: power.it_w, goal: min}]\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, _, err := configs.Load[Study](&configs.Library{}, configs.Source{Name: "study.yaml", Text: []byte(text),
			ReadFile: func(string) ([]byte, error) { return nil, fs.ErrNotExist }}, nil)
		if err != nil {
			_, ok := errors.AsType[*configs.Error](err)
			require.True(t, ok, "%T: %v", err, err)
			return
		}
		require.NotEmpty(t, s.Written())
		require.NotEmpty(t, s.goals())
		require.GreaterOrEqual(t, s.countMin(), 0)
		if limit(s.countMin(), &s.Design, PointsMax) == nil {
			require.LessOrEqual(t, s.countMin()*s.replications(), PointsMax)
		}
	})
}

// The name of a study becomes that of a folder, which lies where it was meant.
func TestNamesOfStudiesStayInTheirFolder(t *testing.T) {
	for _, name := range []string{"", ".", "..", "../x", "a/b", `a\b`, "/x", ".hidden", "-f", "a b", "a\x00b", "a\nb"} {
		s := Study{Name: name}
		require.ErrorContains(t, s.Validate(), "name: ", "%q", name)
	}
	for _, name := range []string{"a", "hbm-domain_2.5", "0"} {
		s := Study{Name: name}
		require.NotContains(t, s.Validate().Error(), "name: ", "%q", name)
	}
}
