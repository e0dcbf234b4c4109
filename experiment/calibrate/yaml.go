package calibrate

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"agentsim/configs"
	"agentsim/models/hardware"
	"agentsim/units"
)

const (
	filePermissions = 0o644
	dirPermissions  = 0o755
)

// writeAll writes one file per preset: first all of them aside, each read back
// and validated, then all are renamed.
func writeAll(dir string, sets []*fitted) ([]string, error) {
	if dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(dir, dirPermissions); err != nil {
		return nil, fmt.Errorf("kernel presets: %w", err)
	}
	aside, err := os.MkdirTemp(dir, ".calibrate-")
	if err != nil {
		return nil, fmt.Errorf("kernel presets: %w", err)
	}
	defer os.RemoveAll(aside)
	var files []string
	for _, f := range sets {
		text := presetText(f.set)
		file := f.set.Name + ".yaml"
		if err := readBack(file, text); err != nil {
			return nil, fmt.Errorf("kernel preset %s: %w", f.set.Name, err)
		}
		if err := os.WriteFile(filepath.Join(aside, file), []byte(text), filePermissions); err != nil {
			return nil, fmt.Errorf("kernel preset %s: %w", f.set.Name, err)
		}
		files = append(files, file)
	}
	for i, file := range files {
		files[i] = filepath.Join(dir, file)
		if err := os.Rename(filepath.Join(aside, file), files[i]); err != nil {
			return nil, fmt.Errorf("kernel presets: %w", err)
		}
	}
	return files, nil
}

// readBack makes sure that the loader takes the text, and its constants pass.
func readBack(file, text string) error {
	_, _, err := configs.Load[hardware.KernelSet](&configs.Library{}, configs.Source{Name: file, Text: []byte(text)}, nil)
	return err
}

// presetText writes a preset with one line per set of constants.
func presetText(k hardware.KernelSet) string {
	var w lines
	w.add(0, "# Operator constants of %s under %s, fitted by `agentsim calibrate`. Do not edit:", k.Accelerator, k.Engine)
	w.add(0, "# change the fit and run it again, which keeps efficiency, eager and experts_path as they are")
	w.add(0, "# here. What a constant means is said at hardware.KernelSet.")
	w.add(0, "name: %s", k.Name)
	w.add(0, "accelerator: %s", k.Accelerator)
	w.add(0, "engine: %s", k.Engine)
	w.add(0, "version: %q", k.Version)
	w.serving(k)
	w.add(0, "gemm:")
	for _, f := range sortedKeys(k.GEMM) {
		w.add(1, "%s: %s", f, flowRoofline(k.GEMM[f]))
	}
	w.add(0, "experts:")
	for _, name := range sortedKeys(k.Experts) {
		w.experts(name, k.Experts[name])
	}
	w.add(0, "attention:")
	for _, name := range sortedKeys(k.Attention) {
		w.attention(name, k.Attention[name])
	}
	w.add(0, "core:")
	for _, name := range sortedKeys(k.Core) {
		w.add(1, "%s: %s", name, flowRoofline(k.Core[name]))
	}
	if k.Residual != nil {
		w.add(0, "residual: %s", flowLinear(*k.Residual))
	}
	w.add(0, "small: %s", flowLinear(k.Small))
	for _, group := range append(collectiveNames(), "transfer") {
		if c := *collectiveOf(&k, group); c.Efficiency > 0 {
			w.add(0, "%s: %s", group, flowCollective(c))
		}
	}
	w.add(0, "sources:")
	for _, path := range sortedKeys(k.Sources) {
		w.add(1, "%s: %s", path, flowSource(k.Sources[path]))
	}
	return w.String()
}

