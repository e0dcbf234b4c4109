//go:build !js || readers

package llm

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"agentsim/models/hardware"
)

// WriteYAML writes the model as a preset file, as the loader of configs reads
// it. A model without sources is refused, since a preset's numbers must say
// where they come from.
func (s *Spec) WriteYAML(w io.Writer) error {
	if err := s.Validate(); err != nil {
		return fmt.Errorf("model %q: %w", s.Name, err)
	}
	if len(s.Sources) == 0 {
		return fmt.Errorf("model %q: sources: none given: want the source of every field", s.Name)
	}
	var text bytes.Buffer
	s.write(&text)
	_, err := w.Write(text.Bytes())
	return err
}

func (s *Spec) write(w *bytes.Buffer) {
	release := text("release", s.Release)
	if release != "" {
		release += "\n"
	}
	fmt.Fprintf(w, "name: %s\n%shidden: %d\nvocab: %d\n", scalar(s.Name), release, s.Hidden, s.Vocab)
	if s.TiedHead {
		w.WriteString("tied_head: true\n")
	}
	if s.PlainFFN {
		w.WriteString("plain_ffn: true\n")
	}
	if s.Residuals != 0 {
		fmt.Fprintf(w, "residuals: %d\n", s.Residuals)
	}
	if s.Vision != 0 {
		fmt.Fprintf(w, "vision: %s\n", decimal(s.Vision))
	}
	fmt.Fprintf(w, "max_context: %d\nblocks:\n", s.MaxContext)
	for _, b := range s.Blocks {
		b.write(w, "  - ", "    ")
	}
	if s.Experts != nil {
		fmt.Fprintf(w, "experts: %s\n", s.Experts.flow())
	}
	if s.MTP != nil {
		w.WriteString("mtp:\n")
		s.MTP.write(w, "  ", "  ")
	}
	weights := flow(text("experts", string(s.Weights.Experts)), text("dense", string(s.Weights.Dense)))
	fmt.Fprintf(w, "weights: %s\n", weights)
	if len(s.Acceptance) > 0 {
		fmt.Fprintf(w, "acceptance: %s\n", numbers(s.Acceptance))
	}
	if s.Published != (Published{}) {
		fmt.Fprintf(w, "published: %s\n", flow(number("params", s.Published.Params), number("active", s.Published.Active)))
	}
	w.WriteString("sources:\n")
	for _, path := range slices.Sorted(maps.Keys(s.Sources)) {
		fmt.Fprintf(w, "  %s: %s\n", scalar(path), sourceFlow(s.Sources[path]))
	}
}

// write puts the first field behind one indent and the others behind another.
func (b *Block) write(w *bytes.Buffer, first, other string) {
	fmt.Fprintf(w, "%scount: %d\n", first, b.Count)
	if b.HashRouted != 0 {
		fmt.Fprintf(w, "%shash_routed: %d\n", other, b.HashRouted)
	}
	fmt.Fprintf(w, "%sattention: %s\n", other, b.Attention.flow())
	if b.Dense != 0 {
		fmt.Fprintf(w, "%sdense: %d\n", other, b.Dense)
	}
	if b.NoFFN {
		fmt.Fprintf(w, "%sno_ffn: true\n", other)
	}
}

func (a Attention) flow() string {
	items := []string{text("kind", string(a.Kind))}
	for _, d := range a.dimensions() {
		items = append(items, number(d.name, float64(*d.value)))
	}
	for _, f := range a.flags() {
		if *f.value {
			items = append(items, f.name+": true")
		}
	}
	return flow(items...)
}

func (e *Experts) flow() string {
	return flow(number("routed", float64(e.Routed)), fmt.Sprintf("shared: %d", e.Shared),
		number("top_k", float64(e.TopK)), number("inner", float64(e.Inner)), number("shared_inner", float64(e.SharedInner)),
		number("latent", float64(e.Latent)))
}

func sourceFlow(s hardware.Source) string {
	factors := ""
	if s.Range != [2]float64{} {
		factors = "range: " + numbers(s.Range[:])
	}
	return flow(text("basis", s.Basis), text("source", s.Source), text("date", s.Date), text("density", s.Density),
		text("precision", s.Precision), text("note", s.Note), factors, number("mape", s.MAPE),
		number("max_error", s.MaxError), number("points", float64(s.Points)), text("table", s.Table), scalesFlow(s.Scales))
}

func scalesFlow(scales map[string]float64) string {
	if len(scales) == 0 {
		return ""
	}
	var items []string
	for _, path := range slices.Sorted(maps.Keys(scales)) {
		items = append(items, number(scalar(path), scales[path]))
	}
	return "scales: " + flow(items...)
}

// flow is a mapping on one line; empty items are left out.
func flow(items ...string) string {
	given := slices.DeleteFunc(items, func(item string) bool { return item == "" })
	return "{" + strings.Join(given, ", ") + "}"
}

// number is "name: value", empty for a value of zero.
func number(name string, value float64) string {
	if value == 0 {
		return ""
	}
	return name + ": " + decimal(value)
}

// text is "name: value", empty for an empty value.
func text(name, value string) string {
	if value == "" {
		return ""
	}
	return name + ": " + scalar(value)
}

func numbers(values []float64) string {
	var items []string
	for _, v := range values {
		items = append(items, decimal(v))
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// decimal prints dimensions in full and sizes of models as 1.6e+12.
func decimal(value float64) string {
	const long = 1e9
	if value >= long {
		return strconv.FormatFloat(value, 'g', -1, 64)
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}

// plainScalar matches text that YAML cannot take for anything else.
var plainScalar = regexp.MustCompile(`^[a-z][a-z_]+([.-][a-z0-9_]+)*$|^[a-z]+[0-9]+$`)

// scalar quotes text where YAML might read it as something else.
func scalar(value string) string {
	switch value {
	case "true", "false", "null", "yes", "no", "on", "off":
		return strconv.Quote(value)
	}
	if plainScalar.MatchString(value) {
		return value
	}
	return strconv.Quote(value)
}
