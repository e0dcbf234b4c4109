package metrics

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLittleByHand(t *testing.T) {
	f := NewFlow(0)
	f.Issue(0)
	f.Issue(2)
	f.Finish(4, 0)
	f.Finish(6, 2)
	// Two stays of 4 s in 8 s: one running on average.
	require.Equal(t, Little{Number: 1, Throughput: 0.25, Stay: 4}, f.Little(8))
	require.NoError(t, f.Check(8))
}

func TestLittleHoldsOnAnyRunAndWindow(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	f := NewFlow(5)
	now := 5.0
	var running []float64
	for step := range 20000 {
		now += random.ExpFloat64()
		if len(running) < 40 && random.Float64() < 0.5 {
			f.Issue(now)
			running = append(running, now)
		} else if len(running) > 0 {
			i := random.IntN(len(running))
			f.Finish(now, running[i])
			running[i] = running[len(running)-1]
			running = running[:len(running)-1]
		}
		if step == 19990 {
			f.Restart(now)
		}
		require.EqualValues(t, len(running), f.Running())
	}
	require.NoError(t, f.Check(now+1))
	require.Positive(t, f.Little(now+1).Number)
	for _, issued := range running {
		f.Finish(now+2, issued)
	}
	require.NoError(t, f.Check(now+2), "calls carried into the window entered at its start")
}

func TestBrokenLawsAreFound(t *testing.T) {
	f := NewFlow(0)
	f.Finish(1, 0)
	require.ErrorContains(t, f.Check(1), "1 finished")

	f = NewFlow(0)
	f.Issue(0)
	f.Finish(10, 7) // it came at 0
	require.ErrorContains(t, f.Check(10), "0 running came -7 s into")

	f = NewFlow(0)
	f.Issue(0)
	f.Finish(10, 0)
	f.running.area++
	require.ErrorContains(t, f.Check(10), "little's law")
}

func TestTimeMeanWeighsByTime(t *testing.T) {
	m := NewTimeMean(10)
	require.Zero(t, m.Mean(10))
	m.Set(10, 4)
	m.Set(13, 8)
	require.Equal(t, 5.0, m.Mean(14))
	require.Equal(t, 20.0, m.Integral(14))
}

func TestEnergyIsTheSumOfItsParts(t *testing.T) {
	e := NewEnergy(0, "accelerators", "hosts")
	e.SetWatts(0, 0, 100)
	e.SetWatts(0, 1, 50)
	e.SetWatts(10, 0, 300)
	e.Work(0, 25)
	require.Equal(t, 100*10+300*2+25.0, e.Joules(12, 0))
	require.Equal(t, 600.0, e.Joules(12, 1))
	require.Equal(t, 2225.0, e.Total(12))
	require.Equal(t, []string{"accelerators", "hosts"}, e.Components())

	e.Restart(12)
	require.Zero(t, e.Total(12))
	require.Equal(t, 350.0, e.Total(13), "power goes on in the new window")
}

func TestEnergyAccountsAgreeAfterManyChanges(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	e := NewEnergy(0, "a", "b", "c")
	now := 0.0
	for range 100000 {
		now += random.ExpFloat64()
		e.SetWatts(now, random.IntN(3), 1e5*random.Float64())
		e.Work(random.IntN(3), random.Float64())
	}
	require.NoError(t, e.Check(now))
	e.parts[1].area *= 1 + 1e-6
	require.ErrorContains(t, e.Check(now), "energy: components take")
}