// serving writes how the engine serves on the accelerator.
func (w *lines) serving(k hardware.KernelSet) {
	w.add(0, "efficiency: %s", number(k.Efficiency))
	if k.Eager > 0 {
		w.add(0, "eager: %s", number(k.Eager))
	}
	var paths, factors flow
	for _, f := range hardware.Formats() {
		paths.bare(string(f), k.ExpertsPath[f])
		factors.number(string(f), k.EagerFor[f], false)
	}
	if len(factors) > 0 {
		w.add(0, "eager_for: %s", factors)
	}
	for i, o := range k.Older {
		if i == 0 {
			w.add(0, "older:")
		}
		var slower flow
		for _, name := range sortedKeys(o.Experts) {
			slower.number(name, o.Experts[name], false)
		}
		from := ""
		if o.From != "" {
			from = fmt.Sprintf("from: %q, ", o.From)
		}
		w.add(1, "- {%sbefore: %q, experts: %s}", from, o.Before, slower)
	}
	if len(paths) > 0 {
		w.add(0, "experts_path: %s", paths)
	}
}

type lines struct{ strings.Builder }

func (w *lines) add(depth int, format string, values ...any) {
	w.WriteString(strings.Repeat("  ", depth))
	fmt.Fprintf(w, format, values...)
	w.WriteByte('\n')
}

func (w *lines) experts(name string, e hardware.ExpertKernel) {
	w.add(1, "%s:", name)
	w.add(2, "weights: %s", e.Weights)
	w.add(2, "compute: %s", e.Compute)
	w.add(2, "fused: %t", e.Fused)
	if e.Sent {
		w.add(2, "sent: true")
	}
	if e.Kernel != "" {
		w.add(2, "kernel: %s", e.Kernel)
	}
	if e.Before != "" {
		w.add(2, "since: %q", e.Since)
		w.add(2, "before: %s", e.Before)
	}
	if e.Roofline != nil {
		w.add(2, "roofline: %s", flowRoofline(*e.Roofline))
	}
	if len(e.Curves) > 0 {
		w.add(2, "curves:")
	}
	for _, c := range e.Curves {
		w.add(3, "- {hidden: %d, inner: %d, experts: %d, top_k: %d, tp: %d, ep: %d, floor: %s,", c.Hidden, c.Inner, c.Experts,
			c.TopK, c.TP, c.EP, seconds(c.Floor))
		w.add(4, "tokens: [%s],", list(c.Tokens, number))
		w.add(4, "time: [%s]}", list(c.Time, seconds))
	}
	if e.Balance > 0 {
		w.add(2, "balance: %.6g", e.Balance)
	}
	if e.DynamicPower > 0 {
		w.add(2, "dynamic_power: %sW", number(float64(e.DynamicPower)))
	}
}

func (w *lines) attention(name string, a hardware.AttentionKernel) {
	w.add(1, "%s:", name)
	w.add(2, "kind: %s", a.Kind)
	w.add(2, "hidden: %d", a.Hidden)
	w.add(2, "heads: %d", a.Heads)
	w.add(2, "dense: %s", a.Dense)
	w.add(2, "kv: %s", a.KV)
	w.add(2, "prefill:")
	for _, l := range a.Prefill {
		w.add(3, "- %s", flowLinear(l))
	}
	w.add(2, "decode:")
	for _, l := range a.Decode {
		w.add(3, "- %s", flowLinear(l))
	}
	if len(a.Grids) > 0 {
		w.add(2, "grids:")
	}
	for _, g := range a.Grids {
		w.add(3, "- tp: %d", g.TP)
		w.add(4, "tokens: [%s]", list(g.Tokens, number))
		w.add(4, "context: [%s]", list(g.Context, number))
		w.add(4, "time:")
		for _, row := range g.Time {
			w.add(5, "- [%s]", list(row, seconds))
		}
	}
}

// flow gathers the fields of a flow mapping, leaving out what is zero.
type flow []string

func (f *flow) seconds(name string, v units.Seconds, always bool) {
	if v != 0 || always {
		*f = append(*f, name+": "+seconds(v))
	}
}

