package shape

import (
	"fmt"
	"go/ast"
	"strings"
)

// The limits. Generated code has none, everything else has these.
const (
	maxFileLines     = 300
	maxFunctionLines = 60
)

// sizes finds files and functions that are too long to be read in one go.
func sizes(files []*file) []string {
	var found []string
	for _, f := range files {
		if f.generated() {
			continue
		}
		if n := lines(f.text); n > maxFileLines {
			found = append(found, fmt.Sprintf("%s: has %d lines; the limit is %d", f.path, n, maxFileLines))
		}
		found = append(found, longFunctions(f)...)
	}
	return found
}

func lines(text string) int {
	n := strings.Count(text, "\n")
	if text != "" && !strings.HasSuffix(text, "\n") {
		n++
	}
	return n
}

// longFunctions looks at declared functions and at function literals outside
// them; a literal inside a function counts as lines of that function.
func longFunctions(f *file) []string {
	var found []string
	ast.Inspect(f.tree, func(n ast.Node) bool {
		name := ""
		switch n := n.(type) {
		case *ast.FuncDecl:
			name = n.Name.Name
		case *ast.FuncLit:
			name = "a function literal"
		default:
			return true
		}
		if n := f.line(n.End()) - f.line(n.Pos()) + 1; n > maxFunctionLines {
			found = append(found, fmt.Sprintf("%s: %s has %d lines; the limit is %d", f.path, name, n, maxFunctionLines))
		}
		return false
	})
	return found
}
