package trace

import (
	"io"
	"math/rand/v2"
	"strconv"
)

// Generator is a Reader of sessions drawn from a profile. Session i depends on
// the seed and i alone, so a longer trace begins like a shorter one.
type Generator struct {
	profile  *Profile
	seed     uint64
	sessions int

	drawn   int // sessions so far
	session Session
	turn    int // of the session, to be read next
	id      string
	team    *team // of the session's sub-agents; nil = the profile has none

	rate     float64 // sessions a second; 0 = without times
	arrived  float64 // seconds: when the session at hand began
	arrivals *rand.Rand
}

// NewGenerator returns a Reader of that many sessions. The profile must be valid.
func NewGenerator(p *Profile, seed uint64, sessions int) *Generator {
	return &Generator{profile: p, seed: seed, sessions: sessions}
}

// Arriving gives sessions times: they come one after the other at random, so many
// a second on average (a Poisson process).
func (g *Generator) Arriving(rate float64) *Generator {
	const apart = 3 << 61 // a stream of its own
	g.rate, g.arrivals = rate, rand.New(rand.NewPCG(g.seed, apart))
	return g
}

// Read fills call with the next turn, or returns io.EOF.
func (g *Generator) Read(call *Call) error {
	if g.turn == len(g.session.Turns) {
		if g.team != nil && g.team.read(call, g.id) {
			return nil
		}
		if g.drawn == g.sessions {
			return io.EOF
		}
		g.next()
	}
	*call = g.session.Turns[g.turn].call()
	call.Session, call.Turn = g.id, g.turn
	if g.turn == 0 {
		call.Gap, call.Shared = Unknown, int(g.session.Shared)
		if g.rate > 0 {
			call.Start = g.arrived
		}
	}
	if g.team != nil {
		call.Joins = g.team.gated[g.turn]
	}
	g.turn++
	return nil
}

func (g *Generator) next() {
	g.drawn++
	g.turn = 0
	if g.rate > 0 {
		g.arrived += g.arrivals.ExpFloat64() / g.rate
	}
	g.id = g.profile.Name + "-" + strconv.Itoa(g.drawn)
	g.profile.Draw(rand.New(rand.NewPCG(g.seed, uint64(g.drawn))), &g.session)
	if g.profile.SubAgents != nil {
		const apart = 1 << 63 // sub-agents draw from streams of their own
		g.team = newTeam(g.profile, rand.New(rand.NewPCG(g.seed, apart|uint64(g.drawn))), len(g.session.Turns))
	}
}
