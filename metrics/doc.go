// Package metrics turns what a simulation counts into figures with their
// certainty: quantiles, service-level verdicts, batch means, and the results
// that scripts read.
//
// Time comes in as an argument, in seconds.
package metrics
