package metrics

import (
	"encoding/json"
	"fmt"
)

// Contract is the version of the JSON that scripts read; CHANGELOG.md says what
// its two parts mean.
const Contract = "1.0"

// Result is what a simulation or a capacity search found. Its JSON keys are a
// contract with other people's scripts: keys are added, never renamed.
type Result struct {
	Scenario    string `json:"scenario"`
	Question    string `json:"question,omitempty"`
	Seed        uint64 `json:"seed"`
	Fingerprint string `json:"fingerprint"`
	Version     string `json:"version"`

	Agents   int       `json:"agents,omitempty"`   // of a run at a fixed number
	Arrivals *Arrivals `json:"arrivals,omitempty"` // of a run in which the trace says when sessions begin
	Capacity *Capacity `json:"capacity,omitempty"` // of a search
	Limit    string    `json:"limit"`              // what stands in the way of more agents

	Warnings []string `json:"warnings,omitempty"` // what a reader must know before trusting the answer

	// Extrapolated is how far typical steps take their time from beyond the tables
	// of their operators, as the logarithm of a factor by which they may be off.
	Extrapolated float64 `json:"extrapolated,omitempty"`

	Metrics Figures `json:"metrics"`

	// FigureIntervals is where figures of a run at a fixed number lie by what
	// predictions of public runs were off, by their keys.
	FigureIntervals map[string]Quantiles `json:"model_interval,omitempty"`

	// Drafts is where the answer lies with drafts of unknown acceptance, of which
	// all other figures are those of the middle.
	Drafts *DraftBand `json:"drafts,omitempty"`

	Prompts *Prompts `json:"prompts,omitempty"` // of simulated calls

	Power  Power   `json:"power"`
	Energy *Energy `json:"energy,omitempty"`
	Cost   *Cost   `json:"cost,omitempty"` // where the scenario gives prices
	Time   Time    `json:"time"`
	Memory []Pool  `json:"memory"`
	Search []Phase `json:"search,omitempty"`

	Deployments []Deployment `json:"deployments,omitempty"` // of mode auto, best first
	Uncertainty *Uncertainty `json:"uncertainty,omitempty"`
	Choice      *Choice      `json:"choice,omitempty"` // of mode auto

	Calls  int64   `json:"calls"`  // of all phases
	Events uint64  `json:"events"` // of all phases
	WallS  float64 `json:"wall_s"`
}

// Arrivals is what came to a run by the times of a trace, and how many agents
// that made. Means are over the whole run, from the first arrival to the last
// answer.
type Arrivals struct {
	Mode         string  `json:"mode"`    // open | partly-open
	Speedup      float64 `json:"speedup"` // recorded time passed so many times as fast
	Sessions     int64   `json:"sessions"`
	Calls        int64   `json:"calls"`
	SpanS        float64 `json:"span_s"`         // the whole run
	LastArrivalS float64 `json:"last_arrival_s"` // when the last session came
	CallsPerS    float64 `json:"calls_per_s"`
	Agents       float64 `json:"mean_agents"`          // with calls left to make
	InFlight     float64 `json:"mean_calls_in_flight"` // of these, with one under way
}

// Capacity is the largest number of agents that meets the service level.
type Capacity struct {
	Agents         int     `json:"agents"`
	AgentsLow      float64 `json:"agents_low"` // 95 % interval of the sampling error
	AgentsHigh     float64 `json:"agents_high"`
	Accelerators   int     `json:"accelerators"`
	PerAccelerator float64 `json:"agents_per_accelerator"`
	PerMW          PerMW   `json:"agents_per_mw"`

	ModelInterval *ModelInterval `json:"model_interval,omitempty"` // where the answer lies by the errors of the model
	Estimate      *Estimate      `json:"estimate,omitempty"`       // where the answer is one, not a search by the protocol
}

// Estimate is what an answer rests on that no search by the protocol found.
type Estimate struct {
	Flows int   `json:"mean_flow_agents"` // by mean flows alone, from which the short phases began; 0 = nobody
	Calls int64 `json:"calls"`            // simulated in the short phases
}

