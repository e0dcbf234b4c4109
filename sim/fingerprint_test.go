package sim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

type text []string

func (r *text) Record(e Event) {
	*r = append(*r, e.At.String()+" "+e.Phase.String()+" "+e.Kind+" "+e.Text())
}

// chain runs a small random model to its end: each event schedules its
// successor, and an echo that may be cancelled again before it sounds.
func chain(t *testing.T, opts Options) *Simulation {
	s := New(opts)
	wireChain(s)
	require.NoError(t, s.Run(Forever))
	return s
}

func wireChain(s *Simulation) {
	r := s.Stream("gaps")
	echo := NewKind(s, "echo", Observe, func(int) error { return nil })
	var last Timer
	var hop *Kind[int]
	hop = NewKind(s, "hop", Arrive, func(left int) error {
		last.Cancel()
		last = echo.After(Time(r.IntN(1000)), left)
		s.Mix(uint64(left))
		if left > 0 {
			hop.After(Time(r.IntN(1000)), left-1)
		}
		return nil
	})
	hop.At(0, 500)
}

func TestFingerprintIsRepeatable(t *testing.T) {
	a, b := chain(t, Options{Seed: 1}), chain(t, Options{Seed: 1})
	require.Equal(t, a.Fingerprint(), b.Fingerprint())
	require.NotEqual(t, a.Fingerprint(), chain(t, Options{Seed: 2}).Fingerprint())
	require.Equal(t, uint64(0xb5fa44b5dd0b5a2c), a.Fingerprint(), "the same on every machine and in every build")
}

func TestRecorderDoesNotChangeTheFingerprint(t *testing.T) {
	var recorded text
	with := chain(t, Options{Seed: 1, Recorder: &recorded})
	without := chain(t, Options{Seed: 1})
	require.Equal(t, without.Fingerprint(), with.Fingerprint())
	require.EqualValues(t, with.Events(), len(recorded))
	require.Equal(t, "0s arrive hop 500", recorded[0])
}

func TestFingerprintSeesTimeKindOrderAndMix(t *testing.T) {
	run := func(mixed uint64, wire func(a, b *Kind[int])) uint64 {
		s := New(Options{})
		a := NewKind(s, "a", Arrive, func(int) error { s.Mix(mixed); return nil })
		b := NewKind(s, "b", Arrive, func(int) error { return nil })
		wire(a, b)
		require.NoError(t, s.Run(Forever))
		return s.Fingerprint()
	}
	base := run(0, func(a, b *Kind[int]) { a.At(1, 0); b.At(1, 0) })
	require.NotEqual(t, base, run(0, func(a, b *Kind[int]) { b.At(1, 0); a.At(1, 0) }), "order")
	require.NotEqual(t, base, run(0, func(a, b *Kind[int]) { a.At(2, 0); b.At(2, 0) }), "time")
	require.NotEqual(t, base, run(0, func(a, _ *Kind[int]) { a.At(1, 0); a.At(1, 0) }), "kind")
	require.NotEqual(t, base, run(1, func(a, b *Kind[int]) { a.At(1, 0); b.At(1, 0) }), "mix")
	require.Equal(t, base, run(0, func(a, b *Kind[int]) { a.At(1, 0); b.At(1, 9).Cancel(); b.At(1, 0) }), "cancelled")
}

func TestFingerprintIgnoresHowARunIsCut(t *testing.T) {
	s := New(Options{Seed: 3})
	wireChain(s)
	for s.Pending() > 0 {
		require.NoError(t, s.Run(s.Now()+777))
	}
	require.Equal(t, chain(t, Options{Seed: 3}).Fingerprint(), s.Fingerprint())
}

type recorderFunc func(Event)

func (f recorderFunc) Record(e Event) { f(e) }

func TestRecorderReadsTypedPayloads(t *testing.T) {
	type parcel struct{ From, To int }
	var sent, other *Kind[parcel]
	var kept Event
	s := New(Options{Recorder: recorderFunc(func(e Event) {
		p, ok := sent.Payload(e)
		require.True(t, ok)
		require.Equal(t, parcel{1, 2}, p)
		_, ok = other.Payload(e)
		require.False(t, ok, "an event is of one kind only")
		require.Equal(t, "{1 2}", e.Text())
		kept = e
	})})
	deliver := func(parcel) error { return nil }
	sent, other = NewKind(s, "sent", Transfer, deliver), NewKind(s, "other", Transfer, deliver)
	sent.At(1, parcel{1, 2})
	require.NoError(t, s.Run(Forever))
	_, ok := sent.Payload(kept)
	require.False(t, ok, "the payload is gone after Record")
	require.Empty(t, kept.Text())
	require.Empty(t, Event{}.Text())
}

func TestRecorderCannotTouch(t *testing.T) {
	for name, touch := range map[string]func(*Simulation, *Kind[int], Timer){
		"At":     func(_ *Simulation, k *Kind[int], _ Timer) { k.At(5, 0) },
		"Cancel": func(_ *Simulation, _ *Kind[int], later Timer) { later.Cancel() },
		"Mix":    func(s *Simulation, _ *Kind[int], _ Timer) { s.Mix(1) },
		"Stop":   func(s *Simulation, _ *Kind[int], _ Timer) { s.Stop() },
		"Step":   func(s *Simulation, _ *Kind[int], _ Timer) { _, _ = s.Step() },
	} {
		t.Run(name, func(t *testing.T) {
			var s *Simulation
			var k *Kind[int]
			var later Timer
			s = New(Options{Recorder: recorderFunc(func(Event) { touch(s, k, later) })})
			k = NewKind(s, "k", Arrive, func(int) error { return nil })
			k.At(1, 0)
			later = k.At(2, 0)
			require.Panics(t, func() { _, _ = s.Step() })
		})
	}
}
