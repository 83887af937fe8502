package swarm

import (
	"os"
	"runtime/debug"
	"testing"
)

// garbage is how much may grow before it is collected, in percent of what is in use,
// which is a few megabytes: a life forgets almost all that it says.
const garbage = 1000

func TestMain(m *testing.M) {
	debug.SetGCPercent(garbage)
	os.Exit(m.Run())
}
