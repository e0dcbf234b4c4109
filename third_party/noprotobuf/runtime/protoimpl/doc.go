// Package protoimpl is what the tests of parquet-go import; go mod tidy looks for it.
package protoimpl
