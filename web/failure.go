package web

import (
	"errors"
	"net/http"
	"strings"

	"agentsim/ask"
)

// failure is an answer that did not come about, with its status.
type failure struct {
	ask.Failure
	status int
}

// Error is what the command line would print.
func (f *failure) Error() string { return f.Message }

// GetStatus is the status of the response.
func (f *failure) GetStatus() int { return f.status }

// failed makes an answer of an error.
func failed(err error) error {
	if err == nil {
		return nil
	}
	f := &failure{Failure: *ask.FailureOf(err), status: http.StatusUnprocessableEntity}
	switch {
	case errors.Is(err, errBusy):
		f.status = http.StatusServiceUnavailable
	case f.Kind == ask.KindStopped:
		f.status = http.StatusRequestTimeout
	}
	return f
}

// errBusy is that of a question too many.
var errBusy = errors.New("too many questions at once: try again")

// hidden is an error without the folder of the machine that it names.
type hidden struct {
	error
	root string
}

// Error leaves the folder out.
func (h *hidden) Error() string { return strings.ReplaceAll(h.error.Error(), h.root, "dropped") }

// Unwrap gives what went wrong.
func (h *hidden) Unwrap() error { return h.error }