// Deployment is one way to use the accelerators, in agents per megawatt of
// accelerator power.
type Deployment struct {
	Shape           string  `json:"shape"`
	Mode            string  `json:"mode"`
	Accelerators    int     `json:"accelerators"`
	TokenBudget     int     `json:"token_budget"`
	MaxBatchPerRank int     `json:"max_batch_per_rank"`
	DraftTokens     int     `json:"draft_tokens"`
	Agents          int     `json:"agents"`
	Estimated       float64 `json:"agents_per_mw_estimated"`           // by the analytic model
	Simulated       float64 `json:"agents_per_mw_simulated,omitempty"` // of the best
	Protocol        string  `json:"protocol,omitempty"`                // by which it was, where not by the scenario's own
	LosesBy         float64 `json:"loses_by"`                          // against the winner, as a share
	Limit           string  `json:"limit"`
	Written         bool    `json:"written,omitempty"`          // in the scenario
	FlowsAlone      bool    `json:"mean_flows_alone,omitempty"` // it says how many; what it loses by is known no better

	Value   float64  `json:"value"`   // of the objective, by the best that is known
	P25     float64  `json:"p25"`     // of the same, which three in four such predictions hold
	Nearest *Nearest `json:"nearest"` // of public runs
}

// Choice is what mode auto chose from, and what it left out.
type Choice struct {
	Workers     int      `json:"workers"`     // ways to spread a worker, each in every role
	Unfit       Excluded `json:"unfit"`       // of them, those that do not fit in memory
	Illegal     Excluded `json:"illegal"`     // of them, those that the model or the kernels forbid
	Outdone     int      `json:"outdone"`     // of those left, at all depths: worse than others
	Deployments int      `json:"deployments"` // of the workers that are left
	Failing     Excluded `json:"failing"`     // of them, those that fail the service level with one agent

	Objective  string `json:"objective"`            // what they are ranked by
	Optimistic bool   `json:"optimistic,omitempty"` // by the prediction itself, not its P25
}

// Excluded counts what was left out.
type Excluded struct {
	Count   int    `json:"count"`
	Example string `json:"example,omitempty"`
}

// Add counts one that fails for a reason, which stands for all so far.
func (e *Excluded) Add(why error) { e.Count, e.Example = e.Count+1, why.Error() }

// PerMW is agents per megawatt under several meanings of the megawatt.
type PerMW struct {
	AcceleratorMeasured float64 `json:"accelerator_measured"` // drawn by the accelerators, as the benchmark counts
	AcceleratorTDP      float64 `json:"accelerator_tdp"`      // their rated power
	IT                  float64 `json:"it"`                   // node or rack at the wall
	Facility            float64 `json:"facility"`             // with cooling and distribution
	Provisioned         float64 `json:"provisioned"`          // nameplate of node or rack
}

// Figures are the service figures of the window at the reported number of agents.
type Figures struct {
	OutputSpeedP25 float64     `json:"output_speed_p25"` // tok/s
	OutputSpeedP50 float64     `json:"output_speed_p50"`
	E2ESpeedP25    float64     `json:"e2e_speed_p25"` // tok/s over the whole request
	E2ESpeedP50    float64     `json:"e2e_speed_p50"`
	TTFTMeanS      float64     `json:"ttft_mean_s"`
	TTFTP50S       float64     `json:"ttft_p50_s"`
	TTFTP90S       float64     `json:"ttft_p90_s"`
	TTFTP95S       float64     `json:"ttft_p95_s"`
	TTFTP99S       float64     `json:"ttft_p99_s"`
	TPOTMeanMS     float64     `json:"tpot_mean_ms"`
	TPOTP50MS      float64     `json:"tpot_p50_ms"`
	TPOTP90MS      float64     `json:"tpot_p90_ms"`
	TPOTP95MS      float64     `json:"tpot_p95_ms"`
	TPOTP99MS      float64     `json:"tpot_p99_ms"`
	LevelMet       float64     `json:"slo_met_share"` // of calls that meet the condition which fewest meet
	TurnsPerS      float64     `json:"turns_per_s"`
	InputTokS      float64     `json:"input_tok_s"`
	OutputTokS     float64     `json:"output_tok_s"`
	PrefixHitRate  float64     `json:"prefix_hit_rate"`
	PrefixLost     *PrefixLost `json:"prefix_lost,omitempty"` // of simulated calls
	MeanInput      float64     `json:"mean_input_tokens"`
	MeanOutput     float64     `json:"mean_output_tokens"`
	ShareInGaps    float64     `json:"share_in_gaps"`   // of the agents' time: no call is under way
	ShareOfPeople  float64     `json:"share_of_people"` // of the agents' time: they wait for people
}

