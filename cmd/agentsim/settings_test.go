package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// settingsOf binds the flags of a command below a root, given some of them and
// a file of settings.
func settingsOf(t *testing.T, name, text string, args ...string) (*settings, error) {
	t.Helper()
	root, cmd := &cobra.Command{Use: "root"}, &cobra.Command{Use: "one", Run: func(*cobra.Command, []string) {}}
	other := &cobra.Command{Use: "other"}
	root.AddCommand(cmd, other)
	other.Flags().Int("elsewhere", 0, "")
	root.PersistentFlags().String("config", "", "")
	f := cmd.Flags()
	f.StringArray("set", nil, "")
	f.Int("agents", 7, "")
	f.Uint64("seed", 1, "")
	f.Bool("no-cache", false, "")
	f.Duration("silence", time.Second, "")
	f.Float64("share", 0.25, "")
	f.String("out", "here", "")
	if text != "" {
		file := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		args = append(args, "--config", file)
	}
	require.NoError(t, cmd.ParseFlags(args))
	s := new(settings)
	return s, s.bind(cmd)
}

func TestSettingsAreLaidOverEachOther(t *testing.T) {
	t.Setenv("AGENTSIM_AGENTS", "8")
	t.Setenv("AGENTSIM_NO_CACHE", "true")
	t.Setenv("AGENTSIM_SEED", "")
	s, err := settingsOf(t, "s.yaml", "agents: 9\nseed: 3\nSet: [a=b c, d=e]\nsilence: 2m\nelsewhere: 4\nout:\n", "--share", "0.5")
	require.NoError(t, err)
	require.Equal(t, 8, s.GetInt("agents"), "the environment before the file")
	require.True(t, s.GetBool("no-cache"))
	require.EqualValues(t, 3, s.GetUint64("seed"), "an empty variable says nothing")
	require.Equal(t, []string{"a=b c", "d=e"}, s.GetStringSlice("set"))
	require.Equal(t, 2*time.Minute, s.GetDuration("silence"))
	require.Equal(t, 0.5, s.GetFloat64("share"))
	require.Equal(t, "here", s.GetString("out"))
	require.Zero(t, s.GetInt("elsewhere"), "no flag of this command")

	t.Setenv("AGENTSIM_SET", "x=1 y=2")
	s, err = settingsOf(t, "s.json", `{"agents": 9, "set": "z=3"}`, "--agents", "10")
	require.NoError(t, err)
	require.Equal(t, 10, s.GetInt("agents"), "a flag before all")
	require.Equal(t, []string{"x=1", "y=2"}, s.GetStringSlice("set"))
	s.Set("set", []string{"w=4"})
	require.Equal(t, []string{"w=4"}, s.GetStringSlice("set"))
	s.Set("out", nil)
	require.Empty(t, s.GetString("out"))
}

func TestBadSettings(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"s.toml", "agents = 9", "is YAML or JSON, not .toml"},
		{"s.yaml", "agnets: 9", "agnets: no flag has this name, did you mean agents?"},
		{"s.yaml", "agents: many", "agents: "},
		{"s.yaml", "agents: [1, 2]", "agents: is a list; want one value"},
		{"s.yaml", "agents: {", "s.yaml: "},
	} {
		_, err := settingsOf(t, c.name, c.text)
		require.ErrorContains(t, err, c.want)
		require.ErrorAs(t, err, new(usageError))
	}
	t.Setenv("AGENTSIM_AGENTS", "many")
	_, err := settingsOf(t, "", "")
	require.ErrorContains(t, err, "AGENTSIM_AGENTS=many: ")
	require.ErrorAs(t, err, new(usageError))
}
