package calibrate

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"agentsim/models/hardware"
)

// powerRow is one measured run: watts beside the work that drew them.
type powerRow struct {
	accelerator string
	table       string
	module      bool // of a collector whose readings lag, see lag
	seconds     float64
	watts       float64
	work        hardware.EnergyWork
}

const (
	// settled is the shortest kernel whose power reading counts: power was
	// sampled every 100 ms over loops of a second, of less for short kernels.
	settled = 1e-3
	// readable is how many watts a reading has at least: below, the sampler
	// returned nothing.
	readable = 10
)

// workOf counts the work of row i of a table, or says why it cannot.
type workOf func(i int) (work hardware.EnergyWork, why string)

// hasPower looks for the column without reading the rows.
func hasPower(l location) (bool, error) {
	f, err := os.Open(l.Path)
	if err != nil {
		return false, fmt.Errorf("kernel table: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, fmt.Errorf("kernel table: %w", err)
	}
	file, err := parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return false, fmt.Errorf("kernel table %s: not a whole Parquet file: %w", l.Path, err)
	}
	return slices.ContainsFunc(file.Schema().Columns(), func(path []string) bool {
		return strings.Join(path, ".") == "power"
	}), nil
}

// readPower reads the rows of one table that carry a usable reading.
func readPower(l location, s *scope) ([]powerRow, tally, error) {
	t, err := readTable(l)
	if err != nil {
		return nil, nil, err
	}
	c := &columns{table: t}
	count, module := powerWork(c, s)
	seconds, watts := c.latency(), c.number("power")
	if c.err != nil {
		return nil, nil, c.err
	}
	if count == nil {
		return nil, tally{"no rule says what work a row of this table is": t.rows}, nil
	}
	var excluded tally
	var rows []powerRow
	for i := range seconds {
		switch {
		case seconds[i] < settled:
			excluded.add("shorter than 1 ms: the power sampler did not settle", 1)
			continue
		case watts[i] < readable:
			excluded.add("no power reading", 1)
			continue
		}
		work, why := count(i)
		if why != "" {
			excluded.add(why, 1)
			continue
		}
		for class := range work.Busy {
			work.Busy[class] *= seconds[i]
		}
		rows = append(rows, powerRow{accelerator(l.System), l.String(), module, seconds[i], watts[i], work})
	}
	return rows, excluded, nil
}

// thinRows keeps a fixed random choice of at most n rows.
func thinRows(rows []powerRow, n int) []powerRow {
	if len(rows) <= n {
		return rows
	}
	kept := make([]powerRow, 0, n)
	for _, i := range rand.New(rand.NewPCG(1, uint64(len(rows)))).Perm(len(rows))[:n] {
		kept = append(kept, rows[i])
	}
	return kept
}
