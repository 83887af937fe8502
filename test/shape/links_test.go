package shape

import (
	"os"
	"path/filepath"
	"testing"
)

func TestLinks(t *testing.T) {
	holds(t, links(here(t).documents, func(name string) bool {
		_, err := os.Stat(filepath.Join(root, name))
		return err == nil
	}))
}

func TestLinks_Planted(t *testing.T) {
	documents := []document{
		{"README.md", "# What is it?\n[a](docs/a.md) [b](docs/b.md#one-two) [c](docs/b.md#three) [d](#what-is-it) [e](https://x/y) [f](#more)\n"},
		{"docs/b.md", "## One, two\n[up](../README.md) [gone](../gone.md)\n"},
	}
	expect(t, links(documents, func(name string) bool { return name == "README.md" || name == "docs/b.md" }),
		"README.md: links to docs/a.md, which does not exist",
		"README.md: links to docs/b.md#three, and there is no such heading",
		"README.md: links to #more, and there is no such heading",
		"docs/b.md: links to ../gone.md, which does not exist",
	)
}
