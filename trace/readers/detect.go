package readers

import (
	"bytes"
	"fmt"
	"strings"

	"agentsim/trace/jsonscan"
)

// sample is what detection knows of a file: the shape of its first record.
type sample struct {
	input
	list bool            // the file is one JSON list
	keys map[string]bool // of the first JSON record, nested ones as "a.b" and "a[].b"
	more map[string]bool // of the first few records
	text string          // the first line of a file that is not JSON
}

// has reports whether all the keys are there.
func (s *sample) has(keys ...string) bool {
	for _, key := range keys {
		if !s.keys[key] {
			return false
		}
	}
	return true
}

// anywhere reports whether the first few records have all the keys.
func (s *sample) anywhere(keys ...string) bool {
	for _, key := range keys {
		if !s.more[key] {
			return false
		}
	}
	return true
}

// columns reports whether the first line is a CSV header with all the columns.
func (s *sample) columns(names ...string) bool {
	have := map[string]bool{}
	for column := range strings.SplitSeq(s.text, ",") {
		have[strings.TrimSpace(column)] = true
	}
	for _, name := range names {
		if !have[name] {
			return false
		}
	}
	return s.text != ""
}

// probe looks at the beginning of a file. It never fails: what cannot be read
// has no keys.
func probe(in input, head []byte) *sample {
	p := &sample{input: in, keys: map[string]bool{}, more: map[string]bool{}}
	text := bytes.TrimPrefix(head, []byte(byteOrderMark))
	scan := jsonscan.New(bytes.NewReader(text))
	switch {
	case scan.Is('['):
		p.list = true
		scan.BeginList()
		if scan.Next(true) {
			collect(scan, "", 0, p.keys, p.more)
		}
	case scan.Is('{'):
		collect(scan, "", 0, p.keys, p.more)
		// A log may begin with records of other kinds, so look at a few.
		for records := 1; records < 16 && scan.More(); records++ {
			collect(scan, "", 0, p.more)
		}
	default:
		line, _, _ := bytes.Cut(text, []byte("\n"))
		p.text = strings.TrimSpace(string(line))
	}
	return p
}

const byteOrderMark = "\xef\xbb\xbf"

// probeDepth is how deep detection looks into a record.
const probeDepth = 6

// collect puts the paths of all keys of a value into the sets.
func collect(s *jsonscan.Scanner, path string, depth int, sets ...map[string]bool) {
	switch {
	case depth > probeDepth:
		s.Skip()
	case s.Is('{'):
		s.Object(func(key []byte) {
			nested := strings.TrimPrefix(path+"."+string(key), ".")
			for _, set := range sets {
				set[nested] = true
			}
			collect(s, nested, depth+1, sets...)
		})
	case s.Is('['):
		s.Array(func() { collect(s, path+"[]", depth+1, sets...) })
	default:
		s.Skip()
	}
}

// choose finds the format by name or, for Auto, by content.
func choose(path string, p *sample, name string) (format, error) {
	for _, f := range formats() {
		if name == f.name || name == Auto && f.match(p) {
			return f, nil
		}
	}
	return format{}, fmt.Errorf("%s: the content is of no known trace format; name one of %s",
		path, strings.Join(Formats(), ", "))
}

// yamlKey reports whether the first line of a file that is not JSON sets a key.
func (s *sample) yamlKey(key string) bool { return strings.HasPrefix(s.text, key+":") }
