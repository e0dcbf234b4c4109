package metrics

import "gonum.org/v1/gonum/stat/distuv"

// confidence of all intervals, two-sided.
const confidence = 0.95

// studentT975 is the factor of a two-sided 95 % interval with so many degrees
// of freedom.
func studentT975(freedom int) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(freedom)}.Quantile(0.5 + confidence/2)
}
