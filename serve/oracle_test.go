package serve

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/step"
	"agentsim/sim"
	"agentsim/trace"
)

// served says when the first and the last token of a call came.
type served struct{ first, last sim.Time }

// diary notes every agent's calls as they end.
type diary struct {
	c     *Cluster
	ends  []sim.Time // of decoding, by agent
	calls [][]served
}

// Record notes who ends with a step, and writes it down when the agent begins
// its next call. Answers of one token end with the step of their prompt.
func (d *diary) Record(e sim.Event) {
	if id, ok := d.c.boundary().Payload(e); ok {
		w := d.c.fleet.workers[id]
		for _, f := range w.batch.ends {
			if f.step <= w.batch.steps+int64(w.leg.decode) {
				d.ends[f.call] = e.At
			}
		}
	}
	if id, ok := d.c.agents.toolEnds.Payload(e); ok && d.c.fleet.calls[id].firstToken > 0 {
		first := d.c.fleet.calls[id].firstToken
		d.calls[id] = append(d.calls[id], served{first, max(first, d.ends[id])})
	}
}

// keepDiary runs a cluster and returns all its calls by agent.
func keepDiary(t *testing.T, cfg Config, seconds float64) ([][]served, *watched) {
	t.Helper()
	d := &diary{ends: make([]sim.Time, cfg.Agents), calls: make([][]served, cfg.Agents)}
	cfg.Recorder = d
	w := watch(t, cfg)
	d.c = w.Cluster
	w.run(seconds)
	return d.calls, w
}

// stepper is the oracle: one aggregated rank, step by step and sequence by
// sequence, without events, virtual steps, caches or queues to reuse. Every
// sequence has its own context, which grows by its own tokens.
type stepper struct {
	cfg    Config
	model  *step.Model
	drafts drafts
	now    sim.Time
	coming []patient // calls that have not arrived yet
	queue  []patient
	batch  []patient
	calls  [][]served

	tokens         int64
	steps, batches float64 // that decoded, and the sequences in them
}

// patient is an agent with its call.
type patient struct {
	id      int32
	agent   agent
	arrives sim.Time
	first   sim.Time
	done    int // prompt tokens
	left    int64
	context float64
	growth  float64
}

func newStepper(t *testing.T, cfg Config) *stepper {
	t.Helper()
	require.NoError(t, cfg.Prepare())
	o := &stepper{cfg: cfg, model: cfg.models[0], drafts: newDrafts(&cfg), calls: make([][]served, cfg.Agents)}
	for i := range cfg.Agents {
		p := patient{id: int32(i)}
		require.NoError(t, cfg.Sessions.Session(i, 0, &p.agent.session))
		o.comes(p, 0)
	}
	return o
}

// comes lets an agent make its current call.
func (o *stepper) comes(p patient, at sim.Time) {
	host := o.cfg.Engine.Host
	turn := p.agent.current()
	p.arrives = at + sim.Ticks(float64(host.Ingress)+float64(host.PerPromptToken)*float64(turn.Input))
	p.done = o.hit(&p)
	o.coming = append(o.coming, p)
	slices.SortFunc(o.coming, func(a, b patient) int { return int(a.arrives - b.arrives) })
}

// hit is the part of the prompt that a cache without limits holds: whole
// blocks of what is common with the prompt before, and never the last token.
func (o *stepper) hit(p *patient) int {
	if p.agent.turn == 0 {
		return 0
	}
	turn, before := p.agent.current(), p.agent.session.Turns[p.agent.turn-1]
	block := o.cfg.Engine.Memory.BlockTokens
	return min(int(turn.Prefix), int(before.Input), int(turn.Input)-1) / block * block
}

func (o *stepper) run(until sim.Time) {
	for o.now <= until {
		for len(o.coming) > 0 && o.coming[0].arrives <= o.now {
			o.queue = append(o.queue, o.coming[0])
			o.coming = o.coming[1:]
		}
		if len(o.queue)+len(o.batch) == 0 {
			o.now = o.coming[0].arrives
			continue
		}
		o.step()
	}
}

// step computes one step and what it completes.
func (o *stepper) step() {
	var load step.Rank
	for _, p := range o.batch {
		load.Sequences++
		load.Context += p.context
	}
	room := o.cfg.Deployment.Aggregated.TokenBudget - len(o.batch)*o.model.TokensPerSequence()
	chunks := make([]int, len(o.queue))
	places := o.cfg.Deployment.Aggregated.MaxBatchPerRank - len(o.batch)
	for i := range o.queue {
		p := &o.queue[i]
		if places--; room <= 0 || places < 0 {
			break
		}
		rest := int(p.agent.current().Input) - p.done
		chunks[i] = min(rest, room)
		room -= chunks[i]
		o.model.AddPrefill(&load, p.done, chunks[i], chunks[i] == rest)
	}
	if n := float64(len(o.batch)); n > 0 {
		o.steps++
		o.batches += n
	}
	o.now += sim.Ticks(o.model.Step([]step.Rank{load}).Seconds)
	o.decode()
	o.prefill(chunks)
}

func (o *stepper) decode() {
	var stay []patient
	for _, p := range o.batch {
		p.left--
		p.context += p.growth
		if p.left > 0 {
			stay = append(stay, p)
			continue
		}
		o.leave(p)
	}
	o.batch = stay
}

