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
	maxMethods         = 40 // of one type
	maxBackShare       = 20 // percent of the uses between files of a package that may run against its reading order
)

// wideTypes may have as many methods as it says. Numbers only fall.
var wideTypes = map[string]int{}

// backShares are the packages whose comment must list their files, with the
// percentage of arrows back where it is another than maxBackShare.
var backShares = map[string]int{
	"configs":              maxBackShare,
	"experiment/calibrate": maxBackShare,
	"models/step":          maxBackShare,
	"serve":                15,
}

// tables are the functions that list what a scenario may name, and the test
// functions that must go through all of it.
var tables = []struct {
	dir, table string
	by         []string
}{
	{"serve", "routerNames", []string{"anyDesign", "everyDesign"}},
	{"models/kvcache", "Policies", []string{"TestEveryPolicySaysWhatItNeeds"}},
	{"trace/readers", "formats", []string{"FuzzProbe", "TestEveryFormatIsFuzzed"}},
}

// numberNames say nothing but what the number is.
var numberNames = []string{
	"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "dozen",
	"hundred", "thousand", "million", "billion", "half", "third", "quarter", "fifth", "sixth", "eighth", "tenth",
	"twelfth", "ninetyfive", "percent", "twice", "double",
}

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
	{dir: "files", layer: 0},
	{dir: "units", layer: 0},
	{dir: "fault", layer: 0},
	{dir: "sim", layer: 0},
	{dir: "portable", layer: 0},
	{dir: "ahead", layer: 0},
	{dir: "docs", layer: 0},
	{dir: "plotting", layer: 0},
	{dir: "models/hardware", layer: 1, never: []string{"sim", "files"}},
	{dir: "models/kvcache", layer: 1, never: []string{"sim", "files"}},
	{dir: "models/llm", layer: 1, never: []string{"sim", "files"}, beside: []string{"models/hardware"}},
	{dir: "trace", layer: 1, never: []string{"sim"}},
	{dir: "models/moe", layer: 2, never: []string{"sim", "files", "trace"}},
	{dir: "models/step", layer: 2, never: []string{"sim", "files", "trace"}, beside: []string{"models/moe"}},
	{dir: "metrics", layer: 2, never: []string{"sim", "files", "trace", "models"}},
	{dir: "serve", layer: 3},
	{dir: "configs/tree", layer: 1},
	{dir: "configs", layer: 4, never: []string{"sim"}},
	{dir: "recipe", layer: 4, never: []string{"sim", "trace", "metrics"}},
	{dir: "report", layer: 4, never: []string{"sim"}},
	{dir: "experiment/calibrate", layer: 5, never: []string{"report", "serve", "sim"}},
	{dir: "experiment/power", layer: 5, never: []string{"report", "serve", "sim"}},
	{dir: "experiment/sessions", layer: 5, never: []string{"report"}},
	{dir: "experiment/validate", layer: 6, never: []string{"report"}},
	{dir: "experiment", layer: 6, never: []string{"report"}},
	{dir: "experiment/analytic", layer: 6, never: []string{"report"}, beside: []string{"experiment"}},
	{dir: "experiment/deploy", layer: 7, never: []string{"report"}},
	{dir: "experiment/uncertainty", layer: 7, never: []string{"report"}},
	{dir: "experiment/compare", layer: 8, never: []string{"report"}},
	{dir: "experiment/sweep", layer: 8, never: []string{"report"}},
	{dir: "experiment/plan", layer: 8, never: []string{"report", "sim"}},
	{dir: "experiment/sweep/results", layer: 9, never: []string{"report", "serve", "sim"}},
	{dir: "experiment/sweep/figure", layer: 10, never: []string{"report", "serve", "sim"}},
	{dir: "experiment/sweep/queue", layer: 10, never: []string{"report", "serve", "sim"}},
	{dir: "scenarios", layer: 11, never: []string{"sim", "models", "trace", "metrics", "serve", "report"}},
	{dir: "ask", layer: 12, never: []string{"sim", "report"}},
	{dir: "web", layer: 13, never: []string{"sim", "models", "trace", "metrics", "serve", "report"}},
	{dir: "cmd", layer: 14},
	{dir: "internal/tidy", layer: 15},
	{dir: "internal/mutants", layer: 15},
}

// Groups of rooms that rules speak of.
var (
	// core is what a simulation consists of.
	core = []string{"sim", "models", "serve"}
	// deterministic rooms turn the same input into the same bytes.
	deterministic = []string{"units", "fault", "sim", "portable", "ahead", "models", "trace", "metrics", "serve"}
	// withFiles may open files.
	withFiles = []string{"files", "trace", "configs", "report", "experiment", "scenarios", "web", "cmd"}
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
	{"github.com/goccy/go-yaml", []string{"trace", "configs", "recipe", "experiment", "scenarios", "ask", "cmd"}},
	{"mvdan.cc/sh/v3", []string{"recipe"}},
	{"github.com/invopop/jsonschema", []string{"configs"}},
	{"github.com/santhosh-tekuri/jsonschema/v6", []string{"configs"}},
	{"gonum.org/v1/gonum", []string{"trace", "metrics", "report", "experiment"}},
	{"gonum.org/v1/plot", []string{"plotting", "report", "experiment"}},
	{"github.com/parquet-go/parquet-go", []string{"trace", "report", "experiment"}},
	{"github.com/tiktoken-go/tokenizer", []string{"trace"}},
	{"github.com/nats-io/nats-server/v2", nil}, // the server that tests speak to,
	{"github.com/nats-io/nats.go", []string{"experiment/sweep/queue"}},
	{"github.com/klauspost/compress", []string{"trace", "report"}},
	{"github.com/danielgtaylor/huma/v2", []string{"web", "cmd"}},
	{"github.com/modelcontextprotocol/go-sdk", []string{"cmd"}},
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
		pkg: "crypto/rand", except: []string{"experiment/sweep/queue", "cmd"}, tests: true,
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
	{
		pkg: "math", names: []string{"Exp", "Exp2", "Log", "Log2", "Log10", "Pow", "Erf", "Erfc", "Tanh"},
		except: []string{"portable", "plotting", "report", "trace/fit", "trace/readers", "experiment/calibrate", "experiment/validate",
			"experiment/compare", "experiment/plan", "experiment/sweep", "cmd"},
		why: "assembly of some processors differs in the last bit; use package portable",
	},
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
