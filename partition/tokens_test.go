package partition

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// hazard 1
func TestTokens_AdmitsNothingOfAnEarlierOwner(t *testing.T) {
	seen := Tokens{}
	require.True(t, seen.Admit("p", 5))
	require.True(t, seen.Admit("p", 5), "an owner goes on")
	require.True(t, seen.Admit("q", 2), "each partition has its own")
	require.True(t, seen.Admit("p", 7))
	require.False(t, seen.Admit("p", 6))
	require.False(t, seen.Admit("p", 5))
	require.True(t, seen.Admit("p", 7), "what was refused is not remembered")
	require.False(t, seen.Admit("new", 0), "no owner has this token")
}
