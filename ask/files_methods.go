//go:build !js || readers

package ask

// fileMethods are those that read what people drop.
func fileMethods() map[string]Method {
	return map[string]Method{
		"trace-stats": quick((*Desk).TraceStats),
		"table":       quick((*Desk).Table),
	}
}
