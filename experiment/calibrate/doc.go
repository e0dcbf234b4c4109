// Package calibrate turns measured kernel tables into the operator constants
// of kernel presets, and checks presets against tables.
//
// A table becomes samples: measured seconds beside the work that took them, in
// the terms of package hardware. Samples that one set of constants prices form
// a group; a group is fitted by robust least squares on the logarithm of time.
// A family is the groups of one operator, over which errors are reported.
// Presets hold fits and where they come from, never table rows.
//
// Read the files in this order. A whole run, and what it writes:
//
//	run.go       every accelerator and engine with tables: fit, complete, write
//	check.go     the same tables against constants that exist
//	derived.go   accelerators without tables, from the nearest relative
//	launches.go  floors that measure a host, from the same chip's other tables
//	complete.go  operators that an engine's tables lack, from another engine
//	twins.go     expert kernels that one accelerator's tables leave out, from its twin
//	yaml.go      writing presets
//	serving.go   what tables do not say of an engine in serving
//	figures.go   measured against fitted
//	unread.go    what is left out, and why errors are large
//	collect.go   the rows of one family
//
// Watts, from the same tables:
//
//	power.go          every silicon whose tables carry watts
//	power_presets.go  the block of a preset
//	power_fit.go      the search for joules
//	power_rows.go     rows with watts
//	power_work.go     the work behind a row
//
// The operators:
//
//	families.go     all of them, and the tables that measure each
//	modules.go      whole attention modules: reading
//	modules_fit.go  whole attention modules: fitting
//	grid.go         corrections where decode switches kernels with the context
//	cores.go        attention without its projections
//	residual.go     hyper-connections
//	gemm.go         matrix products
//	collectives.go  exchanges between ranks
//	versions.go     kernels that several versions measure at different shapes
//	experts_fit.go  experts: fitting
//	experts.go      experts: reading
//	routing.go      how the tables deal tokens to experts
//
// What all of them use:
//
//	hostbound.go  rows that measure launches instead of kernels
//	forms.go      formulas with constants
//	optimise.go   the search for the constants
//	scope.go      what readers and fits know beside the rows
//	report.go     errors and exclusions
//	sample.go     measured times beside their work
//	parquet.go    reading a table by columns
//	tables.go     finding tables
package calibrate
