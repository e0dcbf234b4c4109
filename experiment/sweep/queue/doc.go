// Package queue hands the points of a study to workers and collects what they
// find. On one machine the workers are slots of the process, which writes every
// result to a journal as it comes; on many they take jobs from a server with
// NATS JetStream. Every point gets exactly one result, although servers,
// workers and the coordinator may be killed at any time. On a server
//
//   - jobs lie in a work queue, from which one goes when it is acknowledged;
//   - a result is stored under the subject of its point, and only if there is
//     none yet, so that of two workers with one point the first one counts;
//   - a job is acknowledged after its results are stored; a worker that falls
//     silent loses its job to another.
//
// A point is a pure function of study, seed and version, so computing one
// twice does no harm.
//
// Read run.go first (the coordinator), then alone.go (one process) and
// worker.go (many).
package queue
