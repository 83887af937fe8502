package bridge

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestConfig_Validate(t *testing.T) {
	for want, c := range map[string]Config{
		"":                                      {Group: "g"},
		"Group is \"\"; must be 1 to 64":        {},
		"Group is \"a.b\"; must be 1 to 64":     {Group: "a.b"},
		"Group is \"" + strings.Repeat("a", 65): {Group: strings.Repeat("a", 65)},
		"Replicas is -1; must be 1, 3 or 5":     {Group: "g", Replicas: -1},
		"Replicas is 2; must be 1, 3 or 5":      {Group: "g", Replicas: 2},
		"Replicas is 4; must be 1, 3 or 5":      {Group: "g", Replicas: 4},
		"Replicas is 7; must be 1, 3 or 5":      {Group: "g", Replicas: 7},
		"Storage is 2; must be File (0)":        {Group: "g", Storage: 2},
	} {
		err := c.Validate()
		if want == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, want)
	}
	for _, n := range []int{1, 3, 5} {
		require.NoError(t, Config{Group: "g", Replicas: n}.Validate())
	}
}

// A group's name is one token of a subject, and part of a stream's name.
func TestConfig_GroupNames(t *testing.T) {
	for _, name := range []string{"g", "A-z_09", strings.Repeat("a", 64)} {
		require.NoError(t, Config{Group: name}.Validate(), name)
	}
	for _, name := range []string{"a b", "a*", ">", "a/b", "a\\b", "a\tb", "a\x00", "ä", "a\xff", "$KV", "a%2E", strings.Repeat("a", 65)} {
		require.EqualError(t, Config{Group: name}.Validate(),
			"bridge.Config: Group is "+strconv.Quote(name)+"; must be 1 to 64 characters out of A-Z, a-z, 0-9, _ and -")
	}
}

// All faults are told at once, in the order of the fields.
func TestConfig_ValidateTellsAll(t *testing.T) {
	err := Config{Group: "*", Replicas: 2, Storage: -1}.Validate()
	at := 0
	for _, want := range []string{"bridge.Config: ", "Group is", "Replicas is", "Storage is"} {
		found := strings.Index(err.Error()[at:], want)
		require.GreaterOrEqual(t, found, 0, "%s in %v", want, err)
		at += found
	}
}
