package web_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"agentsim/ask"
	"agentsim/web"
)

const (
	secret = "0123456789abcdef"
	node   = "h200-agentperf-slo20"
	short  = `"set": ["protocol=steady-state", "protocol.calls_min=100", "protocol.duration=20s", "protocol.warmup=5s"]`
)

func start(t *testing.T, o web.Options) string {
	t.Helper()
	o.Token = secret
	server := httptest.NewServer(web.NewHandler(o))
	t.Cleanup(server.Close)
	return server.URL + "/" + secret + "/"
}

// request asks for a path, with a body where there is one.
func request(t *testing.T, method, url, body string, headers ...string) (int, string, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text), answer.Header
}

func TestThePageIsServedWithItsToken(t *testing.T) {
	url := start(t, web.Options{})
	for path, want := range map[string]string{
		"": "<!doctype html>", "style.css": "--accent", "js/main.js": "openEngine", "backend.json": `"http"`,
		"learn.md": "twenty-fold gap", "gap.json": `"factors"`, "api/openapi.json": "/api/capacity",
	} {
		status, text, header := request(t, "GET", url+path, "")
		require.Equal(t, http.StatusOK, status, path)
		require.Contains(t, text, want, path)
		require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
		require.NotContains(t, header.Get("Content-Security-Policy"), "unsafe-inline")
		require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
		require.Empty(t, header.Get("Access-Control-Allow-Origin"))
	}
	_, page, _ := request(t, "GET", url, "")
	require.NotRegexp(t, regexp.MustCompile(`(?i)<script[^>]*>[^<]|\son\w+=|style=|https?://`), page, "no inline script, nothing from elsewhere")
	status, _, _ := request(t, "GET", url+"js/", "")
	require.Equal(t, http.StatusNotFound, status, "no listing")
}

