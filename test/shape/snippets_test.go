package shape

import "testing"

func TestSnippets(t *testing.T) { holds(t, snippets(here(t))) }
func TestPromises(t *testing.T) { holds(t, promises(here(t))) }

func TestSnippets_Planted(t *testing.T) {
	expect(t, snippets(planted{
		"a.go": "package a\n\nfunc b() {\n\tc := d(func() { e() })\n\tif c {\n\t\tf()\n\t}\n}\n",
		"docs/a.md": "```go\nc := d(func() {…})\nif c {\n\tf()\n```\nand\n```go\nc := d(g)\n```\n" +
			"```go\nif c {\nf(…)\n```\n```go\nif c {\n\tf()\n}\nf()\n```\n```yaml\nlease: 1s\n```\n",
	}.repository(t)),
		`docs/a.md: no file of ours has the Go that begins with "c := d(g)"`,
		`docs/a.md: no file of ours has the Go that begins with "if c {"`,
	)
}

func TestPromises_Planted(t *testing.T) {
	expect(t, promises(planted{
		"Makefile":    "test: ## all\n",
		"a_test.go":   "package a\n\nfunc TestOne_Two() {}\n",
		"docs/a.md":   "`make test` and what they make of it, `make tests`\n    make more\n`TestOne`, `TestOne_Two`, `TestTwo`\n",
		"docs/txt.go": "package docs // make less\n",
	}.repository(t)),
		"docs/a.md: the Makefile has no tests", "docs/a.md: the Makefile has no more", "docs/a.md: no test begins with TestTwo",
	)
}
