// Package results stores the results of a study in a folder: results.parquet
// with typed columns and their units, the same as results.jsonl and
// results.csv, and manifest.json, which says where they come from.
package results
