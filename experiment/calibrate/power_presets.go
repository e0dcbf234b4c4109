package calibrate

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"agentsim/files"
	"agentsim/models/hardware"
	"agentsim/units"
)

// borrowed is the power of a at the energies of from.
func borrowed(a, from hardware.Accelerator) hardware.AcceleratorPower {
	p := a.Power
	p.Busy, p.PerFLOP, p.PerHBMByte = from.Power.Busy, from.Power.PerFLOP, from.Power.PerHBMByte
	return p
}

// scaled is the power of a where it draws the share of its TDP that from draws
// at the same fraction of its peak rates.
func scaled(a, from hardware.Accelerator) hardware.AcceleratorPower {
	p := a.Power
	tdp := float64(a.Power.TDP / from.Power.TDP)
	p.Busy = map[hardware.KernelClass]units.Watts{}
	for _, class := range hardware.KernelClasses() {
		p.Busy[class] = from.Power.Busy[class] * units.Watts(tdp)
	}
	p.PerFLOP = map[hardware.Format]units.JoulesPerFLOP{}
	for _, f := range []hardware.Format{hardware.BF16, hardware.FP8, hardware.MXFP4, hardware.NVFP4} {
		if a.Compute[f] > 0 && from.Peak(f) > 0 {
			rate := float64(a.Compute[f] / from.Peak(f))
			p.PerFLOP[f] = from.Power.EnergyPerFLOP(f) * units.JoulesPerFLOP(tdp/rate)
		}
	}
	p.PerHBMByte = from.Power.PerHBMByte * units.JoulesPerByte(tdp/float64(a.HBM.Bandwidth/from.HBM.Bandwidth))
	return inShort(p)
}

// writePower replaces the fitted lines of the accelerator presets in o.Out and
// leaves the rest of them as it is. Nothing is written unless all of it can be.
func writePower(o Options, fits []PowerFit) ([]string, error) {
	texts := make([]string, len(fits))
	names := make([]string, len(fits))
	for i := range fits {
		names[i] = filepath.Join(o.Out, fits[i].Accelerator+".yaml")
		old, err := os.ReadFile(names[i])
		if err != nil {
			return nil, fmt.Errorf("accelerator preset: %w", err)
		}
		if texts[i], err = replacePower(string(old), &fits[i], o); err != nil {
			return nil, fmt.Errorf("accelerator preset %s: %w", names[i], err)
		}
	}
	for i, file := range names {
		if err := files.Write(file, []byte(texts[i])); err != nil {
			return nil, fmt.Errorf("accelerator preset: %w", err)
		}
	}
	return names, nil
}

// replacePower puts a fit into the text of a preset, whose fitted fields each
// have a line of their own.
func replacePower(text string, f *PowerFit, o Options) (string, error) {
	source := f.source(o)
	for _, line := range [][2]string{
		{"busy", f.busy()},
		{"per_flop", f.perFLOP()},
		{"per_hbm_byte", inDigits(float64(f.Power.PerHBMByte)/pico) + "pJ/B"},
		{"power.busy", source},
		{"power.per_flop", source},
		{"power.per_hbm_byte", source},
	} {
		found := regexp.MustCompile(`(?m)^  ` + regexp.QuoteMeta(line[0]) + `: .*$`)
		if len(found.FindAllString(text, -1)) != 1 {
			return "", fmt.Errorf("has no single line %q to put the fit in", line[0])
		}
		text = found.ReplaceAllLiteralString(text, "  "+line[0]+": "+line[1])
	}
	return text, nil
}

func (f *PowerFit) busy() string {
	var parts []string
	for _, class := range hardware.KernelClasses() {
		parts = append(parts, string(class)+": "+inDigits(float64(f.Power.Busy[class]))+"W")
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func (f *PowerFit) perFLOP() string {
	var parts []string
	for _, format := range hardware.Formats() {
		if e, ok := f.Power.PerFLOP[format]; ok {
			parts = append(parts, string(format)+": "+inDigits(float64(e)/pico)+"pJ/FLOP")
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func inDigits(v float64) string { return strconv.FormatFloat(roundTo(v, powerDigits), 'f', -1, 64) }

// source is the provenance of the fitted lines.
func (f *PowerFit) source(o Options) string {
	if f.Rule != "" {
		return fmt.Sprintf("{basis: assumed, source: %q, range: [%g, %g]}", f.Rule, f.margin[0], f.margin[1])
	}
	note := fmt.Sprintf("one set for all %s; median error %s", f.Silicon, inDigits(f.Error.MedianAPE))
	return fmt.Sprintf(
		"{basis: fitted, source: %q, date: %s, table: %q, note: %q, mape: %s, max_error: %s, points: %d}",
		o.Source+"; rows of 1 ms and more that carry watts", o.Date, f.tables(), note,
		inDigits(f.Error.MAPE), inDigits(f.Error.Max), f.Error.N)
}

// tables names systems, engines and versions once.
func (f *PowerFit) tables() string {
	var names []string
	for _, table := range f.Tables {
		p := strings.Split(table, "/")
		name := p[0] + " " + p[2] + " " + p[3]
		if !strings.Contains(strings.Join(names, ", "), name) {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}
