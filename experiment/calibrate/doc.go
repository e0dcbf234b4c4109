// Package calibrate turns measured kernel tables into the operator constants
// of kernel presets, and checks presets against tables.
//
// A table becomes samples: measured seconds beside the work that took them, in
// the terms of package hardware. Samples that one set of constants prices form
// a group; a group is fitted by robust least squares on the logarithm of time.
// A family is the groups of one operator, over which errors are reported.
// Presets hold fits and where they come from, never table rows.
package calibrate
