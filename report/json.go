package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// JSON writes any result indented, with a newline at the end.
func JSON(w io.Writer, result any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(result)
}

// CSV writes a result as one row under a header of its flattened JSON keys.
func CSV(w io.Writer, result any) error {
	keys, values, err := Flatten(result)
	if err != nil {
		return err
	}
	c := csv.NewWriter(w)
	if err := c.WriteAll([][]string{keys, values}); err != nil {
		return fmt.Errorf("writing csv: %w", err)
	}
	return nil
}

// Flatten lists the scalar fields of a result's JSON in order, nested keys
// joined with dots. Lists are left out.
func Flatten(result any) (keys, values []string, err error) {
	text, err := json.Marshal(result)
	if err != nil {
		return nil, nil, err
	}
	var tree any
	d := json.NewDecoder(newReader(text))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		return nil, nil, err
	}
	f := flattener{}
	f.walk("", tree)
	return f.keys, f.values, nil
}

type flattener struct{ keys, values []string }

func (f *flattener) walk(path string, node any) {
	switch v := node.(type) {
	case map[string]any:
		for _, k := range sortedKeys(v) {
			f.walk(join(path, k), v[k])
		}
	case []any:
	case json.Number:
		f.put(path, v.String())
	case string:
		f.put(path, v)
	case bool:
		f.put(path, strconv.FormatBool(v))
	}
}

func (f *flattener) put(key, value string) {
	f.keys = append(f.keys, key)
	f.values = append(f.values, value)
}
