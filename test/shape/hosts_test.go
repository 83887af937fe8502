package shape

import (
	"slices"
	"strings"
	"testing"
)

func TestNumbers_Hosts(t *testing.T) {
	found := caseHosts(here(t).files)
	for _, c := range numbers {
		hosts := slices.Compact(slices.Sorted(slices.Values(found[c.number])))
		t.Logf("N%-3d %s", c.number, strings.Join(hosts, ", "))
	}
	holds(t, hostGaps(numbers, found))
}

// A number loses a host when its last case there needs a cluster, and all of them when
// something runs the list no more, or with fewer servers.
func TestHostGaps_Planted(t *testing.T) {
	const list, onSim, onReal = "test/sim/contract/host.go", "test/sim/contract_test.go", "bridge/contract_test.go"
	sound := planted{
		list: "package contract\nvar cases = []Case{\n{Name: \"N1_A\", run: contractN1A},\n{Name: \"N1_B\", Harm: true, Cluster: true, run: contractN1B},\n{Name: \"N2_A\", run: contractN2A},\n}\n",
		onSim: "package sim\nfunc TestContract(t *testing.T) {\nfor name, nodes := range map[string]int{\"one node\": 1, \"three nodes\": 3} {\n" +
			"for _, c := range contract.Cases(nodes) {\nt.Run(c.Name, func(t *testing.T) { c.Run(t, newHost(t, nodes, nil)) })\n}\n}\n}\n",
		onReal: "package bridge_test\nfunc onReal(t *testing.T, nodes int) {\nfor _, c := range contract.Cases(nodes) {\nt.Run(c.Name, func(t *testing.T) {})\n}\n" +
			"t.Run(\"N7_C\", func(t *testing.T) {})\n}\nfunc TestOne(t *testing.T) { onReal(t, 1) }\nfunc TestThree(t *testing.T) { onReal(t, 3) }\n",
	}
	some := []claimed{numbers[0], numbers[1], numbers[6], numbers[16]}
	expect(t, hostGaps(some, caseHosts(sound.files(t))))
	for name, c := range map[string]struct {
		path, was, now string
		want           []string
	}{
		"a cluster is needed":   {list, `{Name: "N2_A",`, `{Name: "N2_A", Cluster: true,`, []string{`N2 (an atomic batch lands whole or not at all, checked at commit) has cases on ["sim 3" "real 3"]`}},
		"a case is gone":        {list, `{Name: "N2_A", run: contractN2A},`, "", []string{`N2 (an atomic batch lands whole or not at all, checked at commit) has cases on []`}},
		"no cluster":            {onReal, "onReal(t, 3)", "onReal(t, 1)", []string{`N1 `, `N2 `, `N7 (updates drop per-key expiry, so no lease relies on it) has cases on ["real 1"]`}},
		"no simulated cluster":  {onSim, `, "three nodes": 3`, "", []string{`N1 `, `N2 `}},
		"the list is not asked": {onSim, "contract.Cases(nodes)", "mine", []string{`N1 `, `N2 `}},
		"nothing beside":        {onReal, "N7_C", "C", []string{`N7 `}},
		"one more":              {list, `"N1_A"`, `"N17_A"`, []string{`N1 `, `N17 `}},
	} {
		t.Run(name, func(t *testing.T) {
			broken := planted{}
			for path, text := range sound {
				broken[path] = text
			}
			broken[c.path] = strings.Replace(broken[c.path], c.was, c.now, 1)
			if broken[c.path] == sound[c.path] {
				t.Fatal("nothing was planted")
			}
			expect(t, hostGaps(some, caseHosts(broken.files(t))), c.want...)
		})
	}
}
