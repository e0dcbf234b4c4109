package main

import (
	"encoding/xml"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// label is a text of a figure, by where it begins and, where that is said, ends.
type label struct {
	text       string
	x, y, wide float64
	ground     int // grounds that were laid before it
}

// drawnTexts reads the texts of an SVG, and the size of the first ground under them.
func drawnTexts(t *testing.T, file string) (list []label, wide, high float64) {
	t.Helper()
	content, err := os.Open(file)
	require.NoError(t, err)
	defer content.Close()
	var box []string
	grounds := 0
	for d := xml.NewDecoder(content); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err, file)
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		has := map[string]string{}
		for _, a := range element.Attr {
			has[a.Name.Local] = a.Value
		}
		number := func(key string) float64 {
			v, _ := strconv.ParseFloat(has[key], 64)
			return v
		}
		switch element.Name.Local {
		case "svg":
			box = strings.Fields(has["viewBox"])
			require.Len(t, box, 4, file)
		case "rect":
			if has["fill"] == "#FFFFFF" && has["width"] == box[2] && has["height"] == box[3] {
				grounds++
			}
		case "text":
			var text string
			require.NoError(t, d.DecodeElement(&text, &element))
			if strings.TrimSpace(text) != "" {
				require.Contains(t, has, "textLength", "%s: %q is as wide as it was measured in any font", file, text)
				list = append(list, label{text, number("x"), number("y"), number("textLength"), grounds})
			}
		}
	}
	wide, _ = strconv.ParseFloat(box[2], 64)
	high, _ = strconv.ParseFloat(box[3], 64)
	return list, wide, high
}

// Whatever the program draws can be read on a dark page and without its fonts:
// a white ground lies below all texts, no text runs over the edge, and numbers
// stand at three places of an axis at least, but for axes of names.
func TestFiguresCanBeRead(t *testing.T) {
	documents, err := filepath.Abs("../../docs/figures")
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	for _, command := range []string{
		"trace synth swe-mini --sessions 20 s.parquet",
		"trace stats s.parquet --plot trace",
		"run h200-agentperf-slo20 --agents 2 --set protocol=steady-state --plot run",
		"day h200-agentperf-slo20 --agents 2 --set day.length=1h --plot day",
		"sweep h200-batching --evaluate flows --interval none --plot --out sweep",
		"explain h200-agentperf-slo20 --experts --plot experts",
		"capacity h200-agentperf-slo20 --pareto --plot front.svg",
		"validate made-by-hand.csv --plot validate",
	} {
		if strings.HasPrefix(command, "validate") {
			require.NoError(t, os.MkdirAll("validate", 0o755))
			require.Zero(t, agentsim(t, "init", "runs", "--out", "made-by-hand.csv").code)
		}
		o := agentsim(t, words(command+" -q")...)
		require.Zero(t, o.code, "%s\n%s", command, o.stderr)
	}
	number := regexp.MustCompile(`^[-×]?[0-9][0-9.,]*[kMG]?[a-z/]*$`)
	names := map[string]bool{"heatmap.svg": true, "lines.svg": true, "disaggregation-under-load.svg": true} // one axis or both
	figures := 0
	for _, root := range []string{".", documents} {
		require.NoError(t, filepath.WalkDir(root, func(file string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(file) != ".svg" {
				return err
			}
			figures++
			across, up := map[float64]map[string]bool{}, map[float64]map[string]bool{}
			add := func(to map[float64]map[string]bool, at float64, text string) {
				at = math.Round(at)
				if to[at] == nil {
					to[at] = map[string]bool{}
				}
				to[at][text] = true
			}
			list, wide, _ := drawnTexts(t, file)
			for _, l := range list {
				require.Positive(t, l.ground, "%s: %q stands on white", file, l.text)
				if number.MatchString(l.text) {
					add(across, l.y, l.text)
					add(up, l.x+l.wide, l.text)
				}
				if l.x > 0 { // what stands upright is moved there otherwise
					require.LessOrEqual(t, l.x+l.wide, wide+0.5, "%s: %q ends within", file, l.text)
				}
			}
			most := func(of map[float64]map[string]bool) (n int) {
				for _, list := range of {
					n = max(n, len(list))
				}
				return n
			}
			base := filepath.Base(file)
			require.GreaterOrEqual(t, most(across), 3, "%s: numbers along", file)
			if !names[base] && base != "gap.svg" && !strings.HasPrefix(base, "unknowns-") {
				require.GreaterOrEqual(t, most(up), 3, "%s: numbers upwards", file)
			}
			return nil
		}))
	}
	require.Greater(t, figures, 18)
}
