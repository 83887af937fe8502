package scenario

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// untold are the rows that no play takes. Where mail has to be overtaken for one, a play can
// delay it.
func untold(rows []string, taken map[string]bool) []string {
	return slices.DeleteFunc(slices.Clone(rows), func(row string) bool { return taken[row] })
}

func TestUntold(t *testing.T) {
	rows := []string{"a: x", "a: y", "b: x", "b: y"}
	require.Equal(t, []string{"a: y", "b: x"}, untold(rows, map[string]bool{"a: x": true, "b: y": true}))
	require.Empty(t, untold(rows[:1], map[string]bool{"a: x": true, "b: y": true}))
}
