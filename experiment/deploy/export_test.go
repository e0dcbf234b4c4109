package deploy

// WithAll returns a finder that combines all workers.
func (f *Finder) WithAll() *Finder {
	g := *f
	g.all = true
	g.whole, g.first, g.second = f.priced[0], f.priced[1], f.priced[2]
	return &g
}
