package embedded

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A node that is stopped comes back with its port, which nobody listens on meanwhile.
func TestFreePorts_AreNotGivenTwice(t *testing.T) {
	given := map[int]bool{}
	for range 500 {
		ports, err := freePorts(3)
		require.NoError(t, err)
		for _, port := range ports {
			require.False(t, given[port], "%d", port)
			given[port] = true
		}
	}
}
