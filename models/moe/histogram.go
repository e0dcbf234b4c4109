package moe

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Histogram is how often each expert of a layer was chosen, as measured.
type Histogram struct {
	Counts []float64 `yaml:"counts"` // by expert
}

// maxLine is the longest line of a histogram in bytes; a longer one is not one.
const maxLine = 4096

// ReadHistogram reads one "expert,count" pair per line, expert ids from 0 to
// experts-1 in any order, each at most once; experts left out count 0. Blank
// lines, lines that start with # and a first line "expert,count" are skipped.
// Errors name the line.
func ReadHistogram(r io.Reader, experts int) (*Histogram, error) {
	if err := within("experts", experts, 1, maxExperts); err != nil {
		return nil, err
	}
	h := &Histogram{Counts: make([]float64, experts)}
	seen := make([]int, experts)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	number := 0
	for lines.Scan() {
		number++
		if err := h.readLine(lines.Text(), number, seen); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", number+1, err)
	}
	if h.used() == 0 {
		return nil, fmt.Errorf("line %d: no expert has a count above 0", number)
	}
	return h, nil
}

// readLine adds one line; seen holds the line on which an expert was counted.
func (h *Histogram) readLine(text string, number int, seen []int) error {
	text = strings.TrimSpace(text)
	if text == "" || text[0] == '#' || number == 1 && text == "expert,count" {
		return nil
	}
	left, right, found := strings.Cut(text, ",")
	if !found {
		return fmt.Errorf("%q is not expert,count", text)
	}
	expert, err := strconv.Atoi(strings.TrimSpace(left))
	if err != nil || expert < 0 || expert >= len(h.Counts) {
		return fmt.Errorf("expert %q is not a number from 0 to %d", left, len(h.Counts)-1)
	}
	count, err := strconv.ParseFloat(strings.TrimSpace(right), 64)
	if err != nil || !isCount(count) {
		return fmt.Errorf("count %q is not a number from 0 to %g", right, float64(maxCount))
	}
	if seen[expert] != 0 {
		return fmt.Errorf("expert %d was counted before, on line %d", expert, seen[expert])
	}
	seen[expert], h.Counts[expert] = number, count
	return nil
}

// maxCount keeps sums of counts far from overflow.
const maxCount = 1e18

// Experts is how many experts the histogram covers, used or not.
func (h *Histogram) Experts() int { return len(h.Counts) }

// possible reports whether all counts are.
func (h *Histogram) possible() bool {
	return !slices.ContainsFunc(h.Counts, func(c float64) bool { return !isCount(c) })
}

func isCount(c float64) bool { return c >= 0 && c <= maxCount } // false for NaN

// used counts the experts that were chosen at least once.
func (h *Histogram) used() int {
	n := 0
	for _, c := range h.Counts {
		if c > 0 {
			n++
		}
	}
	return n
}
