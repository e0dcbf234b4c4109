package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/experiment/calibrate"
	"agentsim/models/hardware"
	"agentsim/report"
)

// The tables that the presets of this repository are fitted to.
const (
	tablesSource = "github.com/ai-dynamo/aiconfigurator 095f58a5 (Apache-2.0)"
	tablesDate   = "2026-08-21"
)

// calibrateCommands fit constants to tables, or check them.
type calibrateCommands struct{ *app }

func (a calibrateCommands) calibrateCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "calibrate DIR",
		Short: "Fit operator constants and power to kernel tables, or check presets against them",
		Long: "calibrate fits the constants of kernel presets to tables of measured kernels, in\n" +
			"DIR/<system>/<family>/<engine>/<version>/<table>.parquet, and the power of accelerators to the rows that\n" +
			"carry watts. It prints the error of every family of operators. Presets are written only with --out, a\n" +
			"directory laid out as configs. With --check nothing is fitted: the presets price every row.",
		Example: "  agentsim calibrate tables --check\n" +
			"  agentsim calibrate tables --out configs --plot figures",
		Annotations: map[string]string{"example": "slow"}, // needs tables
		Args:        exactly(1, "one directory of tables"),
		RunE:        a.calibrate,
	}
	c.Flags().Bool("check", false, "fit nothing: price the tables with the presets")
	c.Flags().String("out", "", "directory of presets to write: kernels, and the power of the accelerators in it")
	c.Flags().String("plot", "", "draw figures of fitted over measured times into this directory")
	c.Flags().String("source", tablesSource, "what the tables are, for the sources of the presets")
	c.Flags().String("date", tablesDate, "date of the tables, for the same")
	return c
}

func (a calibrateCommands) calibrate(cmd *cobra.Command, args []string) error {
	out := a.settings.GetString("out")
	a.settings.Set("out", "") // here a directory of presets: the report goes to stdout
	if err := a.checkCalibration(cmd, args[0], out); err != nil {
		return err
	}
	accelerators, err := all[hardware.Accelerator]("accelerators")
	if err != nil {
		return err
	}
	if a.settings.GetBool("check") {
		return a.checkKernels(args[0], accelerators)
	}
	kernels, err := all[hardware.KernelSet]("kernels")
	if err != nil {
		return err
	}
	return a.fitKernels(calibrate.Options{
		Tables:       args[0],
		Out:          out,
		Figures:      a.settings.GetString("plot"),
		Accelerators: accelerators,
		Kernels:      kernels,
		Source:       a.settings.GetString("source"),
		Date:         a.settings.GetString("date"),
	})
}

// checkCalibration refuses what cannot be before minutes are spent on it.
func (a calibrateCommands) checkCalibration(cmd *cobra.Command, tables, out string) error {
	if err := a.noCSV(cmd); err != nil {
		return err
	}
	if info, err := os.Stat(tables); err != nil || !info.IsDir() {
		return usageError{fmt.Errorf("%s: want a directory of kernel tables", tables)}
	}
	if _, err := time.Parse(time.DateOnly, a.settings.GetString("date")); err != nil {
		return usageError{fmt.Errorf("--date %q: want a date such as %s", a.settings.GetString("date"), tablesDate)}
	}
	if a.settings.GetBool("check") && (out != "" || a.settings.GetString("plot") != "") {
		return usageError{fmt.Errorf("--check writes nothing: leave out --out and --plot")}
	}
	return nil
}

// all loads every preset of a kind.
func all[T any](kind string) ([]T, error) {
	library := configs.Presets()
	var list []T
	for _, name := range library.Names(kind) {
		value, _, err := configs.LoadPreset[T](library, kind, name, nil)
		if err != nil {
			return nil, err
		}
		list = append(list, *value)
	}
	return list, nil
}

func (a calibrateCommands) checkKernels(tables string, accelerators []hardware.Accelerator) error {
	kernels, err := all[hardware.KernelSet]("kernels")
	if err != nil {
		return err
	}
	r, err := calibrate.Check(calibrate.CheckOptions{Tables: tables, Accelerators: accelerators, Kernels: kernels})
	if err != nil {
		return err
	}
	if len(r.Families) == 0 {
		return fmt.Errorf("%s: no table that a preset prices; want <system>/<family>/<engine>/<version>/<table>.parquet",
			tables)
	}
	return a.present(r, func(b *strings.Builder) { familyTable(b, r.Families, r.Excluded) })
}

// calibration is what a fit prints.
type calibration struct {
	*calibrate.Report
	Power *calibrate.PowerReport `json:"power"`
}

// fitKernels fits kernels and power. The power goes into accelerator presets
// that are there already; the rest of them is not fitted.
func (a calibrateCommands) fitKernels(o calibrate.Options) error {
	kernels, power := o, o
	if o.Out != "" {
		kernels.Out, power.Out = filepath.Join(o.Out, "kernels"), filepath.Join(o.Out, "accelerators")
		if _, err := os.Stat(power.Out); err != nil {
			power.Out = ""
		}
	}
	var r calibration
	var err error
	if r.Report, err = calibrate.Run(kernels); err != nil {
		return err
	}
	if r.Power, err = calibrate.Power(power); err != nil {
		return err
	}
	if o.Out != "" && power.Out == "" {
		fmt.Fprintf(a.stderr, "note: power is not written, since %s holds no accelerator presets\n", o.Out)
	}
	return a.present(r, func(b *strings.Builder) {
		familyTable(b, r.Families, r.Excluded)
		powerTable(b, r.Power)
		for _, file := range append(r.Presets, append(r.Power.Presets, r.Figures...)...) {
			fmt.Fprintf(b, "wrote %s\n", file)
		}
	})
}

func familyTable(b *strings.Builder, families []calibrate.FamilyError, excluded []calibrate.Exclusion) {
	var rows [][]string
	for _, f := range families {
		rows = append(rows, []string{f.System, f.Engine, f.Family, report.Count(float64(f.N)), inPercent(f.MAPE),
			inPercent(f.MedianAPE), inPercent(f.Bias)})
	}
	header := []string{"system", "engine", "family", "rows", "mean error", "median error", "bias"}
	b.WriteString(report.Grid(header, rows, 4) + "\n")
	left := 0
	for _, e := range excluded {
		left += e.Rows
	}
	if left > 0 {
		fmt.Fprintf(b, "%s rows took no part; -o json lists them by table and reason\n", report.Count(float64(left)))
	}
}

func inPercent(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }

func powerTable(b *strings.Builder, r *calibrate.PowerReport) {
	var rows [][]string
	for _, f := range r.Fits {
		row := []string{f.Accelerator, f.Silicon, "", "", f.Rule}
		if f.Rule == "" {
			row = []string{f.Accelerator, f.Silicon, report.Count(float64(f.Error.N)), inPercent(f.Error.MAPE), "measured"}
		}
		rows = append(rows, row)
	}
	if len(rows) > 0 {
		b.WriteString("\n" + report.Grid([]string{"power of", "silicon", "rows", "mean error", "basis"}, rows, 6) + "\n")
	}
}
