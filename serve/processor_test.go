//go:build !unix

package serve

import "time"

// ProcessorTime is the time of day, where there is no better clock.
func ProcessorTime() time.Duration { return time.Duration(time.Now().UnixNano()) }
