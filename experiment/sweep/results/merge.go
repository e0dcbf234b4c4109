package results

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"agentsim/configs"
	"agentsim/experiment/sweep"
)

// ShardFolder is where a shard of a study stores its results, below the
// folder of the whole.
func ShardFolder(dir string, index, count int) string {
	return filepath.Join(dir, fmt.Sprintf("shard-%04d-of-%04d", index, count))
}

// Merge joins the results of the shards below a folder. Shards of different
// studies or programs, and points that are missing or there twice, are errors.
func Merge(dir string) (*sweep.Table, *Manifest, error) {
	folders, err := filepath.Glob(filepath.Join(dir, "shard-*-of-*"))
	if err != nil {
		return nil, nil, err
	}
	if len(folders) == 0 {
		return nil, nil, &configs.Error{Path: dir, Problem: "has no folder of a shard, such as shard-0000-of-0008"}
	}
	slices.Sort(folders)
	var whole *sweep.Table
	var about *Manifest
	for _, folder := range folders {
		t, m, err := readShard(folder)
		if err != nil {
			return nil, nil, err
		}
		if about == nil {
			whole, about = t, m
			continue
		}
		if err := join(folder, whole, about, t, m); err != nil {
			return nil, nil, err
		}
	}
	sortRows(whole)
	if err := complete(dir, whole, about); err != nil {
		return nil, nil, err
	}
	about.ShardIndex, about.ShardCount = 0, 1
	return whole, about, nil
}

func readShard(folder string) (*sweep.Table, *Manifest, error) {
	m, err := ReadManifest(folder)
	if err == nil && m == nil {
		err = &configs.Error{Path: folder, Problem: "has no " + manifestFile + ": has the shard been run?"}
	}
	if err != nil {
		return nil, nil, err
	}
	t, err := Read(folder)
	return t, m, err
}

// join adds the rows and counts of one shard to those before.
func join(folder string, whole *sweep.Table, about *Manifest, t *sweep.Table, m *Manifest) error {
	want := *about
	want.ShardIndex, want.ShardCount = m.ShardIndex, about.ShardCount
	if err := m.Check(folder, &want); err != nil {
		return err
	}
	alignColumns(whole, t)
	whole.Rows = append(whole.Rows, t.Rows...)
	about.Done += m.Done
	about.Infeasible += m.Infeasible
	about.Failed += m.Failed
	about.Runs += m.Runs
	if m.Started.Before(about.Started) {
		about.Started = m.Started
	}
	if m.Ended.After(about.Ended) {
		about.Ended = m.Ended
	}
	return nil
}

// alignColumns gives two tables the columns of both: shards may have used
// different pools, which are columns.
func alignColumns(a, b *sweep.Table) {
	all := slices.Clone(a.Columns)
	at := 0 // where the next column of b belongs
	for _, c := range b.Columns {
		if i := slices.IndexFunc(all, func(o sweep.Column) bool { return o.Name == c.Name }); i >= 0 {
			at = i + 1
			continue
		}
		all = slices.Insert(all, at, c)
		at++
	}
	for _, t := range []*sweep.Table{a, b} {
		place := map[string]int{}
		for i, c := range t.Columns {
			place[c.Name] = i
		}
		for r, row := range t.Rows {
			aligned := make([]sweep.Cell, len(all))
			for i, c := range all {
				if from, ok := place[c.Name]; ok {
					aligned[i] = row[from]
				}
			}
			t.Rows[r] = aligned
		}
		t.Columns = all
	}
}

func sortRows(t *sweep.Table) {
	slices.SortStableFunc(t.Rows, func(a, b []sweep.Cell) int { return int(a[0].Whole - b[0].Whole) })
}

// complete wants every point of the study once.
func complete(dir string, t *sweep.Table, m *Manifest) error {
	seen := make([]bool, m.Points)
	for _, r := range t.Rows {
		point := r[0].Whole
		if point < 0 || point >= int64(m.Points) {
			return &configs.Error{Path: dir, Problem: fmt.Sprintf("point %d: the study has %d", point, m.Points)}
		}
		if seen[point] {
			return &configs.Error{Path: dir, Problem: fmt.Sprintf("point %d is there twice", point)}
		}
		seen[point] = true
	}
	missing := map[int]int{}
	for point, there := range seen {
		if !there {
			missing[point%max(1, m.ShardCount)]++
		}
	}
	var errs []error
	for shard := range max(1, m.ShardCount) {
		if missing[shard] > 0 {
			folder := ShardFolder(dir, shard, m.ShardCount)
			problem := fmt.Sprintf("%d points are missing: run the shard again, it goes on where it stopped", missing[shard])
			if _, err := os.Stat(folder); err != nil {
				problem = fmt.Sprintf("is not there: %d points are missing", missing[shard])
			}
			errs = append(errs, fmt.Errorf("%s: %s", folder, problem))
		}
	}
	return errors.Join(errs...)
}
