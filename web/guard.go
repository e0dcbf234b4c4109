package web

import (
	"crypto/subtle"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// policy lets the page run its own scripts and WebAssembly and talk to its own
// server, and nothing else.
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
	"img-src 'self' data: blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'none'"

// guard answers those who know the token, and whom the browser does not tell to
// come from another site. There are no CORS headers: other sites read nothing.
func guard(secret string, hosts []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		if len(hosts) > 0 && !slices.Contains(hosts, r.Host) {
			http.Error(w, "unknown host", http.StatusMisdirectedRequest)
			return
		}
		token, rest, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if subtle.ConstantTimeCompare([]byte(token), []byte(secret)) != 1 {
			http.Error(w, "unknown token: open the address that agentsim serve printed", http.StatusForbidden)
			return
		}
		if !ok {
			http.Redirect(w, r, "/"+secret+"/", http.StatusMovedPermanently)
			return
		}
		if crossSite(r) {
			http.Error(w, "a request of another site", http.StatusForbidden)
			return
		}
		inner := r.Clone(r.Context())
		inner.URL = &url.URL{Path: "/" + rest, RawQuery: r.URL.RawQuery}
		next.ServeHTTP(w, inner)
	})
}

// crossSite reports whether the browser says that another site made a request.
// Opening the page from a link elsewhere is not one.
func crossSite(r *http.Request) bool {
	if origin := r.Header.Get("Origin"); origin != "" {
		from, err := url.Parse(origin)
		return err != nil || from.Host != r.Host
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none":
		return false
	}
	return r.Method != http.MethodGet || r.Header.Get("Sec-Fetch-Mode") != "navigate"
}
