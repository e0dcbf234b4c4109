// Package metrics turns what a simulation counts into figures with their
// certainty: latency histograms, service-level verdicts, batch means, call
// counters that obey Little's law, and energy.
//
// Everything called per request is free of allocations. Time comes in as an
// argument, in seconds.
package metrics