// MarshalJSON writes null for speeds that no call has, as of answers of one
// token: 0 would be a speed.
func (f Figures) MarshalJSON() ([]byte, error) {
	type plain Figures
	return json.Marshal(struct {
		plain
		OutputSpeedP25 *float64 `json:"output_speed_p25"`
		OutputSpeedP50 *float64 `json:"output_speed_p50"`
		E2ESpeedP25    *float64 `json:"e2e_speed_p25"`
		E2ESpeedP50    *float64 `json:"e2e_speed_p50"`
		TPOTP50MS      *float64 `json:"tpot_p50_ms"`
	}{
		plain:          plain(f),
		OutputSpeedP25: known(f.OutputSpeedP25),
		OutputSpeedP50: known(f.OutputSpeedP50),
		E2ESpeedP25:    known(f.E2ESpeedP25),
		E2ESpeedP50:    known(f.E2ESpeedP50),
		TPOTP50MS:      known(f.TPOTP50MS),
	})
}

// known is a value above 0, or null.
func known(v float64) *float64 {
	if v > 0 {
		return &v
	}
	return nil
}

// PrefixLost says why prompt tokens were not found in a cache: shares of all
// prompt tokens, which add up to 1 with the hit rate.
type PrefixLost struct {
	NeverSeen     float64 `json:"never_seen"`     // nobody had computed them
	PromptChanged float64 `json:"prompt_changed"` // the session said something else there before
	Evicted       float64 `json:"evicted"`        // a pool had no room for them, or for the windows and states they need
	NoCheckpoint  float64 `json:"no_checkpoint"`  // windows and states are not kept at their end
	OtherWorker   float64 `json:"other_worker"`   // they were computed on another worker
	NotKept       float64 `json:"not_kept"`       // they were generated, and the engine does not keep that
}

// Prompts is where the tokens of prompts came from, by worker and over time.
type Prompts struct {
	ByWorker []WorkerPrompts `json:"by_worker"`        // of those that compute prompts
	Series   []PromptSample  `json:"series,omitempty"` // of a run at a fixed number

	// RealisedHit is the share of every prompt that the scenario says was found,
	// in place of what the caches would find.
	RealisedHit float64 `json:"realised_hit,omitempty"`
}

// WorkerPrompts is what one worker found of its prompts, and why not the rest.
type WorkerPrompts struct {
	Pool          string             `json:"pool"`
	Worker        int                `json:"worker"` // of its pool, from 0
	InputTokens   int64              `json:"input_tokens"`
	HitRate       float64            `json:"hit_rate"`
	Lost          PrefixLost         `json:"lost"`
	EvictedByPool map[string]float64 `json:"evicted_by_pool,omitempty"` // shares of its prompts; add up to lost.evicted
}

// PromptSample is the same of all workers over a slice of simulated time, by the
// end of calls.
type PromptSample struct {
	FromS       float64    `json:"from_s"`
	ToS         float64    `json:"to_s"`
	InputTokens int64      `json:"input_tokens"`
	HitRate     float64    `json:"hit_rate"`
	Lost        PrefixLost `json:"lost"`
}

