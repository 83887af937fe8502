package shape

import (
	"fmt"
	"regexp"
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
