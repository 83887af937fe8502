package bridge

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/troupe-actors/troupe/partition"
)

// loaded reads a file with this text, which errors call f, and an environment.
func loaded(t require.TestingT, dir, text string, env ...string) (partition.Settings, string) {
	path := filepath.Join(dir, "f")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	s, err := LoadSettings(path, env)
	if err != nil {
		return s, strings.ReplaceAll(err.Error(), path, "f")
	}
	return s, ""
}

// docs/configuration.md names every setting in a file and in an environment.
func TestLoadSettings_EachNameIsInTheGuide(t *testing.T) {
	guide, err := os.ReadFile("../docs/configuration.md")
	require.NoError(t, err)
	rows := "| setting | in a file | in the environment |\n|---|---|---|\n"
	for _, name := range (partition.Settings{}).Names() {
		group, field, nested := strings.Cut(name, ".")
		inFile := yamlName(group)
		if nested {
			inFile += ": {" + yamlName(field) + ": …}"
		}
		rows += fmt.Sprintf("| `%s` | `%s` | `%s` |\n", name, inFile, envName(name))
	}
	require.Contains(t, string(guide), rows)
}

func TestLoadSettings_FileAndEnvironment(t *testing.T) {
	s, fault := loaded(t, t.TempDir(), `# of the shop
preset: fast
lease: 2s
workerIDs: {from: 10, count: 20}
instanceKey: "007"
neverLead: true
capacity: 2
labels: [gpu, ssd]
record: /var/lib/orders
onStop: restart
ownership: available
moveLimit: off
minRebalanceThreshold: .2
alerts:
  info: off
  repeat: 5s
`, "PATH=/bin", "TROUPE_LEASE=3s", "TROUPE_KV_ERROR_THRESHOLD=7", "TROUPE_MIN_REBALANCE_INTERVAL=off")
	require.Empty(t, fault)
	want := partition.Fast()
	want.Lease, want.PollInterval, want.WorkerIDs = 3*time.Second, 1500*time.Millisecond, partition.IDRange{From: 10, Count: 20}
	want.InstanceKey, want.NeverLead, want.Capacity, want.Labels = "007", true, 2, []string{"gpu", "ssd"}
	want.Record = "/var/lib/orders"
	want.OnStop, want.Ownership, want.MinRebalanceThreshold = partition.Restart, partition.Available, 0.2
	want.KVErrorThreshold, want.MinRebalanceInterval = 7, partition.Off
	want.Alerts.Info, want.Alerts.Repeat = partition.Off, 5*time.Second
	for _, name := range want.Names() {
		require.Contains(t, s.WithDefaults().Explain(), value(want.Explain(), name), name)
	}
	require.Equal(t, "TROUPE_LEASE", s.Origin("Lease"))
	require.True(t, strings.HasSuffix(s.Origin("WorkerIDs.Count"), "f:4:30"), s.Origin("WorkerIDs.Count"))
	require.Equal(t, "preset fast", s.Origin("HeartbeatInterval"))
	require.Empty(t, s.Origin("Candidates"))

	for _, text := range []string{"", "# lease: 3s\n", "{}\n"} {
		s, fault = loaded(t, t.TempDir(), text)
		require.Empty(t, fault)
		require.Equal(t, partition.Default(), s.WithDefaults())
	}
	s, err := LoadSettings("", nil)
	require.NoError(t, err)
	require.Equal(t, partition.Default(), s.WithDefaults())
}

// value returns the beginning of the line of a setting, up to its value.
func value(explained, name string) string {
	for line := range strings.Lines(explained) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == name {
			return line[:strings.Index(line, f[1])+len(f[1])] + " "
		}
	}
	return "no line of " + name
}

