// Package timestamppb names a type; see README.md of the module.
package timestamppb

import "time"

// Timestamp is a point in time.
type Timestamp struct{}

// AsTime returns nothing.
func (*Timestamp) AsTime() time.Time { return time.Time{} }
