package readers

import (
	"math"
	"math/rand/v2"
	"strconv"

	"agentsim/trace"
	"agentsim/trace/jsonscan"
)

// vllmGenerate reads the configuration from which vLLM's multi-turn benchmark
// makes up conversations, and makes them up: the same ones each time. Turns
// count a user's message and its answer as two. There are no times.
type vllmGenerate struct {
	oneByOne
	env *env
}

func newVLLMGenerate(e *env) jsonFormat { return &vllmGenerate{env: e} }

// vllmConversations is the default of num_conversations, vllmSeed the start of
// the random numbers.
const (
	vllmConversations = 24
	vllmSeed          = 1
	vllmMedianRatio   = 0.85 // default of lognormal's median_ratio (vllm benchmarks/multi_turn)
)

type vllmConfig struct {
	conversations                 int
	turns, common, prefix, prompt vllmDistribution
	output                        vllmDistribution
}

// vllmDistribution is one of constant, uniform, lognormal, zipf and poisson.
type vllmDistribution struct {
	kind                            string
	value, min, max, average        float64
	medianRatio, mean, sigma, alpha float64
}

func (v *vllmGenerate) record(s *jsonscan.Scanner, q *queue) {
	c := vllmConfig{conversations: vllmConversations}
	s.Object(func(key []byte) {
		switch string(key) {
		case "num_conversations":
			c.conversations = s.Count("num_conversations")
		case "prompt_input":
			s.Object(func(key []byte) { v.promptField(s, key, &c) })
		case "prompt_output":
			s.Object(func(key []byte) {
				if string(key) == "num_tokens" {
					c.output = v.distribution(s)
					return
				}
				v.env.unknown(s, key, "")
			})
		default:
			v.env.unknown(s, key, "filetype text_files print_stats")
		}
	})
	if s.Err() == nil && (c.turns.kind == "" || c.prompt.kind == "" || c.output.kind == "") {
		s.Fail("prompt_input.num_turns, prompt_input.num_tokens or prompt_output.num_tokens: missing; want all three")
	}
	if s.Err() == nil && !c.draw(q) {
		s.Fail("more than %d calls; want fewer conversations or turns", vllmCallsMax)
	}
}

// vllmCallsMax bounds what one configuration makes up.
const vllmCallsMax = 500_000

func (v *vllmGenerate) promptField(s *jsonscan.Scanner, key []byte, c *vllmConfig) {
	switch string(key) {
	case "num_turns":
		c.turns = v.distribution(s)
	case "common_prefix_num_tokens":
		c.common = v.distribution(s)
	case "prefix_num_tokens":
		c.prefix = v.distribution(s)
	case "num_tokens":
		c.prompt = v.distribution(s)
	default:
		v.env.unknown(s, key, "")
	}
}

func (v *vllmGenerate) distribution(s *jsonscan.Scanner) vllmDistribution {
	d := vllmDistribution{medianRatio: vllmMedianRatio}
	s.Object(func(key []byte) {
		switch string(key) {
		case "distribution":
			d.kind = s.String()
		case "value":
			d.value = s.Float()
		case "min":
			d.min = s.Float()
		case "max":
			d.max = s.Float()
		case "average":
			d.average = s.Float()
		case "median_ratio":
			d.medianRatio = s.Float()
		case "mean":
			d.mean = s.Float()
		case "sigma":
			d.sigma = s.Float()
		case "alpha":
			d.alpha = s.Float()
		default:
			v.env.unknown(s, key, "")
		}
	})
	if err := d.validate(); err != "" && s.Err() == nil {
		s.Fail("distribution %s: %s", strconv.Quote(d.kind), err)
	}
	return d
}

func (d *vllmDistribution) validate() string {
	switch d.kind {
	case "constant", "uniform":
	case "lognormal":
		if d.average == 0 && d.sigma == 0 || d.average < 0 || d.sigma < 0 || d.medianRatio <= 0 || d.medianRatio > 1 {
			return "want average and median_ratio (0 to 1), or mean and sigma"
		}
	case "zipf":
		if d.alpha <= 1 {
			return "want alpha above 1"
		}
	case "poisson":
		if d.alpha <= 0 || d.alpha > 1e4 {
			return "want alpha between 0 and 10,000"
		}
	default:
		return "unknown; want constant, uniform, lognormal, zipf or poisson"
	}
	if d.max < 0 || d.min < 0 || d.value < 0 || d.max > 0 && d.max < d.min {
		return "want value, min and max of 0 or more, with min below max"
	}
	return ""
}

func (d *vllmDistribution) draw(r *rand.Rand) int {
	v := 0.0
	switch d.kind {
	case "constant":
		return int(min(d.value, jsonscan.CountMax))
	case "uniform":
		v = d.min + math.Floor(r.Float64()*(d.max-d.min+1))
	case "lognormal":
		mu, sigma := d.mean, d.sigma
		if d.average > 0 {
			// median = average × ratio; the mean of a lognormal is median × e^(sigma²/2).
			mu, sigma = math.Log(d.average*d.medianRatio), math.Sqrt(-2*math.Log(d.medianRatio))
		}
		v = math.Round(math.Exp(mu + sigma*r.NormFloat64()))
	case "zipf":
		v = float64(1 + rand.NewZipf(r, d.alpha, 1, jsonscan.CountMax).Uint64())
	case "poisson":
		v = poisson(r, d.alpha)
	}
	v = max(v, d.min, 1)
	if d.max > 0 {
		v = min(v, d.max)
	}
	return int(min(v, jsonscan.CountMax))
}

// poisson counts exponential steps.
func poisson(r *rand.Rand, mean float64) float64 {
	n := 0.0
	for at := r.ExpFloat64(); at < mean; at += r.ExpFloat64() {
		n++
	}
	return n
}

// draw makes up the conversations. It reports whether they are few enough.
func (c *vllmConfig) draw(q *queue) bool {
	r := rand.New(rand.NewPCG(vllmSeed, 0))
	common := c.common.draw(r)
	for i := range c.conversations {
		at := progress{end: trace.Unknown}
		head := common + c.prefix.draw(r)
		for range (c.turns.draw(r) + 1) / 2 {
			if len(q.calls) == vllmCallsMax {
				return false
			}
			call := unknownTimes()
			call.Session, call.Kind = "#"+strconv.Itoa(i+1), trace.User
			call.Input, call.Output = c.prompt.draw(r), c.output.draw(r)
			if at.turns == 0 {
				call.Input, call.Shared = call.Input+head, common
			} else {
				at.extends(&call)
			}
			at.place(&call)
			q.push(call)
		}
	}
	return true
}
