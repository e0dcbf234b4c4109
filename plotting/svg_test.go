package plotting

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Texts keep what they say and are as wide as they were measured, in points; a
// font of the kind that every machine has stands behind theirs.
func TestTextsAreAsWideAsMeasured(t *testing.T) {
	text := func(s string) string {
		return `<text x="1" y="-2" transform="scale(1, -1)"` + "\n\t" +
			`style="font-family:Liberation Serif;font-variant:normal;font-size:10px">` + s + `</text>`
	}
	out := string(MeasuredText([]byte(text("iii") + text("WWW &lt; x") + text(" "))))
	found := regexp.MustCompile(`textLength="([0-9.]+)"`).FindAllStringSubmatch(out, -1)
	require.Len(t, found, 2)
	narrow, _ := strconv.ParseFloat(found[0][1], 64)
	wide, _ := strconv.ParseFloat(found[1][1], 64)
	require.InDelta(t, 3*10*0.278, narrow, 0.1, "an i is 0.278 em in Times")
	require.Greater(t, wide, 3*narrow)
	require.Contains(t, out, "WWW &lt; x")
	require.Equal(t, 3, strings.Count(out, "Times New Roman, serif"))
}
