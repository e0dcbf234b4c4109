package readers

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"

	"agentsim/trace/jsonscan"
)

// parquetMagic is how Parquet files begin and end.
const parquetMagic = "PAR1"

// sample is what detection knows of a file: the shape of its first record that
// is of a known format, or of its last one.
type sample struct {
	input
	list bool            // the file is one JSON list
	keys map[string]bool // of the JSON record, nested ones as "a.b" and "a[].b"
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

// columns reports whether the first line is a CSV header with all the columns.
func (s *sample) columns(names ...string) bool {
	have := map[string]bool{}
	for column := range strings.SplitSeq(s.text, ",") {
		have[strings.Trim(strings.TrimSpace(column), `"`)] = true
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
func probe(in input, head []byte) *sample { return probeFrom(in, bytes.NewReader(head)) }

// probeFrom looks at one record after the other until one is of a known format:
// logs begin with records of other kinds, and a record may begin with an image.
func probeFrom(in input, r io.Reader) *sample {
	p := &sample{input: in, keys: map[string]bool{}}
	text := bufio.NewReaderSize(r, lineMax)
	start, _ := text.Peek(lineMax)
	if start = bytes.TrimSpace(start); !bytes.HasPrefix(start, []byte("{")) && !bytes.HasPrefix(start, []byte("[")) {
		line, _, _ := bytes.Cut(start, []byte("\n"))
		p.text = string(bytes.TrimSpace(line))
		return p
	}
	scan := jsonscan.New(text)
	switch {
	case scan.Is('['):
		p.list = true
		scan.BeginList()
		for first := true; scan.Next(first) && !p.look(scan); first = false {
		}
	case scan.Is('{'):
		for scan.More() && !p.look(scan) {
		}
	}
	return p
}

// lineMax is how much of a line detection looks at, in bytes.
const lineMax = 64 << 10

// look takes the keys of the next record and reports whether they are of a
// known format. A record that is cut short shows those keys that it has.
func (p *sample) look(scan *jsonscan.Scanner) bool {
	clear(p.keys)
	collect(scan, "", 0, p.keys)
	_, ok := bestFormat(p)
	return ok
}

// probeDepth is how deep detection looks into a record.
const probeDepth = 6

// collect puts the paths of all keys of a value into a set.
func collect(s *jsonscan.Scanner, path string, depth int, set map[string]bool) {
	switch {
	case depth > probeDepth:
		s.Skip()
	case s.Is('{'):
		s.Object(func(key []byte) {
			nested := strings.TrimPrefix(path+"."+string(key), ".")
			set[nested] = true
			collect(s, nested, depth+1, set)
		})
	case s.Is('['):
		s.Array(func() { collect(s, path+"[]", depth+1, set) })
	default:
		s.Skip()
	}
}

// bestFormat returns the format that a sample is of: the one with the highest
// score.
func bestFormat(p *sample) (format, bool) {
	var best format
	most := 0
	for _, f := range formats() {
		if score := f.score(p); score > most {
			best, most = f, score
		}
	}
	return best, most > 0
}

// probeMax is how far detection reads a file whose beginning tells nothing, in bytes.
const probeMax = 64 << 20

// detect finds the format of a file by its beginning, or else by what follows.
// It returns false where there is none.
func detect(in input, head []byte) (format, bool, error) {
	p := probe(in, head)
	f, ok := bestFormat(p)
	if info, err := os.Stat(in.path); ok || err != nil || !info.Mode().IsRegular() || len(head) < headBytes {
		return f, ok, nil
	}
	whole, err := openFile(in)
	if err != nil {
		return f, false, err
	}
	f, ok = bestFormat(probeFrom(in, io.LimitReader(whole.r, probeMax)))
	return f, ok, whole.Close()
}

// choose finds the format by name or, for Auto, by content.
func choose(in input, head []byte, name string) (format, error) {
	if name != Auto {
		return named(name), nil
	}
	f, ok, err := detect(in, head)
	if err == nil && !ok {
		err = fmt.Errorf("%s: the content is of no known trace format; name one of %s, see agentsim trace formats",
			in.path, strings.Join(Formats(), ", "))
	}
	return f, err
}

// named returns the format with a name.
func named(name string) format {
	for _, f := range formats() {
		if f.name == name {
			return f
		}
	}
	return format{}
}

// yamlKey reports whether the first line of a file that is not JSON sets a key.
func (s *sample) yamlKey(key string) bool { return strings.HasPrefix(s.text, key+":") }
