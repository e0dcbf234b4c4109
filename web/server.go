package web

import (
	"net/http"
	"strings"
	"time"

	"agentsim/ask"
	"agentsim/docs"
)

// Options are what a server is started with.
type Options struct {
	Desk  ask.Desk // its Allow is left aside: nothing of the machine is read
	Token string   // the first part of every path; without it nothing is answered
	Hosts []string // names by which the server may be called, with port

	Runs    int           // simulations at once; 0 = 2
	Waiting int           // questions that may wait for their turn; 0 = 256
	Time    time.Duration // that one answer may take; 0 = 30 min
	Studies string        // folder whose studies may be looked at; empty = none
}

// The defaults of Options.
const (
	runsDefault    = 2
	waitingDefault = 256
	timeDefault    = 30 * time.Minute
)

// NewHandler serves the page and its API below /TOKEN/.
func NewHandler(o Options) http.Handler {
	if o.Runs == 0 {
		o.Runs = runsDefault
	}
	if o.Waiting == 0 {
		o.Waiting = waitingDefault
	}
	if o.Time == 0 {
		o.Time = timeDefault
	}
	o.Desk.Allow = nil
	mux := http.NewServeMux()
	register(mux, &counter{
		desk:    o.Desk,
		time:    o.Time,
		studies: o.Studies,
		places:  make(chan struct{}, o.Runs),
		queue:   make(chan struct{}, o.Runs+o.Waiting),
	})
	files := http.FileServerFS(Page())
	mux.Handle("GET /", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/") && r.URL.Path != "/" {
			http.NotFound(w, r) // no listings
			return
		}
		w.Header().Set("Cache-Control", "no-cache")
		files.ServeHTTP(w, r)
	}))
	text(mux, "backend.json", "application/json", []byte(`{"backend":"http"}`))
	text(mux, "learn.md", "text/markdown; charset=utf-8", docs.Learn)
	text(mux, "gap.json", "application/json", docs.Gap)
	return guard(o.Token, o.Hosts, mux)
}

// text serves one file that is no source of the page.
func text(mux *http.ServeMux, name, kind string, content []byte) {
	mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(content)
	})
}
