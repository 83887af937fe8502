package shape

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// planted is sources by path: what a rule is tried on.
type planted map[string]string

// files parses what was planted.
func (p planted) files(t *testing.T) []*file { return p.repository(t).files }

func (p planted) repository(t *testing.T) repository {
	t.Helper()
	var all repository
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if err := all.add(name, p[name]); err != nil {
			t.Fatalf("the planted source is wrong: %v", err)
		}
	}
	return all
}

// expect compares findings with parts of what each must say, in any order.
func expect(t *testing.T, found []string, want ...string) {
	t.Helper()
	left := slices.Clone(found)
	for _, w := range want {
		i := slices.IndexFunc(left, func(f string) bool { return strings.Contains(f, w) })
		if i < 0 {
			t.Errorf("not found: %s\nfound: %q", w, found)
			continue
		}
		left = slices.Delete(left, i, i+1)
	}
	for _, f := range left {
		t.Errorf("found without being planted: %s", f)
	}
}

// importsOf writes a file that imports the paths.
func importsOf(pkg string, paths ...string) string {
	var b strings.Builder
	b.WriteString("package " + pkg + "\n\n")
	for _, p := range paths {
		b.WriteString("import _ \"" + p + "\"\n")
	}
	return b.String()
}
