// Package sqlite reads the rows of tables out of a file of SQLite, and does no
// more: no queries, no indices, no writing. It follows "Database File Format"
// (sqlite.org/fileformat2.html), whose sections the comments name. What a
// running program has committed to the write-ahead log beside its file is read
// as well; nothing is locked and nothing is changed.
//
//	database.go  opening: the header, the list of tables
//	rows.go      rows of a table: b-trees, overflow pages
//	record.go    a row's values
//	schema.go    the columns that CREATE TABLE names
//	pages.go     pages of the file and of the log
//	damage.go    the error of all the others
package sqlite
