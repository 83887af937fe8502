package actors

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Every pair of a state and a message that can meet is a row or is ignored, and
// every state can be entered and left, the last one apart.
func TestTables(t *testing.T) {
	for name, table := range map[string]interface{ Holes() []string }{
		"manager": managerTable, "session": sessionTable, "holder": holderTable, "keeper": keeperTable, "owners": ownersTable, "refresher": refresherTable,
		"election": electionTable, "term": termTable, "watcher": watcherTable, "poller": pollerTable,
		"debouncer": debouncerTable, "calculator": calculatorTable, "publisher": publisherTable,
	} {
		require.Empty(t, table.Holes(), name)
		require.Contains(t, Diagrams(), name)
	}
	require.Equal(t, []string{"Shutdown: nothing leads out of it"}, managerTable.Islands())
	require.Empty(t, sessionTable.Islands())
	require.Equal(t, []string{"empty: nothing leads out of it"}, holderTable.Islands())
	require.Empty(t, keeperTable.Islands())
	require.Empty(t, ownersTable.Islands())
	require.Empty(t, refresherTable.Islands())
}
