package moe

// Remote is where the copies of one token go, on average over the ranks that
// tokens start from (modelling.md eq. 9).
type Remote struct {
	DomainsPerToken float64 // remote domains visited: copies if each domain gets one and forwards it
	CopiesPerToken  float64 // choices served in remote domains: copies if each choice is sent
	RanksPerToken   float64 // ranks visited, the token's own included
	LocalShare      float64 // share of choices served in the token's own domain
	BusiestDomain   float64 // copies entering the busiest domain over the mean; 1 in one domain
}

// Remote is the traffic of one token under this placement.
func (t *Table) Remote() Remote { return t.remote }

// Traffic is what one rank sends, and on average receives, in one direction of
// one layer, in bytes.
type Traffic struct {
	NVLink        float64 // inside the domain
	ScaleOut      float64 // between domains, one copy per choice
	NVLinkDedup   float64 // inside the domain, forwarding what came in once per domain
	ScaleOutDedup float64 // between domains, one copy per domain
}

// Traffic is what tokensPerRank tokens of bytesPerToken cost a rank to dispatch,
// or to combine if bytesPerToken is that of the results. Without dedup it is
// modelling.md eq. 6, n·K·(1-1/G), split into what stays in the domain and what
// leaves it; with dedup it is section 2.5: one copy per remote domain, which a
// rank there forwards.
func (t *Table) Traffic(tokensPerRank, bytesPerToken float64) Traffic {
	amount := tokensPerRank * bytesPerToken
	r, s := t.remote, t.spec
	others := 1 - float64(s.Domains)/float64(s.Ranks) // share of a domain's ranks that is not one's own
	local := float64(s.TopK) - r.CopiesPerToken
	return Traffic{
		NVLink:        amount * local * others,
		ScaleOut:      amount * r.CopiesPerToken,
		NVLinkDedup:   amount * (local + r.CopiesPerToken) * others,
		ScaleOutDedup: amount * r.DomainsPerToken,
	}
}

func (r *Remote) add(other Remote, weight float64) {
	r.DomainsPerToken += weight * other.DomainsPerToken
	r.CopiesPerToken += weight * other.CopiesPerToken
	r.RanksPerToken += weight * other.RanksPerToken
	r.LocalShare += weight * other.LocalShare
	r.BusiestDomain += weight * other.BusiestDomain
}

// remote is the Remote of one layer.
func (l *layer) remote() Remote {
	c := newChoice(l.inclusion, l.spec.TopK)
	out := Remote{BusiestDomain: 1}
	entering := make([]float64, l.spec.Domains)
	var flows []flow
	for from, ranks := range l.spec.domainRanks() {
		share := float64(ranks) / float64(l.spec.Ranks)
		if from == 0 || l.spec.Placement.Kind == DomainAware {
			flows = l.flows(c, from)
		}
		for to, f := range flows {
			if to == from {
				continue
			}
			out.DomainsPerToken += share * f.visits
			out.CopiesPerToken += share * f.copies
			entering[to] += share * f.copies
		}
	}
	out.LocalShare = 1 - out.CopiesPerToken/float64(l.spec.TopK)
	out.RanksPerToken = l.ranksPerToken(c)
	if l.spec.Domains > 1 {
		out.BusiestDomain = l.busiest(entering, out.CopiesPerToken)
	}
	return out
}

// flow is what a token sends to one domain.
type flow struct {
	visits float64 // probability that anything goes there
	copies float64 // choices served there
}

// flows are a token's flows to every domain, its own included, from a domain.
// Only domain-aware placement makes them depend on where the token starts.
func (l *layer) flows(c choice, from int) []flow {
	served := make([][]float64, l.spec.Domains) // share of each expert's tokens, by domain
	for to := range served {
		served[to] = make([]float64, l.spec.Experts)
	}
	for i, slot := range l.slots {
		served[l.spec.DomainOf(slot.rank)][slot.expert] += l.serves(i, from)
	}
	flows := make([]flow, l.spec.Domains)
	for to := range flows {
		flows[to].visits = c.visits(served[to])
		for e, part := range served[to] {
			flows[to].copies += part * l.inclusion[e]
		}
	}
	return flows
}

// busiest compares what enters each domain with its share of the ranks.
func (l *layer) busiest(entering []float64, copies float64) float64 {
	if copies == 0 {
		return 1
	}
	most := 0.0
	for d, ranks := range l.spec.domainRanks() {
		most = max(most, entering[d]/copies*float64(l.spec.Ranks)/float64(ranks))
	}
	return most
}

// ranksPerToken is how many ranks a token visits, replicas asked at random.
func (l *layer) ranksPerToken(c choice) float64 {
	served := make([]float64, l.spec.Experts)
	sum := 0.0
	for _, slots := range l.slotsByRank() {
		clear(served)
		for _, i := range slots {
			served[l.slots[i].expert] += l.share[i]
		}
		sum += c.visits(served)
	}
	return sum
}
