package serve

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/models/kvcache/prefix"
	"agentsim/sim"
	"agentsim/trace"
	"agentsim/units"
)

// A watched cluster is held to the laws of a cluster before every event and
// whenever its books are closed.
type watched struct {
	*Cluster
	t      testing.TB
	others sim.Recorder // that the test itself wants

	woken  int64   // calls, counted by events
	homes  []seen  // where each agent's session was last seen
	prompt [8]int  // scratch: tokens of a step by rank
	steps  int64   // decode steps of the calls that finished
	joules float64 // of all steps and runs that have ended
	lived  sim.Time
	sum    Tally // of all windows
}

// seen is where a session was seen.
type seen struct {
	k          int
	luck       int32
	home, rank int32
}

// watch builds a cluster under supervision.
func watch(t testing.TB, cfg Config) *watched {
	t.Helper()
	w := &watched{t: t, others: cfg.Recorder, homes: make([]seen, cfg.Agents)}
	cfg.Recorder = w
	w.Cluster = build(t, cfg)
	for i := range w.homes {
		w.homes[i].home = -1
	}
	return w
}

// run advances the cluster in uneven pieces, some of which begin a new
// window, and checks the laws of counts and sums in between.
func (w *watched) run(seconds float64) {
	w.t.Helper()
	const pieces = 20
	for i := range pieces {
		require.NoError(w.t, w.Run(2*seconds/pieces*float64(i%4)/3))
		w.checkBooks()
		if i%3 == 2 {
			w.close()
		}
	}
	w.close()
}

// close ends a window and begins the next.
func (w *watched) close() {
	w.sum.Merge(w.Window())
	w.lived += w.agents.lifetime()
	w.OpenWindow()
	w.checkSums()
	w.checkDecoding()
}

// Record is called before the handler of every event.
func (w *watched) Record(e sim.Event) {
	if w.others != nil {
		w.others.Record(e)
	}
	if id, ok := w.boundary().Payload(e); ok {
		k := w.fleet.workers[id]
		w.checkStep(k, e.At)
		w.joules += k.leg.energy()
		w.countSteps(k)
	}
	if id, ok := w.agents.toolEnds.Payload(e); ok && (w.agents.cfg.CallsMax == 0 || w.woken < w.agents.cfg.CallsMax) {
		w.woken++
		w.hold(w.fleet.idle(id), "an agent has one call at a time", id)
		a := &w.agents.list[id]
		fresh := a.turn == 0 && (a.k > 0 || w.trees() != nil)
		w.hold(!fresh || w.forgotten(id), "a session leaves nothing behind", id)
	}
	if w.trees() != nil {
		w.checkTrees(e)
	}
	for id := range w.fleet.calls {
		w.checkCall(int32(id))
	}
}

// hold fails the test where a law is broken. It is asked at every event, which
// require would be too slow for.
func (w *watched) hold(holds bool, law string, about int32) {
	if !holds {
		require.FailNow(w.t, law, "number %d at %v: %+v", about, w.clock.Now(), w.fleet.calls[min(int(about), len(w.fleet.calls)-1)])
	}
}

// countSteps adds the steps of the calls that end with the step under way.
func (w *watched) countSteps(k *worker) {
	for _, f := range k.batch.ends {
		if f.step <= k.batch.steps+int64(k.leg.decode) {
			w.steps += int64(k.calls[f.call].turn.Output) - w.given(k)
		}
	}
}

// given is how many tokens of a call a worker has not computed in a decode step.
func (w *watched) given(k *worker) int64 {
	if k.batch.recomputes() {
		return 0
	}
	return 1
}

// forgotten reports whether no rank holds anything of an agent's session.
func (w *watched) forgotten(id int32) bool {
	for _, k := range w.fleet.workers {
		for j := range k.ranks {
			if tokens, _ := k.ranks[j].cache.Resident(prefix.SessionID(id)); tokens > 0 && k.ranks[j].knows {
				return false
			}
		}
	}
	return true
}

