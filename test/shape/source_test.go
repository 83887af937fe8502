package shape

import (
	"os"
	"path/filepath"
	"testing"
)

// TestLoad writes a small tree and looks at what of it is read.
func TestLoad(t *testing.T) {
	tree := planted{
		"go.mod":                   "module x\n",
		"a/a.go":                   "package a\n",
		"README.md":                "# Title\n",
		"a/testdata/b.go":          "not Go\n",
		".hidden/c.go":             "not Go\n",
		"_old/d.go":                "not Go\n",
		plays + "/play.txt":        "join\n",
		"test/other/testdata/x.md": "words\n",
	}
	folder := t.TempDir()
	for name, text := range tree {
		target := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, err := load(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range all.documents {
		names = append(names, d.path)
	}
	expect(t, names, "README.md", "a/a.go", plays+"/play.txt")
	if len(all.files) != 1 {
		t.Errorf("parsed %d files, want 1", len(all.files))
	}
}
