package report

import (
	"fmt"
	"html"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"
)

// svgText is a text as gonum writes it: its font by name, which is installed on
// few machines.
var svgText = regexp.MustCompile(`<text x="([^"]*)" y="([^"]*)"([^>]*?)font-family:Liberation (Serif|Sans);` +
	`([^>]*?font-size:([0-9.]+)px[^>]*)>([^<]*)</text>`)

// MeasuredText makes the texts of an SVG as wide as they were measured, whatever
// font stands in for theirs where it is shown.
func MeasuredText(svg []byte) []byte {
	return svgText.ReplaceAllFunc(svg, func(found []byte) []byte {
		part := svgText.FindSubmatch(found)
		size, err := strconv.ParseFloat(string(part[6]), 64)
		if err != nil {
			return found
		}
		variant, generic := string(part[4]), "Times New Roman, serif"
		if variant == "Sans" {
			generic = "Arial, sans-serif"
		}
		face := font.DefaultCache.Lookup(font.Font{Typeface: "Liberation", Variant: font.Variant(variant)}, font.Length(size))
		width := face.Width(html.UnescapeString(string(part[7])))
		fit := ""
		if strings.TrimSpace(string(part[7])) != "" {
			fit = fmt.Sprintf(` textLength="%.2f" lengthAdjust="spacingAndGlyphs"`, float64(width))
		}
		return fmt.Appendf(nil, `<text x="%s" y="%s"%s%sfont-family:Liberation %s, %s;%s>%s</text>`, part[1], part[2], fit,
			part[3], variant, generic, part[5], part[7])
	})
}
