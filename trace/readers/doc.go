// Package readers reads the trace formats that exist in the wild into calls.
//
// Open detects the format by content. Each format has a file of its own, named
// after it, which says how it tells time, prompts, prefixes and sessions;
// formats.go lists them all. Text is counted and dropped.
//
// # How to write a reader
//
// A format is a row of a table in formats.go (or formats_tools.go): its name,
// what it is, the keys or columns by which it is known, and begin, which makes
// the reader's state over all files of a trace. Most readers are a jsonFormat
// or a csvFormat: they see one record after the other.
//
// There are two ways to hand out calls:
//
//   - Logs, which tell wall time (OpenTelemetry, Claude Code, Codex, …), put an
//     entry into the ledger: env.record(e), with e from newEntry. Start is in
//     Unix seconds, never relative and never clamped; Service is the provider's
//     time, or end when the call was over. Turn, the kind First, the gap and the
//     prefix are the ledger's to fill in, when all files are read: it drops
//     copies (entries with one id), sorts the calls of each agent by time (or by
//     rank, where the log numbers them), takes gaps between unclamped times, and
//     subtracts the earliest time of the trace. Files and records may so come in
//     any order. Nothing may be kept that depends on which file came first. A
//     format that has to see all files before it can record a call has a method
//     drain (see drainer): it is called when all are read.
//   - Traces, which tell time from their own zero (Mooncake, Weka, BurstGPT, …)
//     or none, push calls as they come: they may be larger than memory. Each
//     agent has a progress that numbers its calls and fills in gaps.
//
// What all readers keep to:
//
//   - A call has two counts of what a cache gives. Cached is what the recorded
//     provider's cache returned; its entries expire and move. Prefix is what the
//     prompt shares with an earlier one: that is the workload's. Formats with
//     block ids or text tell Prefix (entry.told in the ledger); those with a
//     provider's report set cached in their row of the table and fill in Cached,
//     and prefixOf in ledger.go makes the prefix of it. entry.edited says that
//     the prompt is no continuation: after a compaction, or a cleared context.
//   - What a report counts inside the input and what beside it is decided in one
//     place: fill in a usage and ask its tokens (usage.go). Reasoning is output.
//   - null is absent. A key that the format does not use goes to env.unknown.
//   - A failed call is none: env.note(failedCalls). A call without tokens is
//     none: env.record sees to that, env.usable elsewhere. Whatever else is left
//     out is a note too. A trace of which nothing is left is an error.
//   - Kind is Tool where a tool's result led to the call and User where a person
//     did, or where the cause is not known. A call begins when the last thing
//     was sent to the model; if nothing was since the answer before, it is the
//     time of its own first record, never a time that counts for another call.
//   - A sub-agent has an Agent within its session, or a session of its own with
//     a Parent. Its name comes from the log, so that it does not depend on the
//     order of files.
//   - Errors name the value and what would be right; never a text of the trace.
package readers
