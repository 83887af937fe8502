package bridge

import (
	"errors"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// endpoint is what Kubernetes asks.
type endpoint struct {
	HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
}

// manifest is what the kinds of objects say that must fit together.
type manifest struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   struct{ Name string }
	Spec       struct {
		ServiceName    string `yaml:"serviceName"`
		Replicas       int
		MaxUnavailable int `yaml:"maxUnavailable"`
		Selector       map[string]any
		Ports          []struct{ Name string }
		Template       struct {
			Metadata struct{ Labels map[string]any }
			Spec     struct {
				EnableServiceLinks bool `yaml:"enableServiceLinks"`
				Grace              int  `yaml:"terminationGracePeriodSeconds"`
				Containers         []struct {
					Env       []map[string]any
					Ports     []struct{ Name string }
					Lifecycle struct {
						PreStop struct{ Sleep struct{ Seconds int } } `yaml:"preStop"`
					}
					LivenessProbe  endpoint `yaml:"livenessProbe"`
					ReadinessProbe endpoint `yaml:"readinessProbe"`
					Resources      struct{ Requests, Limits map[string]string }
				}
			}
		}
	}
}

func manifests(t *testing.T) map[string]manifest {
	t.Helper()
	file, err := os.Open("../docs/deploy/kubernetes.yaml")
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	all := map[string]manifest{}
	for d := yaml.NewDecoder(file); ; {
		var m manifest
		if err := d.Decode(&m); errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		all[m.Kind] = m
	}
}

// The objects for Kubernetes mean each other, and ask what a program answers: probes go
// where docs/operations.md, which is compiled, has its handlers.
func TestDeploy_Kubernetes(t *testing.T) {
	all := manifests(t)
	set, budget, service := all["StatefulSet"], all["PodDisruptionBudget"], all["Service"]
	require.Len(t, all, 3)
	require.Equal(t, []string{"apps/v1", "policy/v1", "v1"}, []string{set.APIVersion, budget.APIVersion, service.APIVersion})
	require.Equal(t, service.Metadata.Name, set.Spec.ServiceName)
	pod := set.Spec.Template
	labels := pod.Metadata.Labels
	require.NotEmpty(t, labels)
	require.Equal(t, labels, set.Spec.Selector["matchLabels"])
	require.Equal(t, labels, budget.Spec.Selector["matchLabels"])
	require.Equal(t, labels, service.Spec.Selector)
	require.Equal(t, 1, budget.Spec.MaxUnavailable, "one after the other")
	require.False(t, pod.Spec.EnableServiceLinks)
	require.Len(t, pod.Spec.Containers, 1)
	c := pod.Spec.Containers[0]
	require.Positive(t, c.Lifecycle.PreStop.Sleep.Seconds)
	before := time.Duration(c.Lifecycle.PreStop.Sleep.Seconds)*time.Second + partition.Default().ShutdownTimeout
	require.Greater(t, time.Duration(pod.Spec.Grace)*time.Second, before, "what happens before SIGKILL")
	require.NotContains(t, c.Resources.Limits, "cpu")
	require.Contains(t, c.Resources.Requests, "cpu")

	program, err := os.ReadFile("../docs/operations.md")
	require.NoError(t, err)
	for path, handler := range map[string]string{c.LivenessProbe.HTTPGet.Path: "Healthz", c.ReadinessProbe.HTTPGet.Path: "Readyz"} {
		require.Contains(t, string(program), `http.Handle("`+path+`", watch.`+handler+`())`)
	}
	require.Equal(t, c.Ports[0].Name, c.LivenessProbe.HTTPGet.Port)
	require.Equal(t, c.Ports[0].Name, c.ReadinessProbe.HTTPGet.Port)
	require.Equal(t, c.Ports[0].Name, service.Spec.Ports[0].Name)
}

// The unit is what systemd reads: sections, and below them settings, each once, variables
// apart. It stops with the signal that a program waits for, and restarts what crashed.
func TestDeploy_Unit(t *testing.T) {
	text, err := os.ReadFile("../docs/deploy/orders-worker@.service")
	require.NoError(t, err)
	got, section := map[string]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			require.Regexp(t, `^\[(Unit|Service|Install)\]$`, line)
			section = line
		default:
			key, value, ok := strings.Cut(line, "=")
			require.True(t, ok && section != "" && value != "", line)
			if key != "Environment" {
				require.NotContains(t, got, section+key)
			}
			got[section+key] = value
		}
	}
	for key, value := range map[string]string{
		"[Service]KillSignal": "SIGTERM", "[Service]Restart": "on-failure", "[Install]WantedBy": "multi-user.target",
		"[Unit]After": "network-online.target", "[Unit]Wants": "network-online.target",
	} {
		require.Equal(t, value, got[key], key)
	}
	require.Regexp(t, "^/", got["[Service]ExecStart"])
}

// Both wait for a stop long enough, and set what are settings.
func TestDeploy(t *testing.T) {
	for path, grace := range map[string]string{
		"../docs/deploy/kubernetes.yaml":        `terminationGracePeriodSeconds: (\d+)`,
		"../docs/deploy/orders-worker@.service": `TimeoutStopSec=(\d+)`,
	} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		m := regexp.MustCompile(grace).FindSubmatch(text)
		require.NotNil(t, m, path)
		seconds, err := strconv.Atoi(string(m[1]))
		require.NoError(t, err)
		require.Greater(t, time.Duration(seconds)*time.Second, partition.Default().ShutdownTimeout+2*time.Second, path)
		var env []string
		for _, m := range regexp.MustCompile(`(TROUPE_[A-Z_]+)(?:=|, value: )?([a-z0-9]*)`).FindAllStringSubmatch(string(text), -1) {
			if m[1] != envPrefix {
				value := m[2]
				if value == "" {
					value = "pod-1" // what the system fills in
				}
				env = append(env, m[1]+"="+value)
			}
		}
		s, err := LoadSettings("", env)
		require.NoError(t, err, env)
		require.Equal(t, partition.Restart, s.OnStop, path)
		require.NotEmpty(t, s.InstanceKey, path)
	}
}