// Power is where the watts go: means over the window, summed over the deployment.
type Power struct {
	AcceleratorW         float64            `json:"accelerator_w"`
	PerAcceleratorW      float64            `json:"per_accelerator_w"`
	ITW                  float64            `json:"it_w"`
	FacilityW            float64            `json:"facility_w"`
	AcceleratorTDPW      float64            `json:"accelerator_tdp_w"`
	ProvisionedW         float64            `json:"provisioned_w"`
	ByComponent          map[string]float64 `json:"by_component"` // adds up to it_w
	ByPool               map[string]float64 `json:"by_pool"`      // accelerators; adds up to accelerator_w
	AcceleratorParts     AcceleratorParts   `json:"accelerator_parts"`
	JoulesPerOutputToken float64            `json:"joules_per_output_token"` // of the accelerators
	Series               []PowerSample      `json:"series,omitempty"`        // of a run at a fixed number
}

// AcceleratorParts is what accelerators draw idle, in steps, and for the work
// of steps; adds up to accelerator_w.
type AcceleratorParts struct {
	IdleW   float64 `json:"idle_w"`
	ActiveW float64 `json:"active_w"`
	WorkW   float64 `json:"work_w"`
}

// PowerSample is the mean draw of a deployment over a slice of simulated time,
// by component: accelerator to conversion add up to it.
type PowerSample struct {
	FromS       float64 `json:"from_s"`
	ToS         float64 `json:"to_s"`
	Accelerator float64 `json:"accelerator_w"`
	CPU         float64 `json:"cpu_w"`
	Host        float64 `json:"host_w"`
	Switch      float64 `json:"switch_w"`
	Fans        float64 `json:"fans_w"`
	Conversion  float64 `json:"conversion_w"`
	IT          float64 `json:"it_w"`
	Facility    float64 `json:"facility_w"`
}

// Energy is what one turn, session or million output tokens takes: drawn by
// the accelerators, at the wall, and with the building.
type Energy struct {
	Accelerator EnergyPer `json:"accelerator"`
	IT          EnergyPer `json:"it"`
	Facility    EnergyPer `json:"facility"`
}

// EnergyPer is in joules. A session has the workload's mean number of turns.
type EnergyPer struct {
	TurnJ                float64 `json:"joules_per_turn"`
	SessionJ             float64 `json:"joules_per_session"`
	MillionOutputTokensJ float64 `json:"joules_per_million_output_tokens"`
}

// Cost is in the currency of the scenario's prices: accelerators by the hour
// plus the electricity of the facility.
type Cost struct {
	Currency               string  `json:"currency,omitempty"`
	PerHour                float64 `json:"per_hour"`
	AcceleratorsPerHour    float64 `json:"accelerators_per_hour"`
	ElectricityPerHour     float64 `json:"electricity_per_hour"`
	PerAgentHour           float64 `json:"per_agent_hour"`
	PerTurn                float64 `json:"per_turn"`
	PerSession             float64 `json:"per_session"`
	PerMillionOutputTokens float64 `json:"per_million_output_tokens"`
}

// Time is where an agent's turn goes, in mean seconds, and how busy the pools are.
type Time struct {
	CycleS  float64            `json:"cycle_s"`
	ByState map[string]float64 `json:"by_state"`
	Busy    map[string]float64 `json:"busy"` // share of time, by pool
	Batch   float64            `json:"mean_decode_batch_per_rank"`
}

// Pool is the memory of one accelerator of a pool, in bytes.
type Pool struct {
	Pool        string  `json:"pool"`
	HBM         float64 `json:"hbm"`
	Unused      float64 `json:"unused"`
	Experts     float64 `json:"experts"`
	Dense       float64 `json:"dense"`
	Embeddings  float64 `json:"embeddings"`
	Reserved    float64 `json:"reserved"`
	Activations float64 `json:"activations"`
	Cache       float64 `json:"cache"`
	CacheTokens float64 `json:"cache_tokens"` // tokens the cache holds, per attention rank

	Pools []CachePool `json:"pools,omitempty"` // what the cache is divided into
}

