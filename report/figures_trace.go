package report

import "agentsim/trace"

// TraceFigures draws what a trace is made of and returns the files. Figures
// of what a trace does not tell, such as gaps, are left out.
func TraceFigures(c *trace.Curves, dir string) ([]string, error) {
	const share = "share of all, at most"
	figures := []struct {
		name string
		Lines
	}{
		{"turns", Lines{
			Title: "turns per session",
			X:     "turns",
			Y:     share,
			LogX:  true,
			Lines: []Line{line("", c.Turns)},
		}},
		{"context", Lines{
			Title: "context along the session",
			X:     "turn, from 1",
			Y:     "mean prompt, tokens",
			LogX:  true,
			Lines: []Line{line("", c.Context)},
		}},
		{"tokens", Lines{
			Title: "tokens per call: new of later prompts, and output",
			X:     "tokens",
			Y:     share,
			LogX:  true,
			Lines: []Line{line("new", c.New), line("output", c.Output)},
		}},
		{"gaps", Lines{
			Title: "gaps before a call that answers a tool or a person",
			X:     "seconds",
			Y:     share,
			LogX:  true,
			Lines: []Line{line("tool", c.ToolGap), line("person", c.UserGap)},
		}},
		{"reuse", Lines{
			Title: "prompt that a prefix cache returns",
			X:     "turn, from 1",
			Y:     "share of the prompt",
			LogX:  true,
			Lines: []Line{line("", c.Reuse)},
		}},
	}
	var files []string
	for _, f := range figures {
		drawn, err := f.Draw(dir, f.name)
		if err != nil {
			return files, err
		}
		files = append(files, drawn...)
	}
	return files, nil
}

func line(name string, c trace.Curve) Line { return Line{Name: name, X: c.X, Y: c.Y} }
