package sim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestZeroTimerIsInert(t *testing.T) {
	var none Timer
	require.False(t, none.Pending())
	require.False(t, none.Cancel())
}

func TestCancelledEventNeverMovesTheClock(t *testing.T) {
	s := New(Options{})
	var log []string
	k := logged(s, "k", Arrive, &log)
	k.At(Second, 0)
	timeout := k.At(Second*100, 0)
	require.True(t, timeout.Pending())
	require.True(t, timeout.Cancel())
	require.False(t, timeout.Cancel(), "it was cancelled already")
	require.False(t, timeout.Pending())
	require.Equal(t, 1, s.Pending())
	require.NoError(t, s.Run(Forever))
	require.Equal(t, Second, s.Now())
	require.Len(t, log, 1)
}

func TestTimerOfAnEventThatRanIsSpent(t *testing.T) {
	s := New(Options{})
	var timer Timer
	k := NewKind(s, "k", Arrive, func(int) error {
		require.False(t, timer.Pending(), "an event is no longer pending while it runs")
		require.False(t, timer.Cancel())
		return nil
	})
	timer = k.At(Second, 0)
	require.NoError(t, s.Run(Forever))
	require.False(t, timer.Cancel())
}

func TestOldTimerDoesNotTouchItsSlotsNextEvent(t *testing.T) {
	s := New(Options{})
	var seen []int
	k := NewKind(s, "k", Arrive, func(i int) error {
		seen = append(seen, i)
		return nil
	})
	first := k.At(1, 1)
	require.NoError(t, s.Run(1))
	second := k.At(2, 2)
	require.Equal(t, first.slot, second.slot, "the slot is reused")
	require.False(t, first.Cancel())
	require.True(t, second.Pending())
	require.NoError(t, s.Run(Forever))
	require.Equal(t, []int{1, 2}, seen)
}

func TestSlotOfACancelledEventWaitsForItsEntry(t *testing.T) {
	s := New(Options{})
	var seen []int
	k := NewKind(s, "k", Arrive, func(i int) error {
		seen = append(seen, i)
		return nil
	})
	dead := k.At(1, 1)
	dead.Cancel()
	next := k.At(1, 2)
	require.NotEqual(t, dead.slot, next.slot, "the dead entry is still queued")
	require.NoError(t, s.Run(1))
	require.Equal(t, []int{2}, seen)
	require.Len(t, k.owners, 2)
	k.At(2, 3)
	k.At(2, 4)
	require.Len(t, k.owners, 2, "both slots are free again")
}

func TestQueueIsSweptWhenTheDeadOutnumberTheLiving(t *testing.T) {
	s := New(Options{})
	var seen []int
	k := NewKind(s, "k", Arrive, func(i int) error {
		seen = append(seen, i)
		return nil
	})
	var timers []Timer
	for i := range 1000 {
		timers = append(timers, k.At(Time(1000-i), i))
	}
	for i, timer := range timers {
		if i%10 != 0 {
			timer.Cancel()
		}
	}
	require.Equal(t, 100, s.Pending())
	require.Less(t, len(s.queue), 300)
	require.NoError(t, s.Run(Forever))
	require.Len(t, seen, 100)
	for i, v := range seen {
		require.Equal(t, 990-10*i, v)
	}
}

func TestCancellingEverythingEmptiesTheQueue(t *testing.T) {
	s := New(Options{})
	var log []string
	k := logged(s, "k", Arrive, &log)
	for range 5 {
		var timers []Timer
		for i := range compactAt {
			timers = append(timers, k.At(Time(i), 0))
		}
		for _, timer := range timers {
			timer.Cancel()
		}
		require.Zero(t, s.Pending())
	}
	require.Len(t, k.owners, compactAt)
	require.NoError(t, s.Run(Forever))
	require.Zero(t, s.Now())
	require.Empty(t, log)
}

func TestSteadyStateAllocatesNothing(t *testing.T) {
	s := New(Options{})
	type payload [2]uint64
	timers := make([]Timer, 64)
	timeout := NewKind(s, "timeout", Observe, func(payload) error { return nil })
	var work *Kind[payload]
	work = NewKind(s, "work", Complete, func(p payload) error {
		timers[p[0]].Cancel()
		timers[p[0]] = timeout.After(Second, p)
		work.After(Time(1+p[0]%7)*Millisecond, p)
		s.Mix(p[0])
		return nil
	})
	for id := range timers {
		work.At(Time(id), payload{uint64(id)})
	}
	require.NoError(t, s.Run(10*Second)) // grow everything to its final size
	allocations := testing.AllocsPerRun(100, func() {
		for range 1000 {
			_, _ = s.Step()
		}
	})
	require.Zero(t, allocations)
}
