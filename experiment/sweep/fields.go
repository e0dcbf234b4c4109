package sweep

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"agentsim/metrics"
)

// field is one scalar of a result under its flattened path.
type field struct {
	Column
	Cell
	order string // sorts fields as their type lists them, entries of maps by key
}

// resultColumns are the fields that any result has, whatever came out, and
// those of maps that any of these has.
func resultColumns(rows []*Row) []Column {
	known := map[string]bool{}
	var all []field
	results := []*metrics.Result{{Capacity: &metrics.Capacity{}}}
	for _, r := range rows {
		results = append(results, r.Result)
	}
	for _, r := range results {
		for _, f := range fields(r) {
			if !known[f.Name] {
				known[f.Name] = true
				all = append(all, f)
			}
		}
	}
	slices.SortFunc(all, func(a, b field) int { return cmp.Compare(a.order, b.order) })
	columns := make([]Column, len(all))
	for i, f := range all {
		columns[i] = f.Column
	}
	return columns
}

// fields lists the scalars of a result. Lists are left out, and so is what
// differs from run to run or stands in the study.
func fields(r *metrics.Result) []field {
	var list []field
	if r != nil {
		walk(reflect.ValueOf(*r), "", "", &list)
	}
	return slices.DeleteFunc(list, func(f field) bool {
		return f.Name == "wall_s" || f.Name == "question" || f.Name == "agents" || f.Name == "seed"
	})
}

func walk(v reflect.Value, path, order string, list *[]field) {
	add := func(kind Kind, c Cell) {
		c.Known = true
		*list = append(*list, field{Column{path, kind, unitOf(path, kind)}, c, order})
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), path, order, list)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			walk(v.Field(i), joined(path, name), fmt.Sprintf("%s/%03d", order, i), list)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			walk(v.MapIndex(key), joined(path, key.String()), order+"/"+key.String(), list)
		}
	case reflect.String:
		add(Text, Cell{Text: v.String()})
	case reflect.Float64:
		add(Number, Cell{Number: v.Float()})
	case reflect.Int, reflect.Int64:
		add(Whole, whole(v.Int()))
	case reflect.Uint64:
		add(Whole, whole(int64(v.Uint())))
	}
}

func joined(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// unitOf is the unit of a field of a result. Its key ends in it, but for
// these.
func unitOf(path string, kind Kind) string {
	if kind == Text {
		return ""
	}
	switch {
	case strings.HasPrefix(path, "power.by_component."):
		return "W"
	case strings.HasPrefix(path, "time.by_state."):
		return "s"
	case strings.HasPrefix(path, "capacity.agents_per_mw."), strings.HasPrefix(path, intervalColumns+"agents_per_mw."):
		return "1/MW"
	}
	for _, u := range []struct{ suffix, unit string }{
		{"tok_s", "tok/s"}, {"output_speed_p25", "tok/s"}, {"output_speed_p50", "tok/s"}, {"turns_per_s", "1/s"},
		{"_ms", "ms"}, {"_tokens", "tokens"}, {"joules_per_output_token", "J"}, {"_w", "W"}, {"_s", "s"},
	} {
		if strings.HasSuffix(path, u.suffix) {
			return u.unit
		}
	}
	return ""
}
