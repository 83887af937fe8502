package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// table has a row for each bug.
const table = "docs/mutants.md"

// row begins the row of a bug.
func (b bug) row() string { return fmt.Sprintf("| `%s` | %s | ", b.name, b.what) }

// note writes what was found of a bug into its row, or puts it into the table.
func note(root string, b bug, f finding) error {
	path := filepath.Join(root, table)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(noted(string(text), b, f)), 0o600)
}

func noted(text string, b bug, f finding) string {
	after := "–"
	if f.seeds > 0 {
		after = fmt.Sprint(f.seeds)
	}
	by := f.by
	if b.why != "" {
		by += ". " + b.why
	}
	row := b.row() + after + " | " + by + " |"
	var out []string
	written, rows := false, false
	for line := range strings.SplitSeq(text, "\n") {
		name, is := strings.CutPrefix(line, "| `")
		name, _, _ = strings.Cut(name, "`")
		if !written && (is && name >= b.name || !is && rows) {
			out, written = append(out, row), true
		}
		rows = rows || strings.HasPrefix(line, "|---")
		if !is || name != b.name {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}
