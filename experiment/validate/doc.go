// Package validate predicts public serving measurements and says how far off
// the predictions are.
//
// A Case is one row of a table: a deployment and what was measured on it. Every
// case is built from presets, run as it was measured (a finite closed loop with
// a cold start), and compared metric by metric. Nothing is tuned to a case: what
// a table does not record follows from the rules in recipe.go.
package validate
