package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

func twoSlices() []metrics.PowerSample {
	return []metrics.PowerSample{
		{FromS: 60, ToS: 70, Accelerator: 4000, CPU: 300, Host: 200, Switch: 500, Fans: 100, Conversion: 50, IT: 5150,
			Facility: 6000},
		{FromS: 70, ToS: 80, Accelerator: 2000.5, IT: 2000.5, Facility: 2500},
	}
}

func TestPowerOverTimeAsRows(t *testing.T) {
	var b strings.Builder
	require.NoError(t, PowerCSV(&b, twoSlices()))
	require.Equal(t, "from_s,to_s,accelerator_w,cpu_w,host_w,switch_w,fans_w,conversion_w,it_w,facility_w\n"+
		"60,70,4000,300,200,500,100,50,5150,6000\n70,80,2000.5,0,0,0,0,0,2000.5,2500\n", b.String())
}

func TestPowerOverTimeAsLines(t *testing.T) {
	l := PowerLines("title", twoSlices())
	require.Equal(t, []float64{65, 75}, l.Lines[0].X)
	var first []float64
	for _, curve := range l.Lines {
		first = append(first, curve.Y[0])
	}
	require.Equal(t, []float64{4, 4.5, 5, 5.15, 6}, first)
	files, err := l.Draw(t.TempDir(), "power")
	require.NoError(t, err)
	require.Len(t, files, 2)
}
