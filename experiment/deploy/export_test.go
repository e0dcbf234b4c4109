package deploy

import (
	"agentsim/metrics"
	"agentsim/serve"
)

// WithAll returns a finder that combines all workers.
func (f *Finder) WithAll() *Finder {
	g := *f
	g.all = true
	g.whole, g.first, g.second = f.priced[0], f.priced[1], f.priced[2]
	return &g
}

// Kind is what rehearsals are spread over.
var Kind = kind

// NearestTo is the public run nearest to a deployment.
func (f *Finder) NearestTo(d *serve.DeploymentSpec, batch float64) *metrics.Nearest {
	return f.known.nearest(d, batch)
}

// LowerAt is the efficiency that most predictions hold so far from public runs.
func (f *Finder) LowerAt(spread float64) float64 {
	return f.known.lower(&metrics.Nearest{Spread: spread})
}
