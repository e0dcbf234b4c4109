// Package deploy finds the deployment that holds the most agents per megawatt
// on a given number of accelerators: it lists the workers that are legal and
// fit (shapes.go, pools.go), leaves out those that others outdo (sieve.go,
// shortlist.go), ranks what can be made of the rest with the analytic model
// (candidates.go, rank.go), and lets the simulator decide among the best
// (choose.go).
package deploy
