package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

// manifest is what these tests read of an object of Kubernetes.
type manifest struct {
	Kind     string
	Metadata struct{ Name string }
	Data     map[string]string
	String   map[string]string `yaml:"stringData"`
	Spec     struct {
		Completions    int
		CompletionMode string `yaml:"completionMode"`
		Template       struct {
			Spec struct{ Containers []container }
		}
	}
}

type container struct {
	Name, Image string
	Args        []string
	Env         []struct {
		Name, Value string
		ValueFrom   struct {
			Secret struct{ Name, Key string } `yaml:"secretKeyRef"`
		} `yaml:"valueFrom"`
	}
}

const deployFolder = "../../deploy"

// manifests reads all objects of a file.
func manifests(t *testing.T, file string) map[string]manifest {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(deployFolder, file))
	require.NoError(t, err)
	objects := map[string]manifest{}
	for _, part := range strings.Split(string(text), "\n---\n") {
		var m manifest
		require.NoError(t, yaml.Unmarshal([]byte(part), &m), file)
		require.NotEmpty(t, m.Metadata.Name, file)
		objects[m.Kind+" "+m.Metadata.Name] = m
	}
	return objects
}

// environment is what a container sees, with the values of secrets.
func environment(t *testing.T, c container, objects map[string]manifest) map[string]string {
	t.Helper()
	env := map[string]string{}
	for _, e := range c.Env {
		env[e.Name] = e.Value
		if s := e.ValueFrom.Secret; s.Name != "" {
			env[e.Name] = objects["Secret "+s.Name].String[s.Key]
		}
		require.NotEmpty(t, env[e.Name], e.Name)
	}
	return env
}

// checkCommand wants a command line that the program takes: its command and
// flags exist, and so do the settings in the environment.
func checkCommand(t *testing.T, args []string, env map[string]string) {
	t.Helper()
	root := (&app{}).root()
	c, rest, err := root.Find(args)
	require.NoError(t, err, "%v", args)
	require.NoError(t, c.ParseFlags(rest), "%v", args)
	require.NoError(t, c.ValidateArgs(c.Flags().Args()), "%v", args)
	settings := map[string]bool{}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		settings["AGENTSIM_"+strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))] = true
	})
	for name := range env {
		require.True(t, settings[name], "%s: no flag of %s", name, c.CommandPath())
	}
}

// inside replaces the folder of a volume by one of the test.
func inside(args []string, dir string) []string {
	replaced := make([]string, len(args))
	for i, a := range args {
		replaced[i] = strings.Replace(a, "/results", dir, 1)
	}
	return replaced
}

// quickStudy makes the study of the examples quick.
var quickStudy = []string{"--evaluate", "flows", "--interval", "none"}

// The Indexed Job runs as it stands, shard by shard, and its merge after it.
func TestIndexedJob(t *testing.T) {
	objects := manifests(t, "kubernetes/shards.yaml")
	job := objects["Job agentsim-shards"]
	require.Equal(t, "Indexed", job.Spec.CompletionMode)
	c := job.Spec.Template.Spec.Containers[0]
	require.Subset(t, c.Args, []string{"--shard-count", fmt.Sprint(job.Spec.Completions)})
	env := environment(t, c, objects)
	checkCommand(t, c.Args, env)
	for name, value := range env {
		t.Setenv(name, value)
	}
	dir := t.TempDir()
	for index := range job.Spec.Completions {
		t.Setenv("JOB_COMPLETION_INDEX", fmt.Sprint(index))
		o := agentsim(t, append(inside(c.Args, dir), quickStudy...)...)
		require.Zero(t, o.code, o.stderr)
	}
	merge := manifests(t, "kubernetes/merge.yaml")["Job agentsim-merge"].Spec.Template.Spec.Containers[0]
	require.Equal(t, c.Image, merge.Image)
	checkCommand(t, merge.Args, nil)
	o := agentsim(t, inside(merge.Args, dir)...)
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, "72 points")
}