// checkStep holds the step that ends now to the worker's limits.
func (w *watched) checkStep(k *worker, at sim.Time) {
	id := int32(k.id)
	w.hold(at == k.leg.end(), "a step's end is where it was announced", id)
	w.hold(k.leg.count >= 1 && k.leg.bookedTime <= at-k.leg.begun, "steps are booked up to their end", id)
	clear(w.prompt[:])
	for _, b := range k.chunks {
		w.hold(b.tokens > 0, "no empty chunks", b.call)
		w.prompt[b.rank] += b.tokens
	}
	for i := range k.ranks {
		r := &k.ranks[i]
		w.hold(!k.decodes || r.running-len(r.parked) <= k.shape.MaxBatchPerRank, "batches have a limit", id)
		w.hold(r.sequences == k.shape.MaxBatchPerRank || len(r.parked) == 0, "nobody stands aside for an empty slot", id)
		w.hold(r.sequences <= r.running, "who decodes has a place", id)
		tokens := w.prompt[i]
		if tokens > 0 && k.leg.decode > 0 {
			tokens += r.sequences * k.model.TokensPerSequence()
		}
		w.hold(tokens <= k.shape.TokenBudget || w.prompt[i] == 0, "steps have a token budget", id)
	}
	w.hold(len(k.chunks) > 0 || k.leg.decode > 0, "no empty steps", id)
	w.hold(len(k.chunks) == 0 || k.leg.single(), "prompts are computed step by step", id)
}

// checkCall holds one agent's call to the order of its stages.
func (w *watched) checkCall(id int32) {
	c, home := &w.fleet.calls[id], &w.fleet.residences[id]
	w.checkHome(id)
	if c.state < InReload {
		return
	}
	input := int(c.turn.Input)
	ingress := sim.Ticks(w.fleet.frontend.cost.IngressSeconds(float64(input)))
	w.hold(c.prefillStart-c.issued >= ingress, "prefill comes after ingress", id)
	common := max(w.fleet.common(&c.turn), int(c.shared), int(c.inherited))
	w.hold(c.hit <= common, "only what is common is found", id)
	w.hold(c.hit < input, "the last token is always computed", id)
	w.hold(c.done >= c.hit || c.preempted(), "what was found counts", id)
	if c.state <= InPrefill {
		w.hold(c.done < c.prompt() || w.emerging(id), "prefill ends with the last token", id)
		return
	}
	w.hold(c.done == c.prompt() && c.prefillEnd > c.prefillStart, "no token before its prompt is complete", id)
	if c.state == InDecode {
		s := &w.fleet.sequences[id]
		w.hold(slices.Contains(w.fleet.workers[s.worker].batch.fresh, id) ||
			c.firstToken-c.issued >= ingress+c.prefillEnd-c.prefillStart, "ttft holds ingress and prefill", id)
		decoder := w.fleet.workers[s.worker]
		w.hold(s.until > decoder.batch.steps || w.aside(id), "who is done has left", id)
		w.hold(decoder.unit == w.fleet.workers[home.home].unit, "caches stay inside a unit", id)
		grown := float64(s.context) + decoder.batch.gained(s)
		w.hold(w.aside(id) || grown <= float64(s.room)+decoder.batch.growth, "no sequence outgrows its room", id)
	}
}

// emerging reports whether a call's prompt is on its way out of a pipeline.
func (w *watched) emerging(id int32) bool {
	c := &w.fleet.calls[id]
	return c.state == InPrefill && c.done == c.prompt() && w.fleet.workers[w.fleet.residences[id].home].shape.PP > 1
}

// aside reports whether a call waits for its slot to come back.
func (w *watched) aside(id int32) bool {
	s := &w.fleet.sequences[id]
	return slices.Contains(w.fleet.workers[s.worker].ranks[s.rank].parked, id)
}

// checkHome wants all calls of a session on one rank.
func (w *watched) checkHome(id int32) {
	a, s := &w.agents.list[id], &w.fleet.residences[id]
	if w.fleet.calls[id].state < InQueue || !w.fleet.policy.affine || w.fleet.policy.spill > 0 {
		return
	}
	for int(id) >= len(w.homes) {
		w.homes = append(w.homes, seen{home: -1})
	}
	last, now := &w.homes[id], seen{k: a.k, luck: a.luck, home: s.home, rank: s.rank}
	w.hold(last.home < 0 || last.k != a.k || last.luck != a.luck || *last == now, "a session stays where it is", id)
	*last = now
}

