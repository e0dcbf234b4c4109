package report

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"agentsim/metrics"
)

// WithInputs is a result whose JSON has the inputs at its top. Results that
// are no JSON object stay as they are.
func WithInputs(in *metrics.Inputs, result any) any { return labelled{in, result} }

type labelled struct {
	inputs *metrics.Inputs
	result any
}

// MarshalJSON puts the inputs in front of the result's own keys.
func (l labelled) MarshalJSON() ([]byte, error) {
	result, err := marshal(l.result)
	if err != nil || l.inputs == nil || !bytes.HasPrefix(result, []byte("{")) {
		return result, err
	}
	inputs, err := marshal(l.inputs)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(`{"inputs":`)
	b.Write(inputs)
	if rest := result[1:]; len(rest) > 1 {
		b.WriteByte(',')
		b.Write(rest)
	} else {
		b.WriteByte('}')
	}
	return b.Bytes(), nil
}

// marshal is json.Marshal that leaves < and & as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// CSVWithInputs adds the scalar inputs to a table in CSV as further columns,
// the same in every row.
func CSVWithInputs(w io.Writer, table string, in *metrics.Inputs) error {
	rows, err := csv.NewReader(strings.NewReader(table)).ReadAll()
	if err != nil {
		return err
	}
	keys, values, err := Flatten(map[string]any{"inputs": Row(in)})
	if err != nil {
		return err
	}
	for i := range rows {
		if i == 0 {
			rows[i] = append(rows[i], keys...)
		} else {
			rows[i] = append(rows[i], values...)
		}
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// Row is the inputs in single values of one line each, for CSV.
func Row(in *metrics.Inputs) map[string]string {
	row := map[string]string{"subject": "", "overrides": strings.Join(in.Overrides, "; "), "version": in.Version}
	if in.System != "" {
		row["subject"] = subject(in)
		for key, value := range map[string]string{"scenario": in.Scenario, "system": in.System, "model": in.Model,
			"accelerator": in.Accelerator, "engine": in.Engine, "engine_version": in.EngineVersion,
			"workload": in.Workload, "level": in.Level} {
			row[key] = value
		}
	}
	if in.Deployment != nil {
		row["deployment"] = in.Deployment.Words
	}
	for i := range in.Scenarios {
		row["subject"] += strings.Repeat("; ", min(i, 1)) + subject(&in.Scenarios[i])
	}
	var files []string
	for _, f := range in.Files {
		files = append(files, f.File+" "+f.SHA256)
	}
	row["files"] = strings.Join(files, "; ")
	return row
}

// Inputs writes what a result is about, for people.
func Inputs(w io.Writer, in *metrics.Inputs, style Style) error {
	var b strings.Builder
	for _, line := range inputLines(in) {
		b.WriteString(style.faint(line) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// InputLine is the same in one line, as for a figure.
func InputLine(in *metrics.Inputs) string { return strings.Join(inputLines(in), " · ") }

func inputLines(in *metrics.Inputs) []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for i := range in.Scenarios {
		add("%s: %s", cmp.Or(in.Scenarios[i].Scenario, "scenario"), subject(&in.Scenarios[i]))
	}
	if in.System != "" {
		add("inputs: %s", subject(in))
	}
	if len(in.Overrides) > 0 {
		add("overrides: %s", strings.Join(in.Overrides, ", "))
	}
	if len(in.Defaults) > 0 {
		add("defaults: %s", strings.Join(in.Defaults, ", "))
	}
	const shown = 12 // digits of a digest
	for _, f := range in.Files {
		add("file %s sha256 %s", f.File, f.SHA256[:min(shown, len(f.SHA256))])
	}
	return append(lines, "version "+in.Version)
}

// subject is the system with all that runs on it.
func subject(in *metrics.Inputs) string {
	parts := []string{in.System + " (" + in.Accelerator + ")", in.Model,
		strings.TrimSpace(in.Engine + " " + in.EngineVersion)}
	if in.Deployment != nil {
		parts = append(parts, in.Deployment.Words)
	}
	return strings.Join(append(parts, in.Workload, in.Level), " · ")
}