func TestLoadSettings_AllFaultsAtOnce(t *testing.T) {
	_, fault := loaded(t, t.TempDir(), `lease: 4
laese: 2s
candidates: 0
workerIDs: 3
zone: [a]
labels: a
heartbeatInterval: 2s
onStop: gone
neverLead: "yes"
instanceKey:
moveLimit: 1.5
moveLimit: 2
clockDrift: 0.01
alerts: {worn: 1s}
storeTimeout: off
`, "TROUPE_LEASES=1s", "TROUPE_ZONE=", "TROUPE_PRESET=quick", "TROUPE_DEBOUNCE=5s")
	require.Equal(t, []string{
		`f:2:1: unknown field "laese"; known are ` + strings.Join(topLevel(), ", "),
		`f:4:12: is of type integer; must be a mapping with the fields count, from`,
		`f:5:7: zone is of type sequence; must be one value`,
		`f:6:9: labels is of type string; must be a list`,
		`f:10:13: instanceKey is of type null; must be one value`,
		`f:12:1: the field moveLimit is there already, at 11:1`,
		`f:14:10: unknown field "worn"; known are critical, error, info, repeat, warn`,
		`TROUPE_LEASES: is no setting; variables that begin with TROUPE_ must be one`,
		`TROUPE_PRESET: Preset is "quick"; must be default, fast or conservative`,
		`f:9:12: NeverLead is "yes"; must be true or false`,
		`TROUPE_ZONE: Zone is ""; must be something: what is to have its default is left out`,
		`f:8:9: OnStop is "gone"; must be leave or restart`,
		`f:1:8: Lease is "4"; must be a duration with its unit, such as 1.5s or 200ms, or off if it can be`,
		`f:3:13: Candidates is "0"; must be other than 0: what is to have its default is left out`,
		`f:11:12: MoveLimit is "1.5"; must be a whole number, or off if it can be`,
		`f:13:13: ClockDrift is 0.01; must be 0.085 ≤ ClockDrift ≤ 1`,
		`f:15:15: StoreTimeout is -1ns; must be 1ms ≤ StoreTimeout ≤ 8760h0m0s; it cannot be Off`,
		`TROUPE_DEBOUNCE: Debounce is 5s; must be Debounce ≤ DebounceCap = 1s`,
	}, strings.Split(fault, "\n"))

	// A rule between fields names where a value stands, be it of another field.
	_, fault = loaded(t, t.TempDir(), "heartbeatInterval: 1100ms\n")
	require.Equal(t, "f:1:20: Lease is 4s; must be Lease ≥ 3·HeartbeatInterval + StoreTimeout = 3·1.1s + 1s = 4.3s", fault)
	_, err := LoadSettings(filepath.Join(t.TempDir(), "none"), nil)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = LoadSettings("", []string{"TROUPE_LEASE=3s"})
	var f partition.FieldError
	require.ErrorAs(t, err, &f)
	require.Equal(t, partition.FieldError{
		Field: "Lease", Value: "3s", Rule: "Lease ≥ 3·HeartbeatInterval + StoreTimeout = 3·1s + 1s = 4s", From: "TROUPE_LEASE",
	}, f)
}

// topLevel are the fields of a file, sorted.
func topLevel() []string {
	names := []string{"preset"}
	for _, name := range (partition.Settings{}).Names() {
		group, _, _ := strings.Cut(name, ".")
		names = append(names, yamlName(group))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Whatever a text is made of, it is settings that are valid, or a fault with its place.
func TestLoadSettings_AnyText(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		text := "lease: 5s\nlabels: [a, b]\nworkerIDs: {from: 1, count: 2}\nmoveLimit: off\nalerts:\n  info: 3s\n"
		for range rapid.IntRange(0, 4).Draw(t, "changes") {
			at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
			with := rapid.SampledFrom(scraps).Draw(t, "with")
			text = text[:at] + with + text[at+rapid.IntRange(0, 1).Draw(t, "less"):]
		}
		s, fault := loaded(t, dir, text)
		for line := range strings.Lines(fault) {
			require.True(t, strings.HasPrefix(line, "f:"), line)
		}
		if fault == "" {
			require.NoError(t, s.Validate())
			require.NotContains(t, s.Explain(), "breaks rules")
		}
	})
}
