package calibrate

import (
	"fmt"
	"slices"

	"agentsim/models/hardware"
)

// Options of a calibration.
type Options struct {
	Tables       string                 // directory of <system>/<family>/<engine>/<version>/<table>.parquet
	Out          string                 // directory the presets are written to; empty = none is written
	Figures      string                 // directory of the figures; empty = none is drawn
	Accelerators []hardware.Accelerator // presets, by name
	Source       string                 // what the tables are, for the presets' sources
	Date         string                 // of the tables
}

// Run fits every accelerator and engine that has both tables and an
// accelerator preset, and writes one kernel preset each. Nothing is written
// unless all of it can be.
func Run(o Options) (*Report, error) {
	tables, err := find(o.Tables)
	if err != nil {
		return nil, err
	}
	r := &Report{Excluded: unread(tables)}
	var sets []*fitted
	var drawn []*collection
	for _, system := range systems(tables) {
		a, ok := find1(o.Accelerators, accelerator(system))
		if !ok {
			r.Excluded = append(r.Excluded, Exclusion{Table: system, Reason: "no accelerator preset " + accelerator(system)})
			continue
		}
		for _, engine := range engines(tables, system) {
			set, collections, err := fitOne(o, tables, system, engine, a)
			if err != nil {
				return nil, err
			}
			sets = append(sets, set)
			drawn = append(drawn, collections...)
		}
	}
	complete(sets)
	for _, c := range drawn {
		r.Excluded = append(r.Excluded, c.excluded...)
		if f, ok := c.judge(setOf(sets, c)); ok {
			r.Families = append(r.Families, f)
		}
	}
	sortFamilies(r.Families)
	if r.Presets, err = writeAll(o, sets); err != nil {
		return nil, err
	}
	if o.Figures != "" {
		r.Figures, err = draw(o.Figures, drawn, sets)
	}
	return r, err
}

// fitted is one preset in the making.
type fitted struct {
	set         hardware.KernelSet
	accelerator hardware.Accelerator
	system      string
}

func fitOne(o Options, tables []location, system, engine string, a hardware.Accelerator) (*fitted, []*collection, error) {
	out := &fitted{accelerator: a, system: system, set: empty(accelerator(system), engine)}
	remembered := loads{}
	var collections []*collection
	for _, f := range families() {
		s := &scope{accelerator: a, loads: remembered, hostBound: map[string]bool{}}
		c, err := collect(&f, tables, system, engine, s)
		if err != nil {
			return nil, nil, err
		}
		names, by := groups(c.samples)
		for _, group := range names {
			if len(by[group]) < leastSamples {
				c.excluded = append(c.excluded, Exclusion{Table: c.sources[group].table, Rows: len(by[group]),
					Reason: fmt.Sprintf("%s: %d rows are too few for a fit", group, len(by[group]))})
				continue
			}
			f.fit(&out.set, s, group, by[group])
			out.note(o, c, group, by[group])
		}
		collections = append(collections, c)
	}
	out.set.Version = newestVersion(collections)
	return out, collections, nil
}

// leastSamples determine the constants of any form with some to spare.
const leastSamples = 12

// note records where a group's constants come from and how well they fit.
func (f *fitted) note(o Options, c *collection, group string, samples []sample) {
	e := judge(samples, func(x *sample) (float64, bool) { return c.family.price(&f.set, c.scope, x) })
	f.set.Sources[c.family.path(group)] = hardware.Source{
		Basis: "fitted", Source: o.Source, Date: o.Date, Table: c.sources[group].table,
		MAPE: roundError(e.MAPE), MaxError: roundError(e.Max), Points: len(samples), Note: hostNote(c.scope, group),
	}
}

func hostNote(s *scope, group string) string {
	if s.hostBound[group] {
		return "the table's small rows measure launches; the floor is borrowed from captured kernels"
	}
	return ""
}

// judge is the error of a family against the finished preset.
func (c *collection) judge(f *fitted) (FamilyError, bool) {
	if len(c.samples) == 0 || f == nil {
		return FamilyError{}, false
	}
	e := judge(c.samples, func(x *sample) (float64, bool) { return c.family.price(&f.set, c.scope, x) })
	e.System, e.Engine, e.Family = c.system, c.engine, c.family.name
	e.Tables = joined(c.tables)
	e.Note = reason(e)
	return e, e.N > 0
}

func empty(accelerator, engine string) hardware.KernelSet {
	return hardware.KernelSet{
		Name: accelerator + "-" + engine, Accelerator: accelerator, Engine: engine,
		GEMM: map[hardware.Format]hardware.Roofline{}, Experts: map[string]hardware.ExpertKernel{},
		Attention: map[string]hardware.AttentionKernel{}, Core: map[string]hardware.Roofline{},
		Sources: hardware.Sources{},
	}
}

func find1(list []hardware.Accelerator, name string) (hardware.Accelerator, bool) {
	i := slices.IndexFunc(list, func(a hardware.Accelerator) bool { return a.Name == name })
	if i < 0 {
		return hardware.Accelerator{}, false
	}
	return list[i], true
}

func setOf(sets []*fitted, c *collection) *fitted {
	for _, f := range sets {
		if f.system == c.system && f.set.Engine == c.engine {
			return f
		}
	}
	return nil
}
