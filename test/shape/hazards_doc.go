package shape

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// hazardsDoc is the table of hazards for readers; make diagrams writes it anew.
const hazardsDoc = "docs/hazards.md"

// untested says why a hazard has no test.
var untested = map[int]string{
	42: "none: there is no budget of crashes for a partition yet. A partition actor that ends by itself is started again after a second, by the same owner",
}

// mostNamed is how many tests of one hazard the table names.
const mostNamed = 3

// hazardTable returns the document.
func hazardTable(facts []claimed, tests map[int][]string) string {
	var b strings.Builder
	b.WriteString(`# Hazards

Ways in which systems of this kind go wrong, and the tests that show what ours does
instead. Severity: A is two owners or wrong data, B is lost coverage, C is resources and
operations. Names that end in ` + "`.txt`" + ` are plays in ` + "`test/scenario/testdata`" + `; for all of
them, run ` + "`go test -v -run TestHazards ./test/shape`" + `. This table is generated
(` + "`make diagrams`" + `), and a test compares it with the tests that there are.

| # | | hazard | tests |
|---|---|---|---|
`)
	for _, c := range facts {
		b.WriteString(hazardRow(c, tests[c.number]) + "\n")
	}
	return b.String()
}

func hazardRow(c claimed, tests []string) string {
	cell := untested[c.number]
	if len(tests) > 0 {
		named := tests[:min(len(tests), mostNamed)]
		cell = "`" + strings.Join(named, "`, `") + "`"
		if len(tests) > len(named) {
			cell += " and others"
		}
	}
	return fmt.Sprintf("| %d | %s | %s | %s |", c.number, c.severity, c.title, cell)
}

var testName = regexp.MustCompile("`([^`]+)`")

// hazardGaps finds what the document says that is not so. Tests that it does not name
// are no fault: a row names some of them.
func hazardGaps(text string, facts []claimed, tests map[int][]string) []string {
	var found []string
	for _, c := range facts {
		begin := fmt.Sprintf("| %d | %s | %s | ", c.number, c.severity, c.title)
		at := strings.Index(text, "\n"+begin)
		if at < 0 {
			found = append(found, fmt.Sprintf("%s: has no row %q: run make diagrams", hazardsDoc, begin))
			continue
		}
		row, _, _ := strings.Cut(text[at+1+len(begin):], "\n")
		named := testName.FindAllStringSubmatch(row, -1)
		switch {
		case len(tests[c.number]) == 0 && untested[c.number] == "":
			found = append(found, fmt.Sprintf("hazard %d has no test, and nothing in hazards_doc.go says why", c.number))
		case len(tests[c.number]) == 0 != (len(named) == 0):
			found = append(found, fmt.Sprintf("%s: hazard %d is shown by %v: run make diagrams", hazardsDoc, c.number, tests[c.number]))
		}
		for _, name := range named {
			if !slices.Contains(tests[c.number], name[1]) {
				found = append(found, fmt.Sprintf("%s: %s does not claim hazard %d any more: run make diagrams", hazardsDoc, name[1], c.number))
			}
		}
	}
	return found
}
