package actors

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// tables are those of all actors.
var tables = map[string]interface {
	Holes() []string
	Islands() []string
	Hears() []string
}{
	"manager": managerTable, "session": sessionTable, "holder": holderTable, "keeper": keeperTable, "owners": ownersTable, "refresher": refresherTable, "historian": historianTable,
	"election": electionTable, "term": termTable, "watcher": watcherTable, "poller": pollerTable,
	"debouncer": debouncerTable, "calculator": calculatorTable, "publisher": publisherTable,
}

// Every pair of a state and a message that can meet is a row or is ignored, and
// every state can be entered and left, the last ones apart.
func TestTables(t *testing.T) {
	const last = ": nothing leads out of it"
	ends := map[string][]string{
		"manager": {"Shutdown" + last}, "holder": {"empty" + last},
		"term": {"presiding" + last}, "watcher": {"current" + last}, // until they are stopped
	}
	for name, table := range tables {
		require.Empty(t, table.Holes(), name)
		require.ElementsMatch(t, ends[name], table.Islands(), name)
		require.Contains(t, Diagrams(), name)
	}
	require.Len(t, Diagrams(), len(tables)+1, "each table is drawn, and the mail")
}