// checkBooks holds the counts of this instant to each other: agents are where
// their state says, and queues know what they hold.
func (w *watched) checkBooks() {
	t := w.t
	require.NoError(t, w.Check())
	require.Equal(t, w.woken, w.tally.Issued)
	if w.trees() == nil {
		require.Len(t, w.agents.list, w.agents.cfg.Agents)
	}
	var places, counted [states]int
	homes, queued := 0, 0
	for _, k := range w.fleet.workers {
		for j := range k.ranks {
			r := &k.ranks[j]
			homes += r.homes
			queued += r.queued
			places[InQueue] += r.queue.n
			places[InPrefill] += len(r.prefilling)
			places[InDecode] += r.sequences + len(r.parked)
		}
		places[InSlot] += k.batch.waiting.n
	}
	for i := range w.fleet.calls {
		a := &w.fleet.calls[i]
		if !w.emerging(int32(i)) {
			counted[a.state]++
		}
		if a.state >= InQueue && a.state <= InPrefill {
			queued -= a.prompt() - a.done
		}
	}
	for _, s := range []State{InQueue, InPrefill, InSlot, InDecode} {
		require.Equal(t, places[s], counted[s], s)
	}
	require.LessOrEqual(t, homes, w.Alive())
	require.Zero(t, queued, "queues know how many tokens they hold")
}

// checkDecoding holds what ranks know of their sequences to the sequences
// themselves: places, pinned caches, contexts and, where every token takes a
// step, the steps that were made.
func (w *watched) checkDecoding() {
	t := w.t
	contexts := map[*rank]float64{}
	made := w.steps
	for i := range w.fleet.calls {
		a, seq := &w.fleet.calls[i], &w.fleet.sequences[i]
		if a.state > InTool {
			made += int64(a.generated)
		}
		if a.state == InDecode {
			made += int64(seq.context - a.prompt() - 1) // before it stood aside
		}
		if a.state == InDecode && !w.aside(int32(i)) {
			k := w.fleet.workers[seq.worker]
			made += k.batch.steps - seq.from
			contexts[&k.ranks[seq.rank]] += float64(seq.context) + k.growth*float64(k.batch.steps-seq.from)
		}
	}
	drafts, booked := false, 0.0
	for i, k := range w.fleet.workers {
		drafts = drafts || k.growth > 1 || k.model.Varies()
		booked += w.sum.Work[i].Sequences + w.tally.Work[i].Sequences
		for j := range k.ranks {
			r := &k.ranks[j]
			require.Equal(t, r.running, r.cache.Running())
			require.InDelta(t, contexts[r], r.context, 1e-6*(1+r.context))
		}
	}
	if !drafts {
		require.EqualValues(t, made, booked, "every token but the first takes a step of its own")
	}
}

// checkSums holds the sums over all windows to the whole run: agent time is
// agents times time, so that N = X·C, and energy is booked once, wherever the
// windows were cut. The books have just been closed.
func (w *watched) checkSums() {
	t, now := w.t, w.clock.Now()
	spent := sim.Time(0)
	for _, d := range w.sum.InState {
		spent += d
	}
	require.Equal(t, w.lived, spent)
	if w.trees() == nil {
		require.Equal(t, sim.Time(w.agents.cfg.Agents)*now, spent)
	}
	if calls := float64(w.sum.Calls); calls > 0 {
		rate, cycle := calls/now.Seconds(), spent.Seconds()/calls
		require.InEpsilon(t, w.lived.Seconds()/now.Seconds(), rate*cycle, 1e-9, "Little's law")
	}
	require.Equal(t, w.tally.Finished, w.sum.Calls)
	joules, booked := w.joules, 0.0
	for i, k := range w.fleet.workers {
		if k.busy {
			joules += k.leg.bookedJoules
			require.LessOrEqual(t, k.leg.bookedTime, now-k.leg.begun)
		}
		booked += w.sum.Work[i].Joules
		require.LessOrEqual(t, w.sum.Work[i].Busy, now)
	}
	require.InDelta(t, joules, booked, 1e-9*max(joules, 1))
}

