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
}

// NewGenerator returns a Reader of that many sessions. The profile must be valid.
func NewGenerator(p *Profile, seed uint64, sessions int) *Generator {
	return &Generator{profile: p, seed: seed, sessions: sessions}
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
	turn := &g.session.Turns[g.turn]
	*call = Call{
		Session: g.id, Turn: g.turn, Kind: turn.Kind,
		Start: Unknown, Gap: float64(turn.Gap), Service: Unknown,
		Input: int(turn.Input), Cached: int(turn.Prefix), Prefix: int(turn.Prefix), Output: int(turn.Output),
	}
	if g.turn == 0 {
		call.Gap, call.Shared = Unknown, int(g.session.Shared)
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
	g.id = g.profile.Name + "-" + strconv.Itoa(g.drawn)
	g.profile.Draw(rand.New(rand.NewPCG(g.seed, uint64(g.drawn))), &g.session)
	if g.profile.SubAgents != nil {
		const apart = 1 << 63 // sub-agents draw from streams of their own
		g.team = newTeam(g.profile, rand.New(rand.NewPCG(g.seed, apart|uint64(g.drawn))), len(g.session.Turns))
	}
}
