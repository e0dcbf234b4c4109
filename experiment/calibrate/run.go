package calibrate

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"

	"agentsim/configs"
	"agentsim/models/hardware"
)

// Options of a calibration.
type Options struct {
	Tables       string                 // directory of <system>/<family>/<engine>/<version>/<table>.parquet
	Out          string                 // directory the presets are written to; empty = none is written
	Figures      string                 // directory of the figures; empty = none is drawn
	Accelerators []hardware.Accelerator // presets, by name
	Kernels      []hardware.KernelSet   // presets as they are, which say what no table does
	Source       string                 // what the tables are, for the presets' sources
	Date         string                 // of the tables
}

// Run fits every accelerator and engine that has both tables and an
// accelerator preset, derives the accelerators without tables from them, and
// writes one kernel preset each. Nothing is written unless all of it can be.
func Run(o Options) (*Report, error) {
	tables, err := find(o.Tables)
	if err != nil {
		return nil, err
	}
	targets, excluded := targetsOf(tables, o.Accelerators)
	sets, err := each(targets, func(t target) (*fitted, error) { return fitOne(o, tables, t) })
	if err != nil {
		return nil, err
	}
	r := &Report{Excluded: append(unread(tables), excluded...)}
	var points []point
	for _, f := range sets {
		r.Families = append(r.Families, f.errors...)
		r.Excluded = append(r.Excluded, f.excluded...)
		points = append(points, f.points...)
	}
	sortFamilies(r.Families)
	unlaunch(sets)
	complete(sets)
	all := append(sets, derive(sets, o.Accelerators)...)
	for _, f := range all {
		f.serve(o.Kernels)
	}
	lendTwins(all)
	if r.Presets, err = writeAll(o.Out, all); err != nil {
		return nil, err
	}
	if r.Figures, err = draw(o.Figures, points); err != nil {
		return nil, err
	}
	return r, nil
}

// target is one preset: an accelerator under an engine.
type target struct {
	system, engine string
	accelerator    hardware.Accelerator
}

// targetsOf pairs systems with engines, and lists the systems that have no
// accelerator preset.
func targetsOf(tables []location, accelerators []hardware.Accelerator) ([]target, []Exclusion) {
	var targets []target
	var excluded []Exclusion
	for _, system := range systems(tables) {
		a, ok := find1(accelerators, accelerator(system))
		if !ok {
			excluded = append(excluded, Exclusion{Table: system, Reason: "no accelerator preset " + accelerator(system)})
			continue
		}
		for _, engine := range engines(tables, system) {
			targets = append(targets, target{system: system, engine: engine, accelerator: a})
		}
	}
	return targets, excluded
}

// find1 returns the accelerator preset of a name.
func find1(list []hardware.Accelerator, name string) (hardware.Accelerator, bool) {
	i := slices.IndexFunc(list, func(a hardware.Accelerator) bool { return a.Name == name })
	if i < 0 {
		return hardware.Accelerator{}, false
	}
	return list[i], true
}

// each runs one job per target on as many cores as there are, and returns the
// results in the order of the targets.
func each[R any](targets []target, job func(target) (R, error)) ([]R, error) {
	results := make([]R, len(targets))
	faults := make([]error, len(targets))
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	var wait sync.WaitGroup
	for i, t := range targets {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			results[i], faults[i] = job(t)
		})
	}
	wait.Wait()
	return results, errors.Join(faults...)
}

// fitted is one preset in the making, and how well it prices its tables.
type fitted struct {
	target
	set      hardware.KernelSet
	errors   []FamilyError
	excluded []Exclusion
	points   []point
}

func fitOne(o Options, tables []location, t target) (*fitted, error) {
	out := &fitted{target: t, set: empty(t.accelerator.Name, t.engine)}
	routes := loads{}
	for _, f := range families() {
		c, err := collect(&f, tables, t, &scope{accelerator: t.accelerator, loads: routes, hostBound: map[string]bool{}})
		if err != nil {
			return nil, err
		}
		names, by := groups(c.samples)
		for _, group := range names {
			if rows := len(by[group]); rows < leastSamples {
				c.excluded = append(c.excluded, Exclusion{Table: c.sources[group].table, Rows: rows,
					Reason: fmt.Sprintf("%s: %d rows are too few for a fit", group, rows)})
				continue
			}
			f.fit(&out.set, c.scope, group, by[group])
			out.note(o, c, group, by[group])
		}
		for _, group := range sortedKeys(c.newer) {
			out.succeed(c.family.path(group), group, c.newer[group])
		}
		out.set.Version = c.newest(out.set.Version)
		out.judge(c)
		out.excluded = append(out.excluded, c.excluded...)
	}
	return out, nil
}

// leastSamples determine the constants of any form with some to spare.
const leastSamples = 12

// note records where a group's constants come from and how well they fit.
func (f *fitted) note(o Options, c *collection, group string, samples []sample) {
	e := judge(samples, func(x *sample) (float64, bool) { return c.family.price(&f.set, c.scope, x) })
	note := ""
	if c.scope.hostBound[group] {
		note = "the table's small rows measure launches; the floor is borrowed from captured kernels"
	}
	f.set.Sources[c.family.path(group)] = hardware.Source{
		Basis: "fitted", Source: o.Source, Date: o.Date, Table: c.sources[group].table,
		MAPE: roundError(e.MAPE), MaxError: roundError(e.Max), Points: len(samples), Note: note, Domain: domainOf(samples),
	}
}

// judge adds the error of a family, and the points that a figure shows.
func (f *fitted) judge(c *collection) {
	price := func(x *sample) (float64, bool) { return c.family.price(&f.set, c.scope, x) }
	e := judge(c.samples, price)
	if e.N == 0 {
		return
	}
	e.System, e.Engine, e.Family = f.system, f.engine, c.family.name
	e.Tables = joined(c.tables)
	e.Note = reason(e)
	f.errors = append(f.errors, e)
	for _, x := range thin(c.samples, shown) {
		if p, ok := price(&x); ok && !x.moved {
			f.points = append(f.points, point{family: c.family.name, system: f.system, measured: x.seconds, fitted: p})
		}
	}
}

func empty(accelerator, engine string) hardware.KernelSet {
	return hardware.KernelSet{
		Name: configs.KernelsOf(accelerator, engine), Accelerator: accelerator, Engine: engine,
		GEMM: map[hardware.Format]hardware.Roofline{}, Experts: map[string]hardware.ExpertKernel{},
		Attention: map[string]hardware.AttentionKernel{}, Core: map[string]hardware.Roofline{},
		Sources: hardware.Sources{},
	}
}
