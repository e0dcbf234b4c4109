package prefix

import (
	"math"

	"agentsim/fault"
	"agentsim/units"
)

// Budget is what the memory of a rank holds.
type Budget struct {
	Pools    []PoolBudget
	Sessions int // idle ones of the length asked for, with all that reuse needs
}

// PoolBudget is what one pool holds.
type PoolBudget struct {
	Pool       string
	Bytes      units.Bytes
	Reserved   units.Bytes // of these, before any request
	InFlight   units.Bytes // of a step's worth of prompt, unless that is computed in room of its own
	Running    units.Bytes // of one request of the length asked for
	Idle       units.Bytes // of one idle session of that length
	Tokens     int         // of what grows that fit in what is free; 0 where nothing does
	Sessions   int         // idle ones that fit beside a step in flight
	Latest     int         // the same of those that keep their last position alone, as what was used last does
	Components []ComponentBudget
}

// ComponentBudget is what a component takes of its pool.
type ComponentBudget struct {
	Component  string
	Kind       Kind
	PerToken   units.Bytes // of context, where it grows; else of a token in flight; 0 of a state
	Checkpoint units.Bytes // of one position; 0 where it grows
	Running    units.Bytes // of one request
	Idle       units.Bytes // of one idle session
}

// Budget says what the cache has room for, with requests and sessions of so
// many tokens. The Spec must be valid.
func (s *Spec) Budget(tokens int) Budget {
	b := Budget{Sessions: math.MaxInt}
	free := s.free()
	for i := range s.Pools {
		p := PoolBudget{
			Pool:     s.Pools[i].Name,
			Bytes:    s.Pools[i].Capacity,
			Reserved: units.Bytes(float64(s.reserved(i))),
			Sessions: math.MaxInt,
			Latest:   math.MaxInt,
		}
		perToken := 0.0
		idle, latest := int64(0), int64(0)
		for j := range s.Components {
			if c := &s.Components[j]; c.Pool == i {
				line := s.line(c, tokens)
				if c.Kind == Grows {
					perToken += float64(line.PerToken)
				}
				p.Running += line.Running
				p.Idle += line.Idle
				idle += int64(line.Idle)
				if latest += int64(line.Idle); c.Kind != Grows {
					latest -= int64(max(line.Idle-line.Checkpoint, 0))
					p.InFlight += s.inFlight(c)
				}
				p.Components = append(p.Components, line)
			}
		}
		if perToken > 0 {
			page := s.Components[s.first(i)].Page
			p.Tokens = int(float64(free[i])/(perToken*float64(page))) * page
			p.Running += s.Running
		}
		if idle > 0 {
			room := max(free[i]-int64(p.InFlight), 0)
			p.Sessions, p.Latest = int(room/idle), int(room/latest)
		}
		b.Sessions = min(b.Sessions, p.Sessions)
		b.Pools = append(b.Pools, p)
	}
	return b
}

// inFlight is what a component takes for the tokens of a prompt's step.
func (s *Spec) inFlight(c *Component) units.Bytes {
	flight := &s.Policy.InFlight
	if c.Kind != Window || flight.Prefill <= flight.Decode {
		return 0
	}
	return units.Bytes(c.groups()*pagesOver(flight.Prefill, c.Page)) * units.Bytes(float64(s.pageBytes(c)))
}

// first is the first component of a pool that grows.
func (s *Spec) first(pool int) int {
	for i := range s.Components {
		if s.Components[i].Pool == pool && s.Components[i].Kind == Grows {
			return i
		}
	}
	return 0
}

// line is the budget of one component.
func (s *Spec) line(c *Component, tokens int) ComponentBudget {
	page := units.Bytes(float64(s.pageBytes(c)))
	line := ComponentBudget{
		Component: c.Name,
		Kind:      c.Kind,
		Running:   page * units.Bytes(c.RunningPages(tokens, s.Policy.InFlight.Prefill)),
		Idle:      page * units.Bytes(s.KeptPages(c, tokens)),
	}
	if c.Kind != State {
		line.PerToken = page * units.Bytes(c.groups()) / units.Bytes(c.Page)
	}
	if c.Kind != Grows {
		line.Checkpoint = page * units.Bytes(c.checkpointPages(max(tokens, c.Page), false))
	}
	return line
}

// KeptPages is how many pages of a component an idle session keeps after one
// request whose prompt had so many tokens, in whole pages.
func (s *Spec) KeptPages(c *Component, tokens int) int {
	if c.Kind == Grows {
		return c.groups() * (tokens / c.Page)
	}
	rule := &s.Policy.Checkpoints
	positions := align(s.Components)
	pages, last := 0, 0
	for _, every := range []int{rule.Every, rule.Chunk / positions * positions} {
		if every > 0 {
			n := tokens / every
			if rule.Last > 0 {
				n = min(n, rule.Last)
			}
			pages += n * c.checkpointPages(every, rule.WholePages)
			last = max(last, tokens/every*every)
		}
	}
	end := max(tokens-rule.Rewind, 0) / positions * positions
	if (rule.PromptEnd || rule.RequestEnd || rule.Chunk > 0) && end > last && (rule.Last == 0 || pages == 0) {
		pages += c.checkpointPages(end-last, false)
	}
	return pages
}

// Slots is one pool that serves all components with pages of equal bytes
// (vLLM).
func Slots(total, slot units.Bytes) []Pool {
	return []Pool{{Name: "blocks", Capacity: total, Slot: slot}}
}

// Shares divides memory over pools, which lend each other nothing: by layer
// group (TensorRT-LLM's pool_ratio), or states against the rest.
func Shares(total units.Bytes, names []string, shares []float64) ([]Pool, error) {
	sum := 0.0
	var pools []Pool
	for i, share := range shares {
		if !(share > 0) || share > 1 {
			return nil, fault.Want(fault.Index("shares", i), share, "above 0, at most 1")
		}
		sum += share
		name := "pool"
		if i < len(names) {
			name = names[i]
		}
		pools = append(pools, Pool{Name: name, Capacity: units.Bytes(math.Floor(float64(total) * share))})
	}
	const tolerance = 1e-6 // rounding of shares as they are written
	if math.Abs(sum-1) > tolerance {
		return nil, fault.New("shares", "add up to %.4g: want 1", sum)
	}
	return pools, nil
}

// Ratio divides memory so that windows have ratio times the tokens of what
// grows, both in whole pages (SGLang's swa_full_tokens_ratio). What grows must
// be in pool 0 and the rest in pool 1.
func Ratio(total units.Bytes, components []Component, ratio float64) (pools []Pool, full, window int, err error) {
	if !(ratio > 0) || ratio > 1 {
		return nil, 0, 0, fault.Want("ratio", ratio, "above 0, at most 1")
	}
	var grows, tail float64
	page := 1
	for i := range components {
		c := &components[i]
		perToken := float64(c.Bytes) * float64(c.groups()) / float64(c.Page)
		if c.Kind == Grows {
			grows += perToken
		} else {
			tail += perToken
		}
		page = max(page, c.Page)
	}
	full = int(float64(total)/(grows+ratio*tail)) / page * page
	window = int(ratio*float64(full)) / page * page
	pools = []Pool{{Name: "full"}, {Name: "window"}}
	for i := range components {
		c := &components[i]
		at, tokens := &pools[0], full
		if c.Kind != Grows {
			at, tokens = &pools[1], window
		}
		at.Capacity += units.Bytes(tokens/c.Page*c.groups()) * units.Bytes(math.Ceil(float64(c.Bytes)))
	}
	return pools, full, window, nil
}
