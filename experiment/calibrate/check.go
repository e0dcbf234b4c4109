package calibrate

import (
	"slices"

	"agentsim/configs"
	"agentsim/models/hardware"
)

// CheckOptions says what to judge by what.
type CheckOptions struct {
	Tables       string
	Accelerators []hardware.Accelerator
	Kernels      []hardware.KernelSet
}

// Check fits nothing: it prices the rows of the tables with the given presets.
// Systems and engines without a preset are listed as excluded.
func Check(o CheckOptions) (*CheckReport, error) {
	tables, err := find(o.Tables)
	if err != nil {
		return nil, err
	}
	targets, excluded := targetsOf(tables, o.Accelerators)
	checked, err := each(targets, func(t target) (*fitted, error) { return checkOne(o, tables, t) })
	if err != nil {
		return nil, err
	}
	r := &CheckReport{Excluded: append(unread(tables), excluded...)}
	for _, f := range checked {
		r.Families = append(r.Families, f.errors...)
		r.Excluded = append(r.Excluded, f.excluded...)
	}
	sortFamilies(r.Families)
	return r, nil
}

func checkOne(o CheckOptions, tables []location, t target) (*fitted, error) {
	out := &fitted{target: t}
	i := slices.IndexFunc(o.Kernels, func(k hardware.KernelSet) bool {
		return k.Name == configs.KernelsOf(t.accelerator.Served(), t.engine)
	})
	if i < 0 {
		out.excluded = []Exclusion{{Table: t.system + "/" + t.engine,
			Reason: "no kernel preset of " + t.engine + " on " + t.accelerator.Name}}
		return out, nil
	}
	out.set = o.Kernels[i]
	routes := loads{}
	for _, f := range families() {
		c, err := collect(&f, tables, t, &scope{accelerator: t.accelerator, loads: routes, hostBound: map[string]bool{}})
		if err != nil {
			return nil, err
		}
		out.judge(c)
		out.excluded = append(out.excluded, c.excluded...)
	}
	return out, nil
}
