package llm

// Module is an attention module with its kind looked up, for those who ask it
// step after step.
type Module struct {
	reach reach
	kind  kind
}

// reach is what bounds the positions that a query looks at.
type reach struct{ Window, IndexTopK, Compress int }

// Module looks the kind up.
func (a Attention) Module() Module {
	return Module{reach: reach{a.Window, a.IndexTopK, a.Compress}, kind: a.kind()}
}

// Prefill is Module.Prefill.
func (a Attention) Prefill(prefix, tokens int) Work {
	m := a.Module()
	return m.Prefill(prefix, tokens)
}

// Decode is Module.Decode.
func (a Attention) Decode(context float64) Work {
	m := a.Module()
	return m.Decode(context)
}

// Prefill counts the exact pairs of tokens new queries after prefix tokens
// that are in the cache already: query i of 1…tokens sees prefix+i positions
// (modelling.md section 1.4). Without new tokens there is no work.
func (m *Module) Prefill(prefix, tokens int) Work {
	if tokens <= 0 {
		return Work{}
	}
	from := int64(max(prefix, 0))
	to := from + int64(tokens)
	return m.kind.until(m.reach, to).minus(m.kind.until(m.reach, from))
}

// Decode is the work of one query token that sees context positions. It is
// continuous in the context: a part of a compressed entry counts as that part.
func (m *Module) Decode(context float64) Work {
	if context <= 0 {
		return Work{}
	}
	return m.kind.decode(m.reach, context)
}

func (w Work) minus(v Work) Work {
	return Work{Pairs: w.Pairs - v.Pairs, IndexPairs: w.IndexPairs - v.IndexPairs}
}

// sumTo is Σ j over j = 1…n.
func sumTo(n int64) int64 { return n * (n + 1) / 2 }

// sumCapped is Σ min(j, limit) over j = 1…n.
func sumCapped(n, limit int64) int64 {
	if n <= limit {
		return sumTo(n)
	}
	return sumTo(limit) + (n-limit)*limit
}

// sumFloors is Σ ⌊j/c⌋ over j = 1…n: c·q(q−1)/2 + q(r+1) with q = ⌊n/c⌋ and
// r = n mod c.
func sumFloors(n, c int64) int64 {
	q, r := n/c, n%c
	return c*(q*(q-1)/2) + q*(r+1)
}

// sumFloorsCapped is Σ min(⌊j/c⌋, limit) over j = 1…n. From j = c·limit on
// every term is the limit.
func sumFloorsCapped(n, c, limit int64) int64 {
	full := c * limit
	if n < full {
		return sumFloors(n, c)
	}
	return sumFloors(full, c) + (n-full)*limit
}
