package shape

import "testing"

func TestTraps(t *testing.T) { holds(t, untold(here(t).files, traps, bans)) }

func TestTraps_Planted(t *testing.T) {
	files := planted{"a/a_test.go": "package a\n\nfunc TestThere() {}\n", "a/a.go": "package a\n\nfunc TestOutside() {}\n"}.files(t)
	list := []trap{
		{"met", []string{"TestThere"}, []string{"a lock"}},
		{"gone", []string{"TestGone", "TestOutside"}, nil},
		{"allowed", nil, []string{"a key"}},
		{"forgotten", nil, nil},
	}
	expect(t, untold(files, list, []ban{{name: "a lock"}}),
		`"gone": there is no TestGone`, "no TestOutside", `"allowed": nothing bans a key`, `"forgotten": nothing shows`)
}
