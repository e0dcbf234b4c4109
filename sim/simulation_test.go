package sim

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// logged declares a kind whose handler appends name to log.
func logged(s *Simulation, name string, phase Phase, log *[]string) *Kind[int] {
	return NewKind(s, name, phase, func(int) error {
		*log = append(*log, name)
		return nil
	})
}

func TestPhasesOfOneInstantRunInTheirOrder(t *testing.T) {
	for seed := range uint64(50) {
		s := New(Options{})
		var log []string
		var kinds []*Kind[int]
		for p := range phases {
			kinds = append(kinds, logged(s, p.String(), p, &log))
		}
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		for _, k := range kinds {
			k.At(Second, 0)
		}
		require.NoError(t, s.Run(Forever))
		require.Equal(t, []string{"complete", "transfer", "arrive", "decide", "observe"}, log)
		require.Equal(t, Second, s.Now())
	}
}

func TestEqualTimeAndPhaseRunAsScheduled(t *testing.T) {
	s := New(Options{})
	var log []string
	b, a := logged(s, "b", Arrive, &log), logged(s, "a", Arrive, &log)
	a.At(1, 0)
	b.At(1, 0)
	a.At(1, 0)
	require.NoError(t, s.Run(Forever))
	require.Equal(t, []string{"a", "b", "a"}, log)
}

func TestHandlerMayScheduleLaterPhaseOfSameInstant(t *testing.T) {
	s := New(Options{})
	var log []string
	decide := logged(s, "decide", Decide, &log)
	var arrive *Kind[int]
	arrive = NewKind(s, "arrive", Arrive, func(more int) error {
		log = append(log, "arrive")
		decide.At(s.Now(), 0)
		if more > 0 {
			arrive.At(s.Now(), more-1)
		}
		return nil
	})
	arrive.At(Second, 1)
	require.NoError(t, s.Run(Forever))
	require.Equal(t, []string{"arrive", "arrive", "decide", "decide"}, log)
}

func TestSchedulingInThePastIsRefused(t *testing.T) {
	s := New(Options{})
	var log []string
	complete := logged(s, "complete", Complete, &log)
	var refusals []any
	try := func(f func() Timer) {
		defer func() { refusals = append(refusals, recover()) }()
		f()
	}
	decide := NewKind(s, "decide", Decide, func(int) error {
		try(func() Timer { return complete.At(Second-1, 0) })
		try(func() Timer { return complete.After(-1, 0) })
		try(func() Timer { return complete.After(Forever, 0) })
		try(func() Timer { return complete.At(Second, 0) }) // right instant, but its phase is over
		return nil
	})
	decide.At(Second, 0)
	require.NoError(t, s.Run(Forever))
	require.Equal(t, []any{
		"sim: complete (complete) scheduled for 999.999999ms, but the clock is at 1s (decide)",
		"sim: complete (complete) scheduled for 999.999999ms, but the clock is at 1s (decide)",
		"sim: complete (complete) scheduled for -2562047h47m15.854775809s, but the clock is at 1s (decide)",
		"sim: complete (complete) scheduled for 1s, but the clock is at 1s (decide)",
	}, refusals)
	require.Empty(t, log)
	require.Zero(t, s.Pending())
}

func TestRunLeavesTheClockAtItsEnd(t *testing.T) {
	s := New(Options{})
	var log []string
	k := logged(s, "k", Arrive, &log)
	for _, at := range []Time{1, 2, 3} {
		k.At(at*Second, 0)
	}
	require.NoError(t, s.Run(2*Second))
	require.Len(t, log, 2, "the event at the end itself runs")
	require.NoError(t, s.Run(2500*Millisecond))
	require.Equal(t, 2500*Millisecond, s.Now())
	require.Equal(t, 1, s.Pending())
	require.ErrorContains(t, s.Run(Second), "cannot run until 1s: the clock is already at 2.5s")
	require.NoError(t, s.Run(Forever))
	require.Equal(t, 3*Second, s.Now())
	require.EqualValues(t, 3, s.Events())
}

