// Package durationpb names a type; see README.md of the module.
package durationpb

import "time"

// Duration is a span of time.
type Duration struct{}

// AsDuration returns nothing.
func (*Duration) AsDuration() time.Duration { return 0 }
