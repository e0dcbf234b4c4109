package readers

// format is one way to write a trace down.
type format struct {
	name  string
	match func(*sample) bool
	open  func(in *file, head []byte, p *sample) decoder
}

// formats lists all formats, the more particular before the more general ones
// that would match the same content.
func formats() []format {
	return []format{
		{"weka", func(p *sample) bool { return p.has("requests", "hash_id_scope") || p.has("requests[].hash_ids") },
			records(func() jsonFormat { return newWeka() })},
		{"mooncake", func(p *sample) bool { return p.has("input_length", "output_length") },
			records(func() jsonFormat { return newMooncake() })},
	}
}

// records opens a JSON format.
func records(begin func() jsonFormat) func(*file, []byte, *sample) decoder {
	return func(in *file, head []byte, p *sample) decoder {
		return newJSONDecoder(in.r, head, begin(), p.list)
	}
}

// Formats returns the names of all formats.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}
