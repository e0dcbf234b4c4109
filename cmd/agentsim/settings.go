package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"agentsim/configs"
)

// settings are the flags of the command that runs. A flag that was not given
// has what the environment says, else what the file of settings says, else its
// default. A name that is no flag of the command has the zero value, so that
// commands may share what asks for it.
type settings struct{ flags *pflag.FlagSet }

// bind reads the environment and the file.
func (s *settings) bind(cmd *cobra.Command) error {
	s.flags = cmd.Flags()
	set := map[string]bool{}
	s.flags.Visit(func(f *pflag.Flag) { set[f.Name] = true })
	var err error
	s.flags.VisitAll(func(f *pflag.Flag) {
		variable := "AGENTSIM_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		value := os.Getenv(variable)
		if value == "" || set[f.Name] {
			return
		}
		set[f.Name] = true
		if wrong := put(f, value); wrong != nil {
			err = errors.Join(err, fmt.Errorf("%s=%s: %w", variable, value, wrong))
		}
	})
	if file := s.GetString("config"); file != "" && err == nil {
		if err = s.read(cmd.Root(), file, set); err != nil {
			err = fmt.Errorf("config %s: %w", file, err)
		}
	}
	if err != nil {
		return usageError{err}
	}
	return nil
}

// read lays a file under the flags that are set already. Flags of other
// commands may stand in it too.
func (s *settings) read(root *cobra.Command, file string, set map[string]bool) error {
	if kind := strings.ToLower(filepath.Ext(file)); !slices.Contains([]string{"", ".yaml", ".yml", ".json"}, kind) {
		return fmt.Errorf("a file of settings is YAML or JSON, not %s", kind)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	written := map[string]any{}
	if err := yaml.Unmarshal(text, &written); err != nil {
		return err
	}
	all := flagNames(root)
	for _, key := range slices.Sorted(maps.Keys(written)) {
		name := strings.ToLower(key)
		if !all[name] {
			hint := ""
			if near, ok := configs.Nearest(name, slices.Collect(maps.Keys(all))); ok {
				hint = ", did you mean " + near + "?"
			}
			return fmt.Errorf("%s: no flag has this name%s", key, hint)
		}
		f := s.flags.Lookup(name)
		if f == nil || set[name] || written[key] == nil {
			continue
		}
		if err := put(f, written[key]); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// put gives a flag a value. A flag that holds several takes a list, or a text
// with spaces between them.
func put(f *pflag.Flag, value any) error {
	list, isList := value.([]any)
	many, takesList := f.Value.(pflag.SliceValue)
	switch {
	case takesList && isList:
		texts := make([]string, len(list))
		for i, one := range list {
			texts[i] = fmt.Sprint(one)
		}
		return many.Replace(texts)
	case takesList:
		return many.Replace(strings.Fields(fmt.Sprint(value)))
	case isList:
		return fmt.Errorf("is a list; want one value")
	}
	return f.Value.Set(fmt.Sprint(value))
}

// flagNames are the names of the flags of all commands.
func flagNames(root *cobra.Command) map[string]bool {
	names := map[string]bool{}
	note := func(f *pflag.Flag) { names[f.Name] = true }
	var visit func(*cobra.Command)
	visit = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(note)
		cmd.PersistentFlags().VisitAll(note)
		for _, below := range cmd.Commands() {
			visit(below)
		}
	}
	visit(root)
	return names
}

// Set replaces a value for the rest of the command.
func (s *settings) Set(name string, value []string) {
	f := s.flags.Lookup(name)
	if many, ok := f.Value.(pflag.SliceValue); ok {
		many.Replace(value) // texts always fit
		return
	}
	f.Value.Set(strings.Join(value, " ")) // of a flag that is a text
}

// GetString is a value as text.
func (s *settings) GetString(name string) string {
	if s.flags == nil {
		return ""
	}
	f := s.flags.Lookup(name)
	if f == nil {
		return ""
	}
	return f.Value.String()
}

// GetStringSlice is the values of a flag that may be given several times.
func (s *settings) GetStringSlice(name string) []string {
	if f := s.flags.Lookup(name); f != nil {
		if many, ok := f.Value.(pflag.SliceValue); ok {
			return many.GetSlice()
		}
	}
	return strings.Fields(s.GetString(name))
}

// The values of flags of other kinds: the flag has checked the text.

func (s *settings) GetBool(name string) bool {
	v, _ := strconv.ParseBool(s.GetString(name))
	return v
}

func (s *settings) GetInt(name string) int {
	v, _ := strconv.Atoi(s.GetString(name))
	return v
}

func (s *settings) GetUint64(name string) uint64 {
	v, _ := strconv.ParseUint(s.GetString(name), 10, 64)
	return v
}

func (s *settings) GetFloat64(name string) float64 {
	v, _ := strconv.ParseFloat(s.GetString(name), 64)
	return v
}

func (s *settings) GetDuration(name string) time.Duration {
	v, _ := time.ParseDuration(s.GetString(name))
	return v
}