func (f *flow) number(name string, v float64, always bool) {
	if v != 0 || always {
		*f = append(*f, name+": "+number(v))
	}
}

func (f *flow) text(name, v string) {
	if v != "" {
		*f = append(*f, name+": "+strconv.Quote(v))
	}
}

func (f *flow) bare(name, v string) {
	if v != "" {
		*f = append(*f, name+": "+v)
	}
}

func (f flow) String() string { return "{" + strings.Join(f, ", ") + "}" }

func flowRoofline(r hardware.Roofline) string {
	var f flow
	f.seconds("floor", r.Floor, true)
	f.seconds("per_unit", r.PerUnit, false)
	f.number("stream_efficiency", r.StreamEfficiency, false)
	f.number("compute_efficiency", r.ComputeEfficiency, true)
	f.number("memory_efficiency", r.MemoryEfficiency, true)
	f.number("half_rows", r.HalfRows, false)
	f.number("exponent", r.Exponent, true)
	return f.String()
}

func flowLinear(l hardware.Linear) string {
	var f flow
	f.number("tp", float64(l.TP), false)
	f.number("hidden", float64(l.Hidden), false)
	f.seconds("floor", l.Floor, true)
	f.seconds("long_floor", l.LongFloor, false)
	f.number("long_from", float64(l.LongFrom), false)
	f.seconds("per_token", l.PerToken, true)
	f.seconds("per_pair", l.PerPair, false)
	f.seconds("per_index_pair", l.PerIndexPair, false)
	f.number("exponent", l.Exponent, false)
	return f.String()
}

func flowCollective(c hardware.Collective) string {
	var f flow
	f.seconds("floor", c.Floor, true)
	f.number("efficiency", c.Efficiency, true)
	f.seconds("large_floor", c.LargeFloor, false)
	f.number("large_efficiency", c.LargeEfficiency, false)
	return f.String()
}

func flowSource(s hardware.Source) string {
	var f flow
	f = append(f, "basis: "+s.Basis)
	f.text("source", s.Source)
	f.text("table", s.Table)
	f.text("date", s.Date)
	f.number("mape", s.MAPE, false)
	f.number("max_error", s.MaxError, false)
	f.number("points", float64(s.Points), false)
	f.domain(s.Domain)
	if s.Range != [2]float64{} {
		f = append(f, "range: ["+number(s.Range[0])+", "+number(s.Range[1])+"]")
	}
	f.text("note", s.Note)
	return f.String()
}

func (f *flow) domain(d *hardware.Domain) {
	if d == nil {
		return
	}
	var axes flow
	for _, axis := range []struct {
		name string
		span [2]float64
	}{{"rows", d.Rows}, {"context", d.Context}, {"bytes", d.Bytes}} {
		if axis.span[1] > 0 {
			axes = append(axes, fmt.Sprintf("%s: [%s, %s]", axis.name, number(round(axis.span[0])), number(round(axis.span[1]))))
		}
	}
	*f = append(*f, "domain: {"+strings.Join(axes, ", ")+"}")
}

func list[T any](values []T, text func(T) string) string {
	words := make([]string, len(values))
	for i, v := range values {
		words[i] = text(v)
	}
	return strings.Join(words, ", ")
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// seconds writes a time in the unit that leaves one to three digits before the
// point.
func seconds(v units.Seconds) string {
	if v == 0 {
		return "0s"
	}
	scale, name := 1e15, "fs"
	for _, u := range []struct {
		size float64
		name string
	}{{1e-6, "us"}, {1e-9, "ns"}, {1e-12, "ps"}} {
		if float64(v) >= u.size {
			scale, name = 1/u.size, u.name
			break
		}
	}
	return strconv.FormatFloat(round(float64(v)*scale), 'f', -1, 64) + name
}

// roundError keeps three digits of an error.
func roundError(v float64) float64 {
	const digits = 1e3
	return math.Round(v*digits) / digits
}