func (o *stepper) prefill(chunks []int) {
	var wait []patient
	for i, p := range o.queue {
		p.done += chunks[i]
		turn := p.agent.current()
		if p.done < int(turn.Input) {
			wait = append(wait, p)
			continue
		}
		p.first = o.now
		rest := int(turn.Output) - 1
		if rest == 0 {
			o.leave(p)
			continue
		}
		p.left = o.drafts.steps(&request{luck: p.id, k: p.agent.k, number: p.agent.turn}, rest)
		p.context, p.growth = float64(turn.Input)+1, float64(rest)/float64(p.left)
		o.batch = append(o.batch, p)
	}
	o.queue = wait
}

// leave ends a call and sends the agent to its next one.
func (o *stepper) leave(p patient) {
	output := p.agent.current().Output
	o.tokens += int64(output)
	o.calls[p.id] = append(o.calls[p.id], served{p.first, o.now})
	p.agent.turn++
	gap := sim.Time(0)
	if p.agent.turn < len(p.agent.session.Turns) {
		gap = sim.Ticks(float64(p.agent.current().Gap))
	} else {
		p.agent.k++
		p.agent.turn = 0
		turns := trace.Session{}
		if err := o.cfg.Sessions.Session(int(p.id), p.agent.k, &turns); err != nil {
			panic(err)
		}
		p.agent.session = turns
	}
	o.comes(p, o.now+gap)
}

// longChat is chat with answers long enough for runs of many steps, and
// nothing shared between sessions.
func longChat(r *rand.Rand, out *trace.Session) {
	chat(r, out)
	out.Shared = 0
	for i := range out.Turns {
		out.Turns[i].Output *= 4
		out.Turns[i].Gap *= 3
	}
}

func oneRank(c *Config) {
	c.Cold, c.Ramp = true, 0
	c.Deployment.Aggregated.Accelerators = 1
	c.Deployment.Aggregated.MaxBatchPerRank = 8
	c.Deployment.Aggregated.TokenBudget = 512
	c.Agents = 12
}

// agree wants the same calls of every agent, but for those about to end, with
// first and last tokens at the same times within 0.5 % of the time since the
// start, and the same mean time to decode within 0.5 %. A single call may
// decode a step longer or shorter, as one that comes a little earlier may just
// catch a step. It returns how many calls were compared.
func agree(t *testing.T, got, want [][]served) int {
	t.Helper()
	const tolerance = 0.005
	compared := 0
	var decoding, wanted sim.Time
	for id := range want {
		require.InDelta(t, len(want[id]), len(got[id]), 1)
		for i := range min(len(got[id]), len(want[id])) {
			g, w := got[id][i], want[id][i]
			require.InEpsilon(t, float64(w.first), float64(g.first), tolerance, "agent %d call %d", id, i)
			require.InEpsilon(t, float64(w.last), float64(g.last), tolerance, "agent %d call %d", id, i)
			decoding += g.last - g.first
			wanted += w.last - w.first
			compared++
		}
	}
	require.InEpsilon(t, float64(wanted), float64(decoding), tolerance)
	return compared
}

// A worker of one rank with 8 places for 12 agents: calls queue, prompts ride
// along in chunks, sequences join and leave all the time.
func TestAWorkerAgreesWithSteppingEverySequence(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"plain":        func(*Config) {},
		"drafts":       withDrafts,
		"no waiting":   func(c *Config) { c.Deployment.Aggregated.MaxBatchPerRank = 64 },
		"small chunks": func(c *Config) { c.Deployment.Aggregated.TokenBudget = 100 },
	} {
		cfg := toy(play(longChat), oneRank, change)
		const seconds = 60
		got, w := keepDiary(t, cfg, seconds)
		o := newStepper(t, cfg)
		o.run(w.clock.Now())
		require.Greater(t, agree(t, got, o.calls), 250, name)
		require.Equal(t, o.tokens, w.sum.OutputTokens, name)
		require.InDelta(t, o.batches/o.steps, w.sum.Work[0].Sequences/float64(w.sum.Work[0].Steps), 0.02, name)
	}
}

// Runs of decode steps against a cluster in which every step is an event.
func TestRunsOfStepsAgreeWithSingleSteps(t *testing.T) {
	for name, cfg := range map[string]Config{
		"aggregated":    toy(play(longChat), withAgents(16)),
		"drafts":        toy(play(longChat), withDrafts),
		"prefill first": toy(play(longChat), func(c *Config) { c.Deployment.Batching = PrefillPriority }),
		"polls":         toy(play(longChat), withAgents(16), func(c *Config) { c.Deployment.Hold.Poll = 10 }),
		"balances":      toy(play(longChat), withAgents(16), func(c *Config) { c.Deployment.Hold.Balance = 20 }),
		"disaggregated": toy(play(longChat), disaggregated(1, 1), withDrafts, withAgents(24)),
		"few slots":     toy(play(longChat), disaggregated(2, 1), withAgents(24), maxBatch(3)),
		"visits":        toy(play(longChat), disaggregated(2, 1), withAgents(24), maxBatch(3), visiting),
		"pipeline":      toy(play(longChat), withAgents(24), pipelined(4, 2)),
		"stages apart":  toy(play(longChat), withAgents(24), disaggregated(1, 1), pipelined(2, 2)),
	} {
		const seconds = 60
		got, fast := keepDiary(t, cfg, seconds)
		cfg.naive = true
		want, slow := keepDiary(t, cfg, seconds)
		require.Greater(t, agree(t, got, want), 100, name)
		require.Less(t, 2*fast.Events(), slow.Events(), name)
		require.InEpsilon(t, slow.sum.OutputTokens, fast.sum.OutputTokens, 0.005, name)
		require.InEpsilon(t, joules(&slow.sum), joules(&fast.sum), 0.005, name)
	}
}

func joules(t *Tally) float64 {
	total := 0.0
	for i := range t.Work {
		total += t.Work[i].Joules
	}
	return total
}
