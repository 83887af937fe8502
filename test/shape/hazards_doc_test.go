package shape

import (
	"os"
	"path/filepath"
	"testing"
)

// TestHazards_Document compares docs/hazards.md with the tests that claim; with -args
// -write it writes it anew.
func TestHazards_Document(t *testing.T) {
	tests, path := hazardTests(here(t)), filepath.Join(root, hazardsDoc)
	if *write {
		if err := os.WriteFile(path, []byte(hazardTable(hazards, tests)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	holds(t, hazardGaps(string(text), hazards, tests))
}

func TestHazards_DocumentPlanted(t *testing.T) {
	facts := []claimed{{1, "A", "one", mainJob}, {42, "B", "poison", consume}, {3, "C", "three", proof}}
	tests := map[int][]string{1: {"TestA", "TestB", "TestC", "TestD"}, 3: {"play.txt"}}
	text := hazardTable(facts, tests)
	expect(t, hazardGaps(text, facts, tests))
	expect(t, hazardGaps(text, facts, map[int][]string{1: {"TestA", "TestB", "TestE"}, 3: {"play.txt"}}),
		"docs/hazards.md: TestC does not claim hazard 1 any more: run make diagrams")
	expect(t, hazardGaps(text, append(facts, claimed{5, "A", "five", proof}), tests), `docs/hazards.md: has no row "| 5 | A | five | ": run make diagrams`)
	expect(t, hazardGaps(text, facts, map[int][]string{1: {"TestA", "TestB", "TestC"}}),
		"hazard 3 has no test, and nothing in hazards_doc.go says why", "docs/hazards.md: play.txt does not claim hazard 3 any more: run make diagrams")
	tests[42] = []string{"TestPoison"}
	expect(t, hazardGaps(text, facts, tests), "docs/hazards.md: hazard 42 is shown by [TestPoison]: run make diagrams")
}
