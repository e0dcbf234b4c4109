package calibrate

import (
	"cmp"
	"math"
	"slices"
)

// Report says what a calibration did.
type Report struct {
	Families []FamilyError `json:"families"`
	Excluded []Exclusion   `json:"excluded"`
	Presets  []string      `json:"presets"` // files written
	Figures  []string      `json:"figures,omitempty"`
}

// CheckReport says how well presets price tables.
type CheckReport struct {
	Families []FamilyError `json:"families"`
	Excluded []Exclusion   `json:"excluded"`
}

// FamilyError is the relative error of one operator family's prices on one
// system under one engine. Errors are fractions.
type FamilyError struct {
	System    string  `json:"system"`
	Engine    string  `json:"engine"`
	Family    string  `json:"family"`
	N         int     `json:"n"`
	MAPE      float64 `json:"mape"`
	MedianAPE float64 `json:"median_ape"`
	Max       float64 `json:"max"`
	Bias      float64 `json:"bias"` // mean signed error
	Tables    string  `json:"tables"`
	Note      string  `json:"note,omitempty"` // why, where the error is large
}

// Exclusion counts the rows of one table that took no part, and says why.
type Exclusion struct {
	Table  string `json:"table"`
	Rows   int    `json:"rows"`
	Reason string `json:"reason"`
}

// judge compares prices with measurements. Samples without a price are left
// out, and so are those that were moved from another version.
func judge(samples []sample, price func(*sample) (float64, bool)) FamilyError {
	var f FamilyError
	var all []float64
	for i := range samples {
		p, ok := price(&samples[i])
		if !ok || samples[i].moved {
			continue
		}
		e := p/samples[i].seconds - 1
		f.MAPE += math.Abs(e)
		f.Bias += e
		f.Max = max(f.Max, math.Abs(e))
		all = append(all, math.Abs(e))
	}
	f.N = len(all)
	if f.N == 0 {
		return f
	}
	f.MAPE /= float64(f.N)
	f.Bias /= float64(f.N)
	slices.Sort(all)
	f.MedianAPE = all[f.N/2]
	return f
}

// exclusions lists a tally by table and reason.
func (t tally) exclusions(table string) []Exclusion {
	var out []Exclusion
	for _, reason := range sortedKeys(t) {
		out = append(out, Exclusion{Table: table, Rows: t[reason], Reason: reason})
	}
	return out
}

func sortFamilies(list []FamilyError) {
	slices.SortFunc(list, func(a, b FamilyError) int {
		return cmp.Or(cmp.Compare(a.System, b.System), cmp.Compare(a.Engine, b.Engine), cmp.Compare(a.Family, b.Family))
	})
}