func TestStrangersAreTurnedAway(t *testing.T) {
	url := start(t, web.Options{})
	root := strings.TrimSuffix(url, secret+"/")
	question := `{"scenario": "` + node + `"}`
	for _, path := range []string{"", "wrong/", "wrong/api/estimate", secret[:15] + "/", secret + "0/", "api/estimate"} {
		status, text, header := request(t, "POST", root+path, question)
		require.Equal(t, http.StatusForbidden, status, path)
		require.NotContains(t, text, secret)
		require.Empty(t, header.Get("Location"))
	}
	for _, headers := range [][]string{
		{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
	} {
		status, _, header := request(t, "POST", url+"api/estimate", question, headers...)
		require.Equal(t, http.StatusForbidden, status, headers)
		require.Empty(t, header.Get("Access-Control-Allow-Origin"))
	}
	status, _, header := request(t, "OPTIONS", url+"api/estimate", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
	require.Equal(t, http.StatusForbidden, status)
	require.Empty(t, header.Get("Access-Control-Allow-Origin"))
	status, _, _ = request(t, "GET", url, "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate")
	require.Equal(t, http.StatusOK, status, "a link from elsewhere opens the page")
	named := start(t, web.Options{Hosts: []string{"127.0.0.1:1"}})
	status, _, _ = request(t, "GET", named, "")
	require.Equal(t, http.StatusMisdirectedRequest, status, "another name for this machine")
}

func TestAnswersAreTheLibrarys(t *testing.T) {
	url := start(t, web.Options{Desk: ask.Desk{Version: "v"}})
	want, err := (&ask.Desk{Version: "v"}).Estimate(t.Context(), &ask.EstimateQuestion{Question: ask.Question{Scenario: node}})
	require.NoError(t, err)
	text, err := json.Marshal(want)
	require.NoError(t, err)
	status, got, _ := request(t, "POST", url+"api/estimate", `{"scenario": "`+node+`"}`)
	require.Equal(t, http.StatusOK, status, got)
	require.JSONEq(t, string(text), got)
}

func TestFaultsComeWithTheirPlace(t *testing.T) {
	url := start(t, web.Options{})
	status, text, header := request(t, "POST", url+"api/estimate", `{"yaml": "name: x\nextends: `+node+`\nmodel: <script>alert(1)</script>\n"}`)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	var f ask.Failure
	require.NoError(t, json.Unmarshal([]byte(text), &f))
	require.Equal(t, ask.KindScenario, f.Kind)
	require.Equal(t, 3, f.Faults[0].Line)
	require.Contains(t, header.Get("Content-Type"), "json", "what is no page is not shown as one")
	for _, bad := range []string{`{`, `[]`, `{"scenario": 3}`, `{"scenari": "x"}`, `null`, `"x"`} {
		status, text, header := request(t, "POST", url+"api/estimate", bad)
		require.GreaterOrEqual(t, status, 400, bad)
		require.Less(t, status, 500, text)
		require.Contains(t, header.Get("Content-Type"), "json")
	}
	status, _, _ = request(t, "POST", url+"api/estimate", `{"yaml": "`+strings.Repeat("x", 2<<20)+`"}`)
	require.Equal(t, http.StatusRequestEntityTooLarge, status)
	status, text, _ = request(t, "POST", url+"api/estimate", `{"yaml": "extends: /etc/passwd\nname: x\n"}`)
	require.Equal(t, http.StatusUnprocessableEntity, status)
	require.Contains(t, text, "files cannot be read here")
}

// events reads a stream up to its end.
func events(t *testing.T, body io.Reader) (names []string, last string) {
	t.Helper()
	scanner := bufio.NewScanner(body)
	scanner.Buffer(nil, 16<<20)
	for scanner.Scan() {
		if name, ok := strings.CutPrefix(scanner.Text(), "event: "); ok {
			names = append(names, name)
		}
		if data, ok := strings.CutPrefix(scanner.Text(), "data: "); ok {
			last = data
		}
	}
	return names, last
}

func TestRunsAreStreamed(t *testing.T) {
	url := start(t, web.Options{})
	_, text, header := request(t, "POST", url+"api/run", `{"scenario": "`+node+`", "agents": 4, `+short+`}`)
	require.Contains(t, header.Get("Content-Type"), "text/event-stream")
	names, last := events(t, strings.NewReader(text))
	require.Equal(t, "answer", names[len(names)-1])
	require.Equal(t, "progress", names[0])
	var got ask.Answer
	require.NoError(t, json.Unmarshal([]byte(last), &got))
	want, err := (&ask.Desk{}).Run(t.Context(), &ask.RunQuestion{Question: ask.Question{Scenario: node, Set: []string{
		"protocol=steady-state", "protocol.calls_min=100", "protocol.duration=20s", "protocol.warmup=5s"}}, Agents: 4}, nil)
	require.NoError(t, err)
	require.Equal(t, want.Fingerprint, got.Fingerprint)
	_, text, _ = request(t, "POST", url+"api/run", `{"scenario": "`+node+`"}`)
	names, last = events(t, strings.NewReader(text))
	require.Equal(t, "failure", names[len(names)-1])
	require.Contains(t, last, "agents: missing")
}

// Two hundred at once: as many as there are places run, others wait, the rest is
// told to come back. Whoever goes away leaves no work behind.
func TestTwoHundredRunsAtOnce(t *testing.T) {
	const asked, waiting = 200, 60
	url := start(t, web.Options{Runs: 2, Waiting: waiting})
	before := runtime.NumGoroutine()
	ctx, leave := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	var mutex sync.Mutex
	busy := 0
	for i := range asked {
		wait.Go(func() {
			body := fmt.Sprintf(`{"scenario": "gb300-agentperf-slo20", "agents": 1200, "set": ["seed=%d"]}`, i+1) // minutes of work
			r, err := http.NewRequestWithContext(ctx, "POST", url+"api/run", strings.NewReader(body))
			if err != nil {
				return
			}
			r.Header.Set("Content-Type", "application/json")
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				return
			}
			defer answer.Body.Close()
			text, _ := io.ReadAll(answer.Body)
			if strings.Contains(string(text), "too many questions") {
				mutex.Lock()
				busy++
				mutex.Unlock()
			}
		})
	}
	require.Eventually(t, func() bool {
		mutex.Lock()
		defer mutex.Unlock()
		return busy == asked-waiting-2
	}, 20*time.Second, 20*time.Millisecond)
	status, _, _ := request(t, "GET", url+"api/catalogue", "")
	require.Equal(t, http.StatusOK, status, "the page is there all the same")
	leave()
	wait.Wait()
	http.DefaultClient.CloseIdleConnections()
	require.Eventually(t, func() bool {
		status, _, _ := request(t, "POST", url+"api/estimate", `{"scenario": "`+node+`"}`)
		return status == http.StatusOK && runtime.NumGoroutine() < before+40
	}, 20*time.Second, 50*time.Millisecond, "places are free again")
}

func TestTimeIsBounded(t *testing.T) {
	url := start(t, web.Options{Time: 50 * time.Millisecond})
	_, text, _ := request(t, "POST", url+"api/run", `{"scenario": "gb300-agentperf-slo20", "agents": 1200}`)
	names, last := events(t, strings.NewReader(text))
	require.Equal(t, "failure", names[len(names)-1])
	require.Contains(t, last, ask.KindStopped)
}

// upload posts files as a form.
func upload(t *testing.T, url string, files map[string]string, scenario string) (int, string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, content := range files {
		part, err := form.CreateFormFile("files", name)
		require.NoError(t, err)
		_, err = io.WriteString(part, content)
		require.NoError(t, err)
	}
	if scenario != "" {
		require.NoError(t, form.WriteField("scenario", scenario))
	}
	require.NoError(t, form.Close())
	status, text, _ := request(t, "POST", url, b.String(), "Content-Type", form.FormDataContentType())
	return status, text
}

const sessions = "session_id,turn,input_tokens,cached_prefix_tokens,output_tokens,tool_delay_before_s\n" +
	"a,0,9000,0,150,0\na,1,9400,9150,80,2\na,2,9800,9480,300,4\nb,0,12000,0,200,0\nb,1,12500,12200,90,1\n"

func TestDroppedSessions(t *testing.T) {
	url := start(t, web.Options{})
	status, text := upload(t, url+"api/trace-stats", map[string]string{"s.csv": sessions}, "")
	require.Equal(t, http.StatusOK, status, text)
	var stats ask.TraceStats
	require.NoError(t, json.Unmarshal([]byte(text), &stats))
	require.EqualValues(t, 5, stats.Calls)
	require.EqualValues(t, 2, stats.Sessions)
	status, text = upload(t, url+"api/agents-like", map[string]string{"s.csv": sessions}, "name: x\nextends: "+node+"\n")
	require.Equal(t, http.StatusOK, status, text)
	require.NotContains(t, text, "agentsim-dropped-", "no folder of this machine")
	require.NotContains(t, text, "/tmp/")
	for _, name := range []string{"../../../../etc/passwd", `..\..\x.csv`, "<img src=x onerror=alert(1)>.csv", ".hidden", "a\x00b"} {
		status, text = upload(t, url+"api/trace-stats", map[string]string{name: "nothing that is known"}, "")
		require.Equal(t, http.StatusUnprocessableEntity, status, name)
		require.NotContains(t, text, "agentsim-dropped-")
	}
	status, _ = upload(t, url+"api/table", map[string]string{"x.parquet": "PAR1 no table PAR1"}, "")
	require.Equal(t, http.StatusUnprocessableEntity, status)
}
