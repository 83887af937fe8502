package actors

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTables_NoHoles(t *testing.T) {
	for name, holes := range map[string][]string{
		"manager": managerTable.Holes(), "session": sessionTable.Holes(), "holder": holderTable.Holes(), "keeper": keeperTable.Holes(), "owners": ownersTable.Holes(),
	} {
		require.Empty(t, holes, name)
	}
	require.Empty(t, managerTable.Islands())
}
