package calibrate

import (
	"math"
	"slices"
	"strings"

	"agentsim/models/hardware"
)

// PowerFit is the power of one accelerator as fitted to the rows that carry
// watts, or taken over from the accelerator that was.
type PowerFit struct {
	Accelerator string                    `json:"accelerator"`
	Silicon     string                    `json:"silicon"`
	Rule        string                    `json:"rule,omitempty"` // how it was taken over; empty = measured
	Power       hardware.AcceleratorPower `json:"-"`
	Error       FamilyError               `json:"error,omitzero"`   // over all rows of the accelerator
	Settled     FamilyError               `json:"settled,omitzero"` // over those of collectors without a lag
	Lag         [2]float64                `json:"lag,omitzero"`     // of module readings: seconds and shape
	Tables      []string                  `json:"tables,omitempty"`
	margin      [2]float64                // factors within which a coefficient taken over lies
}

// PowerReport says how well watts follow from work.
type PowerReport struct {
	Fits     []PowerFit    `json:"fits"`
	Tables   []FamilyError `json:"tables"`
	Excluded []Exclusion   `json:"excluded"`
	Presets  []string      `json:"presets,omitempty"` // files written
}

// Power fits the energies of every silicon to the tables that carry watts, and
// with o.Out writes them into the accelerator presets there.
func Power(o Options) (*PowerReport, error) {
	tables, err := find(o.Tables)
	if err != nil {
		return nil, err
	}
	r := &PowerReport{}
	for _, s := range silicons(o.Accelerators) {
		rows, err := r.read(tables, s, o)
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 {
			r.fit(s, rows, o)
		}
	}
	r.Fits = append(r.Fits, inherit(r.Fits, o.Accelerators)...)
	if o.Out != "" {
		r.Presets, err = writePower(o, r.Fits)
	}
	return r, err
}

// read gathers the tables of a silicon, in the order of their names.
func (r *PowerReport) read(tables []location, s silicon, o Options) ([][]powerRow, error) {
	var all [][]powerRow
	remembered := loads{}
	for _, l := range tables {
		a, known := find1(o.Accelerators, accelerator(l.System))
		if !known || !slices.Contains(s.measured, a.Name) {
			continue
		}
		carries, err := hasPower(l)
		if err != nil {
			return nil, err
		}
		if !carries {
			continue
		}
		rows, excluded, err := readPower(l, &scope{accelerator: a, loads: remembered})
		if err != nil {
			return nil, err
		}
		r.Excluded = append(r.Excluded, excluded.exclusions(l.String())...)
		if len(rows) > 0 {
			all = append(all, rows)
		}
	}
	return all, nil
}

// fit finds the energies of one silicon and judges them on every row.
func (r *PowerReport) fit(s silicon, tables [][]powerRow, o Options) {
	f := powerFit{silicon: s}
	var names []string
	for _, rows := range tables {
		name := rows[0].accelerator
		if !slices.Contains(names, name) {
			a, _ := find1(o.Accelerators, name)
			names, f.powers = append(names, name), append(f.powers, a.Power)
		}
		f.tables = append(f.tables, thinRows(rows, perTable))
		f.of = append(f.of, slices.Index(names, name))
	}
	powers, lags := f.solve()
	for i, name := range names {
		fit := PowerFit{Accelerator: name, Silicon: s.name, Power: powers[i],
			Lag: [2]float64{lags[i].tau, lags[i].shape}}
		var errors, settled []float64
		for t, rows := range tables {
			if f.of[t] != i {
				continue
			}
			e := relative(rows, &powers[i], lags[i])
			r.Tables = append(r.Tables, powerError(name, rows[0].table, e))
			fit.Tables = append(fit.Tables, rows[0].table)
			errors = append(errors, e...)
			if !rows[0].module {
				settled = append(settled, e...)
			}
		}
		fit.Settled = powerError(name, "", settled)
		fit.Error = powerError(name, strings.Join(fit.Tables, " "), errors)
		r.Fits = append(r.Fits, fit)
	}
}

// relative is the error of every row, as a fraction of its reading.
func relative(rows []powerRow, p *hardware.AcceleratorPower, l lag) []float64 {
	c := p.Coefficients()
	errors := make([]float64, len(rows))
	for i := range rows {
		errors[i] = reading(p, &c, l, &rows[i])/rows[i].watts - 1
	}
	return errors
}

func powerError(accelerator, table string, errors []float64) FamilyError {
	e := FamilyError{System: accelerator, Family: "power", Tables: table, N: len(errors)}
	sizes := make([]float64, len(errors))
	for i, x := range errors {
		sizes[i] = math.Abs(x)
		e.MAPE += sizes[i] / float64(len(errors))
		e.Bias += x / float64(len(errors))
		e.Max = max(e.Max, sizes[i])
	}
	slices.Sort(sizes)
	if len(sizes) > 0 {
		e.MedianAPE = sizes[len(sizes)/2]
	}
	return e
}

// inherit gives every accelerator that was not measured the power of the one
// that it names. The same silicon keeps its joules. Another vendor's part, or one
// to come, draws the same share of its TDP at the same fraction of its peak rates.
func inherit(fits []PowerFit, accelerators []hardware.Accelerator) []PowerFit {
	var taken []PowerFit
	for _, a := range accelerators {
		if a.PowerFrom == nil {
			continue
		}
		name := a.PowerFrom.Accelerator
		from, _ := find1(accelerators, name)
		i := slices.IndexFunc(fits, func(f PowerFit) bool { return f.Accelerator == name })
		if i < 0 {
			continue
		}
		fit := PowerFit{Accelerator: a.Name, Silicon: fits[i].Silicon}
		from.Power = fits[i].Power
		if a.PowerFrom.By == hardware.ByTDP {
			fit.Power, fit.margin = scaled(a, from), [2]float64{0.6, 1.6}
			fit.Rule = "the share of the TDP that " + name + " draws at the same fraction of its peak rates"
		} else {
			fit.Power, fit.margin = borrowed(a, from), [2]float64{0.75, 1.3}
			fit.Rule = "as " + name + ": the same silicon"
		}
		taken = append(taken, fit)
	}
	return taken
}
