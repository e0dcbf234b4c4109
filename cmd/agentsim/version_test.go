package main

import (
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"agentsim/metrics"
)

func TestVersionSaysWhichBuild(t *testing.T) {
	flag, command := agentsim(t, "--version"), agentsim(t, "version")
	require.Zero(t, flag.code, flag.stderr)
	require.Equal(t, command, flag)
	info, ok := debug.ReadBuildInfo()
	require.True(t, ok)
	require.Contains(t, flag.stdout, info.GoVersion)
	require.True(t, strings.HasPrefix(flag.stdout, version()))
	require.True(t, strings.HasSuffix(flag.stdout, ", JSON contract "+metrics.Contract+"\n"), flag.stdout)
}

func TestBuildsNameTheirCommit(t *testing.T) {
	info := &debug.BuildInfo{GoVersion: "go1.26", Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123456789abcdef0123"},
		{Key: "vcs.time", Value: "2026-11-29T23:59:59Z"},
		{Key: "vcs.modified", Value: "true"},
	}}
	require.Equal(t, "0123456789ab of 2026-11-29, modified", describeBuild(info))
	require.Equal(t, "v1.2.3", describeBuild(&debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}))
	require.Equal(t, "development", describeBuild(&debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}))
}

func TestTheChangelogHasTheContract(t *testing.T) {
	text, err := os.ReadFile("../../CHANGELOG.md")
	require.NoError(t, err)
	require.Contains(t, string(text), "JSON contract "+metrics.Contract)
}
