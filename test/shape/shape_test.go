package shape

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

const root = "../.."

// ours is the repository as it is on disk.
var ours = sync.OnceValues(func() (repository, error) { return load(root) })

func here(t *testing.T) repository {
	t.Helper()
	all, err := ours()
	if err != nil {
		t.Fatalf("a file cannot be read: %v", err)
	}
	return all
}

// holds fails with each finding.
func holds(t *testing.T, found []string) {
	t.Helper()
	for _, f := range found {
		t.Error(f)
	}
}

func TestArrows(t *testing.T)       { holds(t, arrows(here(t).files)) }
func TestSizes(t *testing.T)        { holds(t, sizes(here(t).files)) }
func TestPackageDocs(t *testing.T)  { holds(t, packageDocs(here(t).files)) }
func TestExportedDocs(t *testing.T) { holds(t, exportedDocs(here(t).files)) }
func TestGrammar(t *testing.T)      { holds(t, grammar(here(t).files)) }
func TestBans(t *testing.T)         { holds(t, banned(here(t).files, bans)) }
func TestFusable(t *testing.T)      { holds(t, fusable(here(t).files)) }
func TestWords(t *testing.T)        { holds(t, words(here(t).documents)) }

// TestPlaces_Exist notices exceptions for files that are gone.
func TestPlaces_Exist(t *testing.T) {
	for _, b := range bans {
		for name := range b.except {
			if !has(here(t).files, name) {
				t.Errorf("%s may use %s, and does not exist", name, b.name)
			}
		}
	}
}

func TestNumbers(t *testing.T) {
	claims(t, "N", numbers, numberTests(here(t).files))
}

func TestHazards(t *testing.T) {
	claims(t, "hazard ", hazards, hazardTests(here(t)))
	holds(t, unheard(here(t).files))
}

// claims prints who proves what, and fails for what is due and has no proof.
func claims(t *testing.T, kind string, facts []claimed, tests map[int][]string) {
	t.Helper()
	changelog, err := os.ReadFile(filepath.Join(root, "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows, found := gaps(kind, facts, tests, delivered(string(changelog)))
	for _, row := range rows {
		t.Log(row)
	}
	holds(t, found)
}

// TestLoaded notices a walk that sees nothing, which would let every rule pass.
func TestLoaded(t *testing.T) {
	all := here(t)
	for _, name := range []string{"test/shape/shape_test.go", "partition/doc.go", "tools/protogen/main.go"} {
		if !has(all.files, name) {
			t.Errorf("%s was not read", name)
		}
	}
}

func has(files []*file, name string) bool {
	for _, f := range files {
		if f.path == name {
			return true
		}
	}
	return false
}