func TestANewInstantBeginsWithItsFirstPhase(t *testing.T) {
	s := New(Options{})
	var log []string
	first, last := logged(s, "first", Complete, &log), logged(s, "last", Observe, &log)
	last.At(Second, 0)
	require.NoError(t, s.Run(Second))
	require.Panics(t, func() { first.At(Second, 0) })
	require.NoError(t, s.Run(2*Second))
	first.At(2*Second, 0)
	require.NoError(t, s.Run(2*Second))
	require.Equal(t, []string{"last", "first"}, log)
}

func TestStopEndsRunAfterTheHandler(t *testing.T) {
	s := New(Options{})
	var seen []int
	k := NewKind(s, "k", Arrive, func(i int) error {
		if i == 1 {
			s.Stop()
		}
		seen = append(seen, i)
		return nil
	})
	for i := range 3 {
		k.At(Time(i)*Second, i)
	}
	require.NoError(t, s.Run(10*Second))
	require.Equal(t, []int{0, 1}, seen)
	require.Equal(t, Second, s.Now())
	require.NoError(t, s.Run(10*Second))
	require.Equal(t, []int{0, 1, 2}, seen)
}

func TestStepRunsOneEvent(t *testing.T) {
	s := New(Options{})
	var log []string
	k := logged(s, "k", Arrive, &log)
	k.At(1, 0)
	k.At(2, 0).Cancel()
	ran, err := s.Step()
	require.NoError(t, err)
	require.True(t, ran)
	ran, err = s.Step()
	require.NoError(t, err)
	require.False(t, ran)
	require.Equal(t, Time(1), s.Now())
}

func TestHandlerErrorStopsTheRun(t *testing.T) {
	s := New(Options{})
	broken := errors.New("no room")
	k := NewKind(s, "admit", Arrive, func(i int) error {
		if i == 1 {
			return broken
		}
		return nil
	})
	for i := range 3 {
		k.At(Time(i)*Second, i)
	}
	err := s.Run(Forever)
	require.ErrorIs(t, err, broken)
	require.EqualError(t, err, "sim: admit at 1s: no room")
	require.Equal(t, 1, s.Pending())
}

func TestLivelockIsAnError(t *testing.T) {
	s := New(Options{EventsPerInstantMax: 100})
	var ping *Kind[int]
	ping = NewKind(s, "ping", Decide, func(i int) error {
		ping.At(s.Now(), i+1)
		return nil
	})
	ping.At(Second, 0)
	err := s.Run(Forever)
	require.ErrorIs(t, err, ErrLivelock)
	require.EqualError(t, err, "sim: ping at 1s: too many events at one instant (limit 100)")
	require.EqualValues(t, 100, s.Events())
}

func TestLivelockLimitIsPerInstant(t *testing.T) {
	s := New(Options{EventsPerInstantMax: 2})
	var log []string
	k := logged(s, "k", Arrive, &log)
	for i := range 100 {
		k.At(Time(i/2), 0)
	}
	require.NoError(t, s.Run(Forever))
	require.Len(t, log, 100)
}

func TestRunFromWithinAHandlerIsRefused(t *testing.T) {
	s := New(Options{})
	k := NewKind(s, "k", Arrive, func(int) error { return s.Run(Forever) })
	k.At(1, 0)
	require.PanicsWithValue(t, "sim: Run or Step called from within a handler or recorder", func() { _ = s.Run(Forever) })
}

func TestBadKindsAreRefused(t *testing.T) {
	s := New(Options{})
	nothing := func(int) error { return nil }
	NewKind(s, "tick", Arrive, nothing)
	require.Panics(t, func() { NewKind(s, "tick", Decide, nothing) })
	require.Panics(t, func() { NewKind(s, "", Arrive, nothing) })
	require.Panics(t, func() { NewKind(s, "late", Observe+1, nothing) })
}