// designs are the clusters that the laws are tried on.
func designs() map[string]Config {
	return map[string]Config{
		"aggregated":       toy(play(chat), withAgents(24)),
		"prefill first":    toy(play(chat), func(c *Config) { c.Deployment.Batching = PrefillPriority }),
		"drafts":           toy(play(chat), withDrafts),
		"generated":        toy(play(chat), func(c *Config) { c.Replay = trace.ReplayGenerated }),
		"round robin":      toy(play(chat), routed(RoundRobin)),
		"least loaded":     toy(play(chat), routed(LeastLoaded), disaggregated(2, 2)),
		"power of two":     toy(play(chat), routed(PowerOfTwo), disaggregated(3, 1)),
		"kv aware":         toy(play(chat), routed(KVAware), disaggregated(2, 1), memory(12000)),
		"spilling":         toy(play(chat), func(c *Config) { c.Deployment.Spill = 500 }),
		"shortest first":   toy(play(chat), func(c *Config) { c.Deployment.PrefillOrder = ShortestFirst }, maxBatch(2)),
		"host tier":        toy(play(chat), withAgents(24), memory(12000), withHost(1e10)),
		"slow tier":        toy(play(chat), withAgents(24), memory(12000), withHost(1e8), disaggregated(1, 1)),
		"no cache":         toy(play(chat), func(c *Config) { c.Deployment.Cache.Off = true }),
		"disaggregated":    toy(play(chat), disaggregated(1, 1)),
		"two of each":      toy(play(chat), disaggregated(2, 2), withDrafts, withAgents(40)),
		"retaining":        toy(play(chat), disaggregated(1, 2), retaining),
		"retaining little": toy(play(chat), disaggregated(2, 1), retaining, withAgents(20), maxBatch(3), memory(12000)),
		"small batch":      toy(play(chat), withAgents(20), maxBatch(2)),
		"small pool batch": toy(play(chat), disaggregated(2, 1), withAgents(20), maxBatch(2)),
		"visiting":         toy(play(chat), disaggregated(2, 1), withAgents(20), maxBatch(2), visiting),
		"visiting little":  toy(play(chat), disaggregated(2, 1), withAgents(24), maxBatch(2), visiting, memory(12000), withDrafts),
		"visiting scarce":  toy(play(essays), withAgents(12), scarce, disaggregated(1, 1), maxBatch(2), visiting),
		"pipeline":         toy(play(chat), withAgents(24), pipelined(4, 2)),
		"pipelines apart":  toy(play(chat), withAgents(24), disaggregated(2, 1), pipelined(2, 2), withDrafts),
		"divided":          toy(play(chat), withAgents(24), divided(2, 2, 2), withDrafts),
		"divided apart":    toy(play(chat), withAgents(24), disaggregated(2, 1), divided(2, 1, 1), memory(12000)),
		"little memory":    toy(play(chat), withAgents(24), memory(12000)),
		"little room":      toy(play(chat), disaggregated(1, 1), withAgents(24), memory(12000)),
		"retracting":       toy(play(essays), withAgents(12), scarce),
		"retracting apart": toy(play(essays), withAgents(12), scarce, disaggregated(1, 1), withDrafts),
		"retracting kept":  toy(play(essays), withAgents(12), scarce, disaggregated(1, 1), retaining),
		"polling":          toy(play(chat), withAgents(20), func(c *Config) { c.Deployment.Hold.Poll = 8 }, withDrafts),
		"balancing":        toy(play(chat), func(c *Config) { c.Deployment.Hold.Balance = 30 }, memory(12000)),
		"units":            toy(play(chat), withAgents(40), disaggregated(2, 1), func(c *Config) { c.Deployment.Units = 2 }),
		"naive":            toy(play(chat), disaggregated(1, 1), naively),
		"one agent":        toy(play(chat), withAgents(1)),
		"no agent":         toy(play(chat), withAgents(0)),
	}
}

// everyDesign are those of agents, and of session trees.
func everyDesign() map[string]Config {
	all := treeDesigns()
	maps.Copy(all, designs())
	for _, name := range routerNames() {
		all["router "+name] = toy(play(chat), routed(name), withAgents(16), memory(12000), func(c *Config) {
			c.Deployment.Aggregated.Workers = 2
		})
	}
	return all
}

func routed(router string) func(*Config) { return func(c *Config) { c.Deployment.Router = router } }

