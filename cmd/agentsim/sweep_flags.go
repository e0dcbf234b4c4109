package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"agentsim/configs"
	"agentsim/experiment/sweep"
	"agentsim/experiment/sweep/queue"
	"agentsim/scenarios"
)

// queueFlags are those of sweep and worker alike.
func (a studyCommands) queueFlags(c *cobra.Command) {
	f := c.Flags()
	f.Int("workers", runtime.GOMAXPROCS(0), "points at once in this process")
	f.String("nats", "", "NATS server with JetStream, such as nats://host:4222 (default: this process alone)")
	f.String("nats-creds", "", "file with the credentials of a NATS user")
	f.String("nats-user", "", "NATS user")
	f.String("nats-password", "", "password of the NATS user; better in AGENTSIM_NATS_PASSWORD")
	f.String("nats-ca", "", "file with the authorities that certify the NATS server")
	f.String("nats-cert", "", "file with this client's certificate")
	f.String("nats-key", "", "file with the key of the certificate")
	f.Int("nats-replicas", 1, "servers of a NATS cluster that keep each point, where the streams are not there yet")
	f.Duration("silence", silenceDefault, "after which the points of a worker not heard of go to another")
	f.String("cache", "", "folder that keeps results across studies (default: below the user's cache folder)")
	f.Bool("no-cache", false, "evaluate every point anew")
}

const silenceDefault = 30 * time.Second

// connection is the NATS server that was named; nil if none was.
func (a studyCommands) connection() *queue.Connection {
	if a.settings.GetString("nats") == "" {
		return nil
	}
	get := a.settings.GetString
	return &queue.Connection{
		URL:         get("nats"),
		Credentials: get("nats-creds"),
		User:        get("nats-user"),
		Password:    get("nats-password"),
		CA:          get("nats-ca"),
		Cert:        get("nats-cert"),
		Key:         get("nats-key"),
		Replicas:    a.settings.GetInt("nats-replicas"),
		Log:         func(message string) { fmt.Fprintf(a.stderr, "\nnats: %s\n", message) },
	}
}

// cache is where results are kept across studies; nil for nowhere.
func (a studyCommands) cache() *queue.Cache {
	dir := a.settings.GetString("cache")
	if a.settings.GetBool("no-cache") {
		return nil
	}
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			return nil
		}
		dir = filepath.Join(base, "agentsim", "points")
	}
	return &queue.Cache{Dir: dir}
}

// studySource is the study that was named, with the overrides of the command
// line.
func (a studyCommands) studySource(name string) (*sweep.Source, error) {
	s := &sweep.Source{
		Study:     configs.Source{Name: name, FS: scenarios.Studies(), ReadFile: a.readFile},
		Scenarios: scenarios.FS,
		Open:      openFile,
		Set:       a.settings.GetStringSlice("set"),
		Seed:      a.settings.GetUint64("seed"),
		Evaluate:  a.settings.GetString("evaluate"),
		Interval:  a.settings.GetString("interval"),
		PointsMax: sweep.PointsMax,
	}
	if a.settings.GetBool("yes") {
		s.PointsMax = 0
	}
	if a.settings.GetString("accuracy") == accuracyShipped {
		return s, nil
	}
	var err error
	s.Accuracy, err = a.accuracy()
	return s, err
}

func openFile(name string) (io.ReadCloser, error) { return os.Open(name) }

func library() queue.Library {
	return queue.Library{Scenarios: scenarios.FS, Studies: scenarios.Studies(), Open: openFile}
}

// build identifies this program: two builds may give different results.
func build() string {
	name, err := os.Executable()
	if err != nil {
		return version()
	}
	f, err := os.Open(name)
	if err != nil {
		return version()
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return version()
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (a studyCommands) checkSweep(o *queue.Options) error {
	switch {
	case o.Workers < 0 || o.Workers == 0 && o.Connection == nil:
		return usageError{fmt.Errorf("--workers %d: want 1 or more, or 0 with --nats", o.Workers)}
	case o.Silence < time.Second:
		return usageError{fmt.Errorf("--silence %v: want 1s or more", o.Silence)}
	case o.ShardCount > 1 && o.Connection != nil:
		return usageError{errors.New("--nats and --shard-count exclude each other: workers share the points themselves")}
	}
	return nil
}

// shard is the part of the study that this process evaluates: from the flags,
// or from Kubernetes or Slurm. A count of 0 is the whole study.
func (a studyCommands) shard() (index, count int, err error) {
	s := a.settings
	for key, env := range map[string]string{"k8s-index": "JOB_COMPLETION_INDEX", "slurm-index": "SLURM_ARRAY_TASK_ID",
		"slurm-first": "SLURM_ARRAY_TASK_MIN", "slurm-step": "SLURM_ARRAY_TASK_STEP",
		"slurm-count": "SLURM_ARRAY_TASK_COUNT"} {
		if err := s.BindEnv(key, env); err != nil {
			return 0, 0, err
		}
	}
	index, count = s.GetInt("shard-index"), s.GetInt("shard-count")
	switch {
	case index >= 0:
	case count == 1: // an array of whole studies
		return 0, 0, nil
	case s.IsSet("k8s-index"):
		index = s.GetInt("k8s-index")
	case s.IsSet("slurm-index"):
		index = (s.GetInt("slurm-index") - s.GetInt("slurm-first")) / max(1, s.GetInt("slurm-step"))
		if count == 0 {
			count = s.GetInt("slurm-count")
		}
	}
	switch {
	case index < 0 && count == 0:
		return 0, 0, nil
	case count < 1:
		return 0, 0, usageError{fmt.Errorf("shard %d of how many? want --shard-count, or 1 for the whole study", index)}
	case index < 0:
		return 0, 0, usageError{fmt.Errorf("which of %d shards? want --shard-index", count)}
	case index >= count:
		return 0, 0, usageError{fmt.Errorf("--shard-index %d: want less than --shard-count, %d", index, count)}
	}
	return index, count, nil
}
