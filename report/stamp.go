package report

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"html"
	"os"
	"strconv"
	"strings"

	"gonum.org/v1/plot/font"

	"agentsim/metrics"
	"agentsim/plotting"
)

// StampFigure writes the inputs into a figure that lies there: as the
// description and a line of text below an SVG, as a text chunk of a PNG. It
// also gives an SVG a solid background, so that its text can be read on a dark
// page.
func StampFigure(file string, in *metrics.Inputs) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	stamped, err := stamped(content, in)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return WriteFile(file, stamped)
}

func stamped(figure []byte, in *metrics.Inputs) ([]byte, error) {
	if bytes.HasPrefix(figure, []byte(pngHead)) {
		return stampPNG(figure, InputLine(in))
	}
	return stampSVG(figure, in)
}

// pngHead is the signature of a PNG; a header chunk of 25 bytes follows.
const (
	pngHead      = "\x89PNG\r\n\x1a\n"
	pngFirst     = len(pngHead) + 25
	pngTextChunk = "iTXt"
)

// stampPNG puts an international text chunk behind the header (PNG
// specification, 11.3.3.4: keyword, no compression, no language, UTF-8).
func stampPNG(figure []byte, line string) ([]byte, error) {
	if len(figure) < pngFirst {
		return nil, fmt.Errorf("is cut off")
	}
	data := append([]byte("Description\x00\x00\x00\x00\x00"), line...)
	var chunk bytes.Buffer
	chunk.Write(binary.BigEndian.AppendUint32(nil, uint32(len(data))))
	body := append([]byte(pngTextChunk), data...)
	chunk.Write(body)
	chunk.Write(binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE(body)))
	return bytes.Join([][]byte{figure[:pngFirst], chunk.Bytes(), figure[pngFirst:]}, nil), nil
}

// Sizes of the lines below an SVG, in points.
const (
	stampSize   = 7.
	stampLeap   = 9.
	stampMargin = 6.
)

// stampSVG makes room below a figure, writes the inputs there, and lays a white
// ground below all of it.
func stampSVG(figure []byte, in *metrics.Inputs) ([]byte, error) {
	at := plotting.Opening(figure)
	if at == nil {
		return nil, fmt.Errorf("is no SVG of a size that is known")
	}
	number := func(group int) float64 {
		v, _ := strconv.ParseFloat(string(figure[at[2*group]:at[2*group+1]]), 64)
		return v
	}
	width, height := number(1), number(2)
	face := font.DefaultCache.Lookup(font.Font{Typeface: "Liberation", Variant: "Sans"}, stampSize)
	length := func(text string) float64 { return float64(face.Width(text)) }
	var lines []string
	for _, line := range inputLines(in) {
		lines = append(lines, wrapped(line, width-2*stampMargin, length)...)
	}
	whole := height + stampLeap*float64(len(lines)) + stampMargin
	var b bytes.Buffer
	b.Write(figure[:at[0]])
	fmt.Fprintf(&b, `<svg width="%gpt" height="%gpt" viewBox="0 0 %g %g"`, width, whole, width, whole)
	b.Write(figure[at[6]:at[7]])
	fmt.Fprintf(&b, ">\n<desc>%s</desc>\n", html.EscapeString(InputLine(in)))
	fmt.Fprintf(&b, `<rect x="0" y="0" width="%g" height="%g" fill="#FFFFFF"/>`+"\n", width, whole)
	for i, line := range lines {
		fmt.Fprintf(&b, `<text x="%g" y="%g" textLength="%.2f" lengthAdjust="spacingAndGlyphs" style="font-family:`+
			`sans-serif;font-size:%gpx" fill="#606060">%s</text>`+"\n", stampMargin, height+stampLeap*float64(i+1),
			length(line), stampSize, html.EscapeString(line))
	}
	b.Write(plotting.MeasuredText(figure[at[1]:]))
	return b.Bytes(), nil
}

// wrapped breaks a line between words where it is longer than there is room.
func wrapped(line string, room float64, length func(string) float64) []string {
	var lines []string
	at := ""
	for _, word := range strings.Fields(line) {
		for letters := []rune(word); length(word) > room; letters = []rune(word) { // such as a path
			n := 1
			for n < len(letters) && length(string(letters[:n+1])) <= room {
				n++
			}
			if at != "" {
				lines, at = append(lines, at), ""
			}
			lines, word = append(lines, string(letters[:n])), string(letters[n:])
		}
		switch {
		case at == "":
			at = word
		case length(at+" "+word) <= room:
			at += " " + word
		default:
			lines, at = append(lines, at), word
		}
	}
	return append(lines, at)
}
