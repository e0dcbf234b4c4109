package readers

import (
	"bytes"
	"fmt"
	"strings"

	"agentsim/trace/jsonscan"
)

// sample is what detection knows of a file: the shape of its first record.
type sample struct {
	name string // of the file, without compression suffix
	list bool   // the file is one JSON list
	keys keySet // of the first JSON record, nested ones as "a.b" and "a[].b"
	csv  string // the first line of a file that is not JSON
}

type keySet map[string]bool

// has reports whether all the keys are there.
func (s *sample) has(keys ...string) bool {
	for _, key := range keys {
		if !s.keys[key] {
			return false
		}
	}
	return true
}

// probe looks at the beginning of a file. It never fails: what cannot be read
// has no keys.
func probe(name string, head []byte) *sample {
	p := &sample{name: name, keys: keySet{}}
	text := bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	scan := jsonscan.New(bytes.NewReader(text))
	switch {
	case scan.Is('['):
		p.list = true
		scan.Array(func() {
			if len(p.keys) > 0 {
				scan.Skip()
				return
			}
			p.collect(scan, "", 0)
		})
	case scan.Is('{'):
		p.collect(scan, "", 0)
	default:
		line, _, _ := bytes.Cut(text, []byte("\n"))
		p.csv = strings.TrimSpace(string(line))
	}
	return p
}

// probeDepth is how deep detection looks into a record.
const probeDepth = 4

func (p *sample) collect(s *jsonscan.Scanner, path string, depth int) {
	switch {
	case depth > probeDepth:
		s.Skip()
	case s.Is('{'):
		s.Object(func(key []byte) {
			nested := strings.TrimPrefix(path+"."+string(key), ".")
			p.keys[nested] = true
			p.collect(s, nested, depth+1)
		})
	case s.Is('['):
		s.Array(func() { p.collect(s, path+"[]", depth+1) })
	default:
		s.Skip()
	}
}

// choose finds the format by name or, for "auto", by content.
func choose(path string, p *sample, name string) (format, error) {
	all := formats()
	if name != Auto && name != "" {
		for _, f := range all {
			if f.name == name {
				return f, nil
			}
		}
		return format{}, fmt.Errorf("unknown trace format %q; want auto or one of %s", name, strings.Join(Formats(), ", "))
	}
	for _, f := range all {
		if f.match(p) {
			return f, nil
		}
	}
	return format{}, fmt.Errorf("%s: the content is of no known trace format; name one of %s",
		path, strings.Join(Formats(), ", "))
}
