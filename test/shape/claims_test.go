package shape

import (
	"slices"
	"strings"
	"testing"
)

// facts are those that the planted tests claim.
var facts = []claimed{
	{1, "A", "first", mainJob},
	{2, "B", "second", mainJob},
	{12, "C", "third", proof},
}

func TestGaps_Planted(t *testing.T) {
	tests := map[int][]string{1: {"TestOne", "TestUno"}, 3: {"TestThree"}}
	cases := map[string]struct {
		done []delivery
		want []string
	}{
		"nothing is due": {nil, []string{"TestThree: claims x3"}},
		"one is due":     {[]delivery{mainJob}, []string{"x3", "x2 (second) has no test"}},
		"all are due":    {[]delivery{mainJob, proof}, []string{"x3", "x2", "x12 (third) has no test"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			rows, found := gaps("x", facts, tests, c.done)
			expect(t, found, c.want...)
			if len(rows) != len(facts) || !strings.Contains(rows[0], "TestOne, TestUno") || !strings.HasSuffix(rows[1], "—") {
				t.Errorf("rows: %q", rows)
			}
		})
	}
}

func TestDelivered(t *testing.T) {
	changelog := "## [Unreleased]\n\n- **Partition assignment**: yes.\n- It has no **Contract suite** yet.\n* **Degraded mode**.\n"
	if got, want := delivered(changelog), []delivery{mainJob, degraded}; !slices.Equal(got, want) {
		t.Errorf("delivered %q, want %q", got, want)
	}
}

func TestNumberTests_Planted(t *testing.T) {
	all := planted{
		"bridge/a_test.go":      "package a\nfunc TestN1_Fence() {}\nfunc TestBatch_N2() {}\nfunc TestJSON3() {}\n",
		"test/sim/contract.go":  "package a\nfunc contractN12NoRollup() {}\n",
		"bridge/a.go":           "package a\nfunc helperN4() {}\n",
		"test/shape/my_test.go": "package a\nfunc TestN5() {}\n",
	}
	got := numberTests(all.files(t))
	if len(got) != 3 || got[1][0] != "TestN1_Fence" || got[2][0] != "TestBatch_N2" || got[12][0] != "contractN12NoRollup" {
		t.Errorf("found %v", got)
	}
}

func TestHazardTests_Planted(t *testing.T) {
	all := planted{
		"a/a_test.go":             "package a\n\n// hazard 1\nfunc TestOne() {}\n\n// TestTwo is about more.\n//\n// hazards 2, 3 and 4\nfunc TestTwo() {\n\t// hazard 5\n}\n\n// about hazard 6\n",
		"a/a.go":                  "package a\n\n// hazard 7\nfunc f() {}\n",
		"test/sim/invariants.go":  "package a\n\n// hazard 8\nfunc oneOwner() {}\n",
		"test/shape/x_test.go":    "package a\n\n// hazard 9\nfunc TestNine() {}\n",
		plays + "/crash.txt":      "# hazard 10\ncrash worker-1\n----\nhazard 11\n",
		"test/other/testdata.txt": "# hazard 12\n",
	}
	got := hazardTests(all.repository(t))
	want := map[int]string{1: "TestOne", 2: "TestTwo", 3: "TestTwo", 4: "TestTwo", 5: "TestTwo", 8: "oneOwner", 10: "crash.txt"}
	if len(got) != len(want) {
		t.Errorf("found %v", got)
	}
	for n, name := range want {
		if !slices.Equal(got[n], []string{name}) {
			t.Errorf("hazard %d: %v, want %s", n, got[n], name)
		}
	}
}

// TestLists notices a number that is missing or given twice.
func TestLists(t *testing.T) {
	for name, list := range map[string]struct {
		facts []claimed
		size  int
	}{"numbers": {numbers, 20}, "hazards": {hazards, 72}} {
		if len(list.facts) != list.size {
			t.Errorf("%s: %d entries, want %d", name, len(list.facts), list.size)
		}
		for i, c := range list.facts {
			if c.number != i+1 || c.title == "" || c.due == "" {
				t.Errorf("%s: entry %d is %+v", name, i+1, c)
			}
		}
	}
}

func TestUnheard_Planted(t *testing.T) {
	expect(t, unheard(planted{
		"actors/a_test.go": "package a\n\n// Worker 4. hazard 3\nfunc A() {}\n\n// Worker 5.\n//\n// hazards 3 and 4\nfunc B() {}\n",
	}.files(t)), "actors/a_test.go:3: claims a hazard")
}
