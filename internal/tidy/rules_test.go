package tidy

// Limits on size. The tail is what makes code hard to read, so limits are set
// on it and not on averages.
const (
	maxFunctionLines   = 70 // a function that is one literal (a table) is exempt
	maxFileLines       = 500
	maxTestFileLines   = 800
	maxLineColumns     = 120 // a tab counts as one; lines with a URL are exempt
	maxTestLineColumns = 240 // a case of a table stays on its line
	maxParameters      = 5
	maxInterfaceMethod = 5
)

// room is a directory of the module with its layer. Imports run strictly
// downwards, to rooms of a lower layer; a directory below a room belongs to it
// unless it is listed itself.
type room struct {
	dir    string
	layer  int
	beside []string // rooms of the same layer that it may import all the same
	never  []string // lower rooms that it may not import
}

var rooms = []room{
	{dir: "units", layer: 0},
	{dir: "sim", layer: 0},
	{dir: "models/hardware", layer: 1, never: []string{"sim"}},
	{dir: "models/kvcache", layer: 1, never: []string{"sim"}},
	{dir: "models/llm", layer: 1, never: []string{"sim"}, beside: []string{"models/hardware"}},
	{dir: "trace", layer: 1, never: []string{"sim"}},
	{dir: "models/moe", layer: 2, never: []string{"sim", "trace"}},
	{dir: "models/step", layer: 2, never: []string{"sim", "trace"}, beside: []string{"models/moe"}},
	{dir: "metrics", layer: 2, never: []string{"sim", "trace", "models"}},
	{dir: "serve", layer: 3},
	{dir: "configs", layer: 4, never: []string{"sim"}},
	{dir: "report", layer: 4, never: []string{"sim"}},
	{dir: "experiment", layer: 5, never: []string{"report"}},
	{dir: "scenarios", layer: 6, never: []string{"sim", "models", "trace", "metrics", "serve", "report"}},
	{dir: "cmd", layer: 7},
	{dir: "internal/tidy", layer: 8},
}

// Groups of rooms that rules speak of.
var (
	// core is what a simulation consists of.
	core = []string{"sim", "models", "serve"}
	// deterministic rooms turn the same input into the same bytes.
	deterministic = []string{"units", "sim", "models", "trace", "metrics", "serve"}
	// withFiles may open files.
	withFiles = []string{"trace", "configs", "report", "experiment", "scenarios", "cmd"}
)

// modules says which rooms may import which third-party module. One that is
// not listed may not be imported at all; tests may import any listed one.
var modules = []struct {
	path string
	in   []string
}{
	{"github.com/spf13/cobra", []string{"cmd"}},
	{"github.com/spf13/pflag", []string{"cmd"}},
	{"github.com/spf13/viper", []string{"cmd"}},
	{"golang.org/x/term", []string{"cmd"}},
	{"github.com/jedib0t/go-pretty/v6", []string{"report", "cmd"}},
	{"github.com/goccy/go-yaml", []string{"trace", "configs", "experiment", "scenarios", "cmd"}},
	{"github.com/invopop/jsonschema", []string{"configs"}},
	{"github.com/santhosh-tekuri/jsonschema/v6", []string{"configs"}},
	{"gonum.org/v1/gonum", []string{"trace", "metrics", "report", "experiment"}},
	{"gonum.org/v1/plot", []string{"report", "experiment"}},
	{"github.com/parquet-go/parquet-go", []string{"trace", "report", "experiment"}},
	{"github.com/tiktoken-go/tokenizer", []string{"trace"}},
	{"github.com/nats-io/nats-server/v2", []string{"experiment/sweep/queue"}},
	{"github.com/nats-io/nats.go", []string{"experiment/sweep/queue"}},
	{"github.com/klauspost/compress", []string{"trace", "report"}},
	{"modernc.org/sqlite", []string{"trace"}},
	{"github.com/stretchr/testify/require", nil}, // of testify only this: a failed check ends the test
	{"github.com/rogpeppe/go-internal/testscript", nil},
	{"pgregory.net/rapid", nil},
	{"golang.org/x/tools", nil},
}

// bans lists what may not be used, and the rooms that are excepted. No names
// means the whole package.
var bans = []struct {
	pkg    string
	names  []string
	except []string
	tests  bool // tests must obey too
	why    string
}{
	{
		pkg: "time", except: []string{"experiment", "cmd"}, why: "results may not depend on the wall clock",
		names: []string{"Now", "Since", "Until", "Sleep", "After", "Tick", "NewTimer", "NewTicker", "AfterFunc"},
	},
	{pkg: "math/rand", tests: true, why: "use math/rand/v2 with a keyed source"},
	{
		pkg: "crypto/rand", except: []string{"experiment/sweep/queue"}, tests: true,
		why: "results must be repeatable; only secrets must not be",
	},
	{
		pkg: "math/rand/v2", tests: true, why: "the global source is not seeded; draw from an explicit *rand.Rand",
		names: []string{
			"ExpFloat64", "Float32", "Float64", "Int", "Int32", "Int32N", "Int64", "Int64N", "IntN", "N", "NormFloat64",
			"Perm", "Shuffle", "Uint", "Uint32", "Uint32N", "Uint64", "Uint64N", "UintN",
		},
	},
	{
		pkg: "fmt", names: []string{"Print", "Printf", "Println"}, except: []string{"cmd"},
		why: "return it, or write it to an io.Writer that the caller gave",
	},
	{
		pkg: "os", names: []string{"Exit", "Stdin", "Stdout", "Stderr", "Args", "Getenv", "LookupEnv", "Environ"},
		except: []string{"cmd"}, why: "the process is touched in cmd alone",
	},
	{pkg: "os", except: withFiles, why: "models and the simulation know no files; pass an io.Reader or fs.FS"},
	{pkg: "log", except: []string{"cmd"}, why: "return an error"},
	{pkg: "log/slog", except: []string{"cmd"}, why: "return an error"},
	{pkg: "flag", why: "flags are cobra's, in cmd; tests use environment variables"},
	{pkg: "unsafe", tests: true, why: "nothing here needs it"},
}

// vagueNames are package names that say nothing.
var vagueNames = []string{"base", "common", "helper", "helpers", "lib", "misc", "shared", "types", "util", "utils"}

// constantsIn are the rooms whose floating-point constants must say where they
// come from, and sourceWords is what counts as saying it: a document, a party,
// a kind of evidence, or the statement that the number is no claim about the
// world but a definition or a choice of numerics.
var (
	constantsIn = []string{"models"}
	sourceWords = []string{
		`\w+\.md`, `https?://`, `doi`, `arxiv`, `paper`, `et al`, `data ?sheet`, `white ?paper`, `vendor`,
		`aiconfigurator`, `inferencex`, `mlperf`, `deepseek`, `nvidia`, `amd`, `ocp`, `ieee`, `jedec`, `iec`,
		`measured`, `published`, `fitted`, `assumed`, `by definition`, `definition of`, `exact`,
		`tolerance`, `numerical`, `rounding`, `bound`, `guard`,
	}
)
