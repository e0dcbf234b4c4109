// Package report turns results into what people read: tables on a terminal,
// JSON and CSV for scripts. It computes nothing.
package report
