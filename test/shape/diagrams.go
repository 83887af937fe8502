package shape

import (
	"fmt"
	"go/ast"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A document shows a diagram between two lines:
//
//	<!-- diagram:NAME -->
//	<!-- /diagram -->
//
// What stands between them is generated.
var (
	diagramStart = regexp.MustCompile(`^<!-- diagram:(\S+) -->$`)
	diagramEnd   = "<!-- /diagram -->"
)

// redraw returns the text with every diagram replaced by the present one, and a
// finding for each marker that cannot be served; those are left as they are.
func redraw(d document, diagrams map[string]string) (text string, found []string) {
	lines := strings.SplitAfter(d.text, "\n")
	var out strings.Builder
	for i := 0; i < len(lines); i++ {
		out.WriteString(lines[i])
		m := diagramStart.FindStringSubmatch(strings.TrimRight(lines[i], "\r\n"))
		if m == nil {
			continue
		}
		end := endOf(lines, i+1)
		drawn, known := diagrams[m[1]]
		switch {
		case end < 0:
			found = append(found, fmt.Sprintf("%s:%d: the diagram %s has no %s", d.path, i+1, m[1], diagramEnd))
		case !known:
			found = append(found, fmt.Sprintf("%s:%d: there is no diagram %s", d.path, i+1, m[1]))
		default:
			fmt.Fprintf(&out, "```mermaid\n%s\n```\n", strings.TrimSpace(drawn))
			i = end - 1
		}
	}
	return out.String(), found
}

// endOf returns the line that ends the block, or -1 if another begins before.
func endOf(lines []string, from int) int {
	for i := from; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], "\r\n")
		if line == diagramEnd {
			return i
		}
		if diagramStart.MatchString(line) {
			return -1
		}
	}
	return -1
}

// stale finds documents whose diagrams are not the present ones.
func stale(documents []document, diagrams map[string]string) []string {
	var found []string
	for _, d := range documents {
		text, faults := redraw(d, diagrams)
		found = append(found, faults...)
		if text != d.text {
			found = append(found, d.path+": shows a diagram that is not the present one: run make diagrams")
		}
	}
	return found
}

// unseen finds diagrams that no document shows.
func unseen(documents []document, diagrams map[string]string) []string {
	shown := map[string]bool{}
	for _, d := range documents {
		for line := range strings.Lines(d.text) {
			if m := diagramStart.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
				shown[m[1]] = true
			}
		}
	}
	var found []string
	for _, name := range slices.Sorted(maps.Keys(diagrams)) {
		if !shown[name] {
			found = append(found, "no document shows the diagram "+name)
		}
	}
	return found
}

// undrawn finds tables, pollerTable = fsm.New(…), that have no diagram.
func undrawn(files []*file, diagrams map[string]string) []string {
	var found []string
	for _, f := range files {
		if f.test() {
			continue
		}
		for _, n := range nodes[*ast.ValueSpec](f) {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 || !makesTable(spec.Values[0]) {
				continue
			}
			name := strings.TrimSuffix(spec.Names[0].Name, "Table")
			if _, drawn := diagrams[name]; !drawn {
				found = append(found, f.say(spec, "%s is not drawn: Diagrams has no %s", spec.Names[0].Name, name))
			}
		}
	}
	return found
}

func makesTable(value ast.Expr) bool {
	call, ok := value.(*ast.CallExpr)
	if !ok {
		return false
	}
	fn, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || fn.Sel.Name != "New" {
		return false
	}
	pkg, ok := fn.X.(*ast.Ident)
	return ok && pkg.Name == "fsm"
}
