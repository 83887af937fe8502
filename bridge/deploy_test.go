package bridge

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml/parser"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/partition"
)

// The files in docs/deploy can be read, wait for a stop long enough, and set what are
// settings.
func TestDeploy(t *testing.T) {
	for path, grace := range map[string]string{
		"../docs/deploy/kubernetes.yaml":        `terminationGracePeriodSeconds: (\d+)`,
		"../docs/deploy/orders-worker@.service": `TimeoutStopSec=(\d+)`,
	} {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if strings.HasSuffix(path, ".yaml") {
			file, err := parser.ParseBytes(text, 0)
			require.NoError(t, err)
			require.Len(t, file.Docs, 3)
		}
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
