// Package plotting is what all figures have in common: numbers on their axes, a
// white ground, and texts as wide as they were measured.
package plotting

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"
)

// Encoded is a picture as a file of a format: png, or svg with a white ground and
// texts that keep their width.
func Encoded(picture io.WriterTo, format string) ([]byte, error) {
	var b bytes.Buffer
	if _, err := picture.WriteTo(&b); err != nil {
		return nil, err
	}
	if format != "svg" {
		return b.Bytes(), nil
	}
	return onWhite(MeasuredText(b.Bytes())), nil
}

// onWhite lays a ground below an SVG, so that its text can be read on a dark page.
func onWhite(svg []byte) []byte {
	at := Opening(svg)
	if at == nil {
		return svg
	}
	size := func(group int) []byte { return svg[at[2*group]:at[2*group+1]] }
	ground := fmt.Appendf(nil, "\n"+`<rect x="0" y="0" width="%s" height="%s" fill="#FFFFFF"/>`, size(1), size(2))
	return slices.Concat(svg[:at[1]], ground, svg[at[1]:])
}

// svgOpening is the opening tag that gonum writes, with its size in points.
var svgOpening = regexp.MustCompile(`(?s)<svg width="([0-9.]+)pt" height="([0-9.]+)pt" viewBox="[0-9. ]+"(.*?)>`)

// Opening is where the opening tag of an SVG lies, its width, its height, and what
// follows its box; nil where gonum did not write it.
func Opening(svg []byte) []int { return svgOpening.FindSubmatchIndex(svg) }

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
