package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"agentsim/configs"
)

// The address that serve prints opens the page on this machine's loopback, one
// without its token does not, and an interrupt ends it.
func TestServeOpensThePage(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, process{args: []string{"serve", "--no-browser"}, stdout: in, stderr: io.Discard,
			readFile: configs.ReadFile, now: time.Now, terminal: func(int) bool { return false }})
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	go func() { _, _ = io.Copy(io.Discard, out) }()
	url := regexp.MustCompile(`http://127\.0\.0\.1:\d+/[0-9a-f]{32}/`).FindString(line)
	require.NotEmpty(t, url, line)
	const tokenAndSlash = 33
	for address, want := range map[string]int{url: http.StatusOK, url[:len(url)-tokenAndSlash]: http.StatusForbidden} {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
		require.Equal(t, want, answer.StatusCode, address)
	}
	stop()
	select {
	case code := <-ended:
		require.Equal(t, exitDone, code)
	case <-time.After(10 * time.Second):
		require.Fail(t, "serve goes on")
	}
}