func retaining(c *Config) { c.Deployment.Cache.DecodeRetains = true }

func maxBatch(n int) func(*Config) {
	return func(c *Config) {
		pools := c.Deployment.Pools()
		pools[len(pools)-1].Spec.MaxBatchPerRank = n
	}
}

func visiting(c *Config) { c.Deployment.DecodeOrder = FirstToken }

// pipelined makes every worker one of so many stages.
func pipelined(stages, each int) func(*Config) {
	return func(c *Config) {
		for _, p := range c.Deployment.Pools() {
			p.Spec.Accelerators, p.Spec.PP = stages*each, stages
		}
	}
}

// memory leaves room for about so many tokens of cache on every rank.
func memory(tokens int) func(*Config) {
	return func(c *Config) {
		c.Engine.Memory.Utilisation = 1
		const weightBytes, tokenBytes = 690e6, 65536
		c.System.Accelerator.HBM.Capacity = units.Bytes(weightBytes + tokenBytes*float64(tokens))
	}
}

func TestLawsHoldInEveryDesign(t *testing.T) {
	for name, cfg := range everyDesign() {
		t.Run(name, func(t *testing.T) {
			w := watch(t, cfg)
			w.run(20)
			require.Equal(t, name != "no agent", w.tally.Finished > int64(cfg.Agents/2))
		})
	}
}

// Steps that draw a constant power, and last whole nanoseconds, so that
// joules are watts times busy time whatever cuts runs of steps short: arrivals
// do, and windows cut their accounts.
func TestJoulesAreTheIntegralOfWatts(t *testing.T) {
	const watts = 350
	for name, cfg := range everyDesign() {
		cfg.pricer = fixed{step: 1e-3, sequence: 1e-4, token: 1e-6, watts: watts}
		w := watch(t, cfg)
		w.run(20)
		for i := range w.sum.Work {
			part := &w.sum.Work[i]
			require.InDelta(t, watts*part.Busy.Seconds(), part.Joules, 1e-9*part.Joules, name)
		}
	}
}

// Closing the books changes neither what happens nor the sums.
func TestWindowsChangeNothing(t *testing.T) {
	for name, cfg := range everyDesign() {
		cut := watch(t, cfg)
		cut.run(20)
		whole := build(t, cfg)
		require.NoError(t, whole.Run(cut.Now()))
		require.Equal(t, whole.Fingerprint(), cut.Fingerprint(), name)
		sum := whole.Window()
		require.Equal(t, sum.InState, cut.sum.InState, name)
		require.Equal(t, sum.TTFT, cut.sum.TTFT, name)
		require.Equal(t, sum.Speed, cut.sum.Speed, name)
		require.Equal(t, [...]int64{sum.Calls, sum.InputTokens, sum.HitTokens, sum.OutputTokens, sum.Prefilled},
			[...]int64{cut.sum.Calls, cut.sum.InputTokens, cut.sum.HitTokens, cut.sum.OutputTokens, cut.sum.Prefilled}, name)
		for i := range sum.Work {
			require.Equal(t, sum.Work[i].Busy, cut.sum.Work[i].Busy, name)
			require.Equal(t, sum.Work[i].Steps, cut.sum.Work[i].Steps, name)
			require.InDelta(t, sum.Work[i].Joules, cut.sum.Work[i].Joules, 1e-9*sum.Work[i].Joules, name)
		}
	}
}

func TestCheckFindsWhatIsBroken(t *testing.T) {
	for want, breakIt := range map[string]func(c *Cluster){
		"calls are not conserved":       func(c *Cluster) { c.tally.Finished-- },
		"agents spent":                  func(c *Cluster) { c.tally.InState[InDecode]++ },
		"sequences on ranks":            func(c *Cluster) { c.fleet.workers[0].batch.size++ },
		"rank 1: 0 running, 1 decoding": func(c *Cluster) { r := &c.fleet.workers[0].ranks[1]; r.running, r.sequences = 0, 1 },
	} {
		c := build(t, toy(play(chat)))
		require.NoError(t, c.Run(5))
		require.NoError(t, c.Check())
		breakIt(c)
		require.ErrorContains(t, c.Check(), want)
	}
}