// The server takes its configuration, worker and study find it and each other
// with the user of the secret.
func TestWorkersManifest(t *testing.T) {
	objects := manifests(t, "kubernetes/workers.yaml")
	nats := objects["StatefulSet agentsim-nats"].Spec.Template.Spec.Containers[0]
	for name, value := range environment(t, nats, objects) {
		t.Setenv(name, value)
	}
	config := filepath.Join(t.TempDir(), "nats.conf")
	text := strings.Replace(objects["ConfigMap agentsim-nats"].Data["nats.conf"], "/data", t.TempDir(), 1)
	require.NoError(t, os.WriteFile(config, []byte(text), 0o600))
	options, err := server.ProcessConfigFile(config)
	require.NoError(t, err)
	options.Host, options.Port, options.NoLog, options.NoSigs = "127.0.0.1", server.RANDOM_PORT, true, true
	s, err := server.NewServer(options)
	require.NoError(t, err)
	go s.Start()
	require.True(t, s.ReadyForConnections(20*time.Second))
	t.Cleanup(func() {
		s.Shutdown()
		s.WaitForShutdown()
	})

	worker := objects["Deployment agentsim-worker"].Spec.Template.Spec.Containers[0]
	study := objects["Job agentsim-study"].Spec.Template.Spec.Containers[0]
	for _, c := range []container{worker, study} {
		checkCommand(t, c.Args, environment(t, c, objects))
	}
	require.Equal(t, environment(t, worker, objects), environment(t, study, objects))
	for name, value := range environment(t, worker, objects) {
		t.Setenv(name, strings.Replace(value, "nats://agentsim-nats:4222", s.ClientURL(), 1))
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan int)
	go func() {
		var said bytes.Buffer
		ended <- run(ctx, process{args: worker.Args, stdout: &said, stderr: &said, readFile: os.ReadFile, now: time.Now,
			terminal: func(int) bool { return false }})
	}()
	o := agentsim(t, append(inside(study.Args, t.TempDir()), quickStudy...)...)
	stop()
	require.Zero(t, o.code, o.stderr)
	require.Contains(t, o.stdout, "72 points")
	require.Equal(t, exitInterrupted, <-ended)
}

// The scripts for Slurm are whole, and call what there is.
func TestSlurmScripts(t *testing.T) {
	calls := regexp.MustCompile(`(?m)^(?:srun )?agentsim (.*?)(?: \|\|.*)?$`)
	for _, file := range []string{"slurm/shards.sh", "slurm/merge.sh"} {
		text, err := os.ReadFile(filepath.Join(deployFolder, file))
		require.NoError(t, err)
		found := calls.FindAllSubmatch(text, -1)
		require.NotEmpty(t, found, file)
		for _, call := range found {
			args := strings.Fields(strings.NewReplacer(`"$SLURM_CPUS_PER_TASK"`, "8", `"${STUDY:-h200-batching}"`, "h200-batching",
				`"${OUT:-h200-batching}"`, "out").Replace(string(call[1])))
			checkCommand(t, args, nil)
		}
		bash, err := exec.LookPath("bash")
		if err != nil {
			continue
		}
		out, err := exec.Command(bash, "-n", filepath.Join(deployFolder, file)).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
}

// What the page says is typed as it stands.
func TestDeployPage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(deployFolder, "README.md"))
	require.NoError(t, err)
	for _, file := range regexp.MustCompile(`deploy/[\w./-]+\w`).FindAllString(string(text), -1) {
		require.FileExists(t, filepath.Join(deployFolder, strings.TrimPrefix(file, "deploy/")))
	}
	for _, line := range regexp.MustCompile("(?m)^    agentsim (.*?) +#").FindAllStringSubmatch(string(text), -1) {
		checkCommand(t, strings.Fields(line[1]), nil)
	}
	for _, flag := range regexp.MustCompile("`--([a-z-]+)").FindAllStringSubmatch(string(text), -1) {
		var found *cobra.Command
		for _, c := range commands((&app{}).root()) {
			if c.Flags().Lookup(flag[1]) != nil {
				found = c
			}
		}
		require.NotNil(t, found, flag[1])
	}
}
