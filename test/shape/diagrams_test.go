package shape

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/troupe-actors/troupe/actors"
)

var write = flag.Bool("write", false, "write the present diagrams into the documents")

// drawn returns the mermaid text of every diagram, by name.
var drawn = actors.Diagrams

// TestDiagrams compares the diagrams of README.md and docs with the present
// ones; with -args -write it puts the present ones in.
func TestDiagrams(t *testing.T) {
	var shown []document
	for _, d := range here(t).documents {
		if d.path == "README.md" || filepath.Dir(d.path) == "docs" && strings.HasSuffix(d.path, ".md") {
			shown = append(shown, d)
		}
	}
	if *write {
		shown = refresh(t, shown)
	}
	holds(t, stale(shown, drawn()))
	holds(t, unseen(shown, drawn()))
}

// TestDiagrams_OfEveryTable: whatever runs by a table is drawn.
func TestDiagrams_OfEveryTable(t *testing.T) {
	holds(t, undrawn(here(t).files, drawn()))
}

func refresh(t *testing.T, documents []document) []document {
	t.Helper()
	fresh := make([]document, 0, len(documents))
	for _, d := range documents {
		text, _ := redraw(d, drawn())
		if text != d.text {
			if err := os.WriteFile(filepath.Join(root, d.path), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		fresh = append(fresh, document{d.path, text})
	}
	return fresh
}

func TestDiagrams_PlantedGaps(t *testing.T) {
	diagrams := map[string]string{"manager": "x", "session": "y"}
	shown := []document{{"README.md", "<!-- diagram:manager -->\n<!-- /diagram -->\n"}}
	expect(t, unseen(shown, diagrams), "no document shows the diagram session")
	files := planted{"actors/poller.go": "package actors\n\nvar pollerTable = fsm.New(1)\n\nvar sessionTable = fsm.New(2)\n\nvar other = fsm.On(3)\n"}.files(t)
	expect(t, undrawn(files, diagrams), "actors/poller.go:3: pollerTable is not drawn: Diagrams has no poller")
}

func TestDiagrams_Planted(t *testing.T) {
	diagrams := map[string]string{"manager": "stateDiagram-v2\n\tInit --> Stable\n"}
	const begin, end = "<!-- diagram:manager -->\n", "<!-- /diagram -->\n"
	const block = "```mermaid\nstateDiagram-v2\n\tInit --> Stable\n```\n"
	cases := map[string]struct {
		text, redrawn string
		want          []string
	}{
		"none":       {"# Title\n", "# Title\n", nil},
		"current":    {"a\n" + begin + block + end + "b\n", "a\n" + begin + block + end + "b\n", nil},
		"old":        {"a\n" + begin + "old\n" + end + "b", "a\n" + begin + block + end + "b", []string{"not the present one"}},
		"empty":      {begin + end, begin + block + end, []string{"not the present one"}},
		"two":        {begin + end + begin + end, begin + block + end + begin + block + end, []string{"not the present one"}},
		"unknown":    {"<!-- diagram:none -->\n" + end, "<!-- diagram:none -->\n" + end, []string{"README.md:1: there is no diagram none"}},
		"never ends": {begin + "x\n" + begin + block + end, begin + "x\n" + begin + block + end, []string{"has no <!-- /diagram -->"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			d := document{"README.md", c.text}
			expect(t, stale([]document{d}, diagrams), c.want...)
			if text, _ := redraw(d, diagrams); text != c.redrawn {
				t.Errorf("redrawn as %q\nwant %q", text, c.redrawn)
			}
		})
	}
}
