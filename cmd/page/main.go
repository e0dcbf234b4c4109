//go:build js

package main

import (
	"context"
	"encoding/json"
	"runtime/debug"
	"strings"
	"syscall/js"
	"time"

	"agentsim/ask"
)

// dropped is the folder in which the worker keeps files that somebody dropped.
const dropped = "/dropped"

// main hands the worker a function that answers questions, and stays.
func main() {
	desk := &ask.Desk{Version: version(), Clock: time.Now, Allow: allow}
	methods := ask.Methods()
	js.Global().Set("agentsimAsk", js.FuncOf(func(_ js.Value, args []js.Value) any {
		name, question, progress, done := args[0].String(), args[1].String(), args[2], args[3]
		go func() {
			answer, err := answer(desk, methods[name], question, progress)
			if err != nil {
				done.Invoke(false, text(ask.FailureOf(err)))
				return
			}
			done.Invoke(true, answer)
		}()
		return nil
	}))
	js.Global().Call("agentsimReady", strings.Join(ask.Names(), " "))
	select {}
}

func answer(desk *ask.Desk, method ask.Method, question string, progress js.Value) (string, error) {
	if method == nil {
		return "", errUnknown
	}
	a, err := method(context.Background(), desk, []byte(question), func(s ask.Step) { progress.Invoke(text(s)) })
	if err != nil {
		return "", err
	}
	return text(a), nil
}

func text(value any) string {
	out, err := json.Marshal(value)
	if err != nil {
		return `{"kind":"failure","message":"the answer has no JSON form"}`
	}
	return string(out)
}

type refused string

// Error says what was refused.
func (r refused) Error() string { return string(r) }

const (
	errUnknown refused = "this build does not answer that question"
	errOutside refused = "files are not read here"
)

// allow lets questions name what was dropped.
func allow(path string) error {
	if !strings.HasPrefix(path+"/", dropped+"/") || strings.Contains(path, "..") {
		return errOutside
	}
	return nil
}

// version is the commit that the page was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		const short = 12
		if s.Key == "vcs.revision" && len(s.Value) >= short {
			return s.Value[:short]
		}
	}
	return "development"
}
