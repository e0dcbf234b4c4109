package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"agentsim/plotting"
	"agentsim/report"
)

// page writes an answer with its inputs as one page of HTML.
func (a *app) page(file string, p *report.Page) error {
	p.Inputs = a.inputs()
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		return err
	}
	return report.WriteFile(file, b.Bytes())
}

// pictures draws figures for a page: their SVGs, without what stands before the
// first element.
func pictures(draw func(dir string) ([]string, error)) (list []string, err error) {
	dir, err := os.MkdirTemp("", "agentsim-report")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	files, err := draw(dir)
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if filepath.Ext(file) != ".svg" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		_, svg, _ := strings.Cut(string(plotting.MeasuredText(text)), "<svg")
		list = append(list, "<svg"+svg)
	}
	return list, nil
}