// CachePool is a part of the memory that a rank has for caches.
type CachePool struct {
	Pool      string  `json:"pool"`
	Component string  `json:"component"` // what lies in it, by name
	Bytes     float64 `json:"bytes"`
	Reserved  float64 `json:"reserved"` // of these, for what a step's worth of a prompt has in flight
	Tokens    float64 `json:"tokens"`   // of history that fit; 0 where none lies here
	// Idle sessions of the workload's mean prompt that fit in the rest, with all
	// positions and with their last alone; 0 = they need nothing.
	Sessions float64     `json:"sessions"`
	Latest   float64     `json:"sessions_latest"`
	Parts    []CachePart `json:"parts"`
}

// CachePart is what one component takes of its pool, in bytes, for requests and
// sessions of the workload's mean prompt.
type CachePart struct {
	Component  string  `json:"component"`
	Kind       string  `json:"kind"`       // grows | window | state
	PerToken   float64 `json:"per_token"`  // of context where it grows, else of a token in flight
	Checkpoint float64 `json:"checkpoint"` // of one position that is kept
	Running    float64 `json:"running"`    // of one request
	Idle       float64 `json:"idle"`       // of one session
}

// Phase is one number of agents tried.
type Phase struct {
	Agents         int         `json:"agents"`
	Pass           bool        `json:"pass"`
	Certain        bool        `json:"certain"`             // more of the same would not change the verdict
	End            PhaseEnd    `json:"end"`                 // why the phase ended
	Shortfall      string      `json:"shortfall,omitempty"` // of one that ended at duration_max: what it lacks
	OutputSpeedP25 float64     `json:"output_speed_p25"`
	TTFTP95S       float64     `json:"ttft_p95_s"`
	Conditions     []Condition `json:"conditions"`
	Calls          int64       `json:"calls"`
	Sessions       int64       `json:"sessions"`
	WindowS        float64     `json:"window_s"`  // that counts
	DeletedS       float64     `json:"deleted_s"` // before it, found to be warm-up
	PerAccelW      float64     `json:"per_accelerator_w"`
	Fingerprint    string      `json:"fingerprint"`
}

// MarshalJSON writes null for a speed that no call has.
func (p Phase) MarshalJSON() ([]byte, error) {
	type plain Phase
	return json.Marshal(struct {
		plain
		OutputSpeedP25 *float64 `json:"output_speed_p25"`
	}{plain(p), known(p.OutputSpeedP25)})
}

// PhaseEnd is why a phase ended.
type PhaseEnd string

// The ends of phases. Only the first three are verdicts of the protocol; at
// duration_max the verdict is the best guess, and Phase.Shortfall says why.
const (
	EndMinima      PhaseEnd = "minima"       // all minima of the protocol are met
	EndCertain     PhaseEnd = "certain"      // the verdict cannot change any more
	EndPrecise     PhaseEnd = "precise"      // the shares are known as well as was asked for
	EndDurationMax PhaseEnd = "duration_max" // the longest time is over
	EndTogether    PhaseEnd = "together"     // with the phases beside it, it says enough
)

// Condition is one criterion of the service level, held against a phase.
type Condition struct {
	Name      string  `json:"name"`       // such as output_speed.p25
	Target    float64 `json:"target"`     // tok/s or seconds
	Share     float64 `json:"share"`      // of calls that must meet it
	Met       float64 `json:"met"`        // of calls that did
	HalfWidth float64 `json:"half_width"` // of the 95 % interval of Met
}

// ConditionOf is the condition of a score. Where there is too little to tell,
// the half-width is 1, since JSON has no infinity.
func ConditionOf(s Score) Condition {
	c := s.Criterion
	return Condition{
		Name:      fmt.Sprintf("%s.p%g", c.Measure, c.Percent),
		Target:    c.Target,
		Share:     c.Share,
		Met:       s.Met.Mean,
		HalfWidth: min(s.Met.Half, 1),
	}
}

// Margin is how far the condition is from failing, as a share of calls.
func (c *Condition) Margin() float64 { return c.Met - c.Share }
