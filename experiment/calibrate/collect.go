package calibrate

import (
	"fmt"
	"slices"
	"strings"
)

// collection is what the tables give one family on one system under one engine.
type collection struct {
	family   *family
	scope    *scope
	samples  []sample
	sources  map[string]source // by group
	tables   []string
	excluded []Exclusion
	newer    map[string]*succession // by group that an older version measured at other shapes
}

// source says where a group's samples come from.
type source struct {
	table, version string
}

// library is the engine directory of tables that belong to no engine.
const library = "nccl"

// collect reads the tables of one family. Engines are those of the tables; the
// collectives library is read for every engine of the system.
func collect(f *family, tables []location, t target, s *scope) (*collection, error) {
	out := &collection{family: f, scope: s, sources: map[string]source{}, newer: map[string]*succession{}}
	for _, name := range f.tables {
		newest := true
		for _, l := range tables {
			if l.Name != name || l.System != t.system || l.Engine != t.engine && l.Engine != library {
				continue
			}
			if !newest && !f.older {
				out.excluded = append(out.excluded, Exclusion{Table: l.String(), Reason: "an older version"})
				continue
			}
			if err := out.read(l); err != nil {
				return nil, err
			}
			newest = false
		}
	}
	out.advance()
	return out, nil
}

// advance brings the groups that several versions measured to the newest.
func (c *collection) advance() {
	names, by := groups(c.samples)
	if !slices.Contains(names, marlin) {
		return
	}
	samples, s := advance(marlin, by[marlin])
	if s == nil {
		return
	}
	c.newer[marlin] = s
	older := c.sources[marlin]
	for _, table := range c.tables {
		if strings.Contains(table, "/"+s.older+"/") {
			older = source{table: table, version: s.older}
		}
	}
	c.sources[s.group] = older
	c.samples = slices.DeleteFunc(c.samples, func(x sample) bool { return x.group == marlin })
	c.samples = append(c.samples, samples...)
}

func (c *collection) read(l location) error {
	t, err := readTable(l)
	if err != nil {
		return err
	}
	cols := &columns{table: t}
	b := c.family.read(cols, c.scope)
	if cols.err != nil {
		return cols.err
	}
	if err := b.checkUnits(t, c.scope.leastSeconds); err != nil {
		return err
	}
	for group := range b.hostBound {
		c.scope.hostBound[group] = true
	}
	c.take(&b, l)
	c.excluded = append(c.excluded, b.excluded.exclusions(l.String())...)
	c.tables = append(c.tables, l.String())
	return nil
}

// take keeps the groups that no newer version had. Curves are an exception:
// each shape is a group of its own.
func (c *collection) take(b *batch, l location) {
	names, by := groups(b.samples)
	for _, name := range names {
		if have, claimed := c.sources[name]; claimed && name != marlin {
			b.excluded.add(fmt.Sprintf("%s: version %s has it too", name, have.version), len(by[name]))
			continue
		}
		if _, claimed := c.sources[name]; !claimed {
			c.sources[name] = source{table: l.String(), version: l.Version}
		}
		for _, x := range by[name] {
			x.version = l.Version
			c.samples = append(c.samples, x)
		}
	}
}

// engines lists the engines that have tables on a system.
func engines(tables []location, system string) []string {
	var list []string
	for _, l := range tables {
		if l.System == system && l.Engine != library && !slices.Contains(list, l.Engine) {
			list = append(list, l.Engine)
		}
	}
	slices.Sort(list)
	return list
}

// systems lists the systems that have tables.
func systems(tables []location) []string {
	var list []string
	for _, l := range tables {
		if !slices.Contains(list, l.System) {
			list = append(list, l.System)
		}
	}
	slices.Sort(list)
	return list
}
