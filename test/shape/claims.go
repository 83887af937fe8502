package shape

import (
	"fmt"
	"go/ast"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// delivery is a part of the work, by the bold words that begin its entry in
// CHANGELOG.md: "- **Contract suite**: …". From that entry on, everything that
// is due with it must have its tests.
type delivery string

const (
	mainJob   delivery = "Partition assignment"
	proof     delivery = "Contract suite"
	detection delivery = "Hybrid detection"
	degraded  delivery = "Degraded mode"
	consume   delivery = "JetStream consumers"
)

// claimed is a numbered fact that needs a test of its own.
type claimed struct {
	number   int
	severity string // A two owners or wrong data, B lost coverage, C resources
	title    string
	due      delivery
}

var entry = regexp.MustCompile(`(?m)^[-*] \*\*(.+?)\*\*`)

// delivered lists the deliveries that the changelog has an entry of.
func delivered(changelog string) []delivery {
	var done []delivery
	for _, m := range entry.FindAllStringSubmatch(changelog, -1) {
		done = append(done, delivery(m[1]))
	}
	return done
}

// gaps returns a row for each claimed fact, with the tests that claim it, and a
// finding for each that is due and has none, or that nobody knows.
func gaps(kind string, facts []claimed, tests map[int][]string, done []delivery) (rows, found []string) {
	known := map[int]bool{}
	for _, c := range facts {
		known[c.number] = true
		who := strings.Join(tests[c.number], ", ")
		if who == "" {
			who = "—"
		}
		rows = append(rows, fmt.Sprintf("%s%-3d %-1s  %-66s %s", kind, c.number, c.severity, c.title, who))
		if len(tests[c.number]) == 0 && slices.Contains(done, c.due) {
			found = append(found, fmt.Sprintf("%s%d (%s) has no test, and CHANGELOG.md lists %q", kind, c.number, c.title, c.due))
		}
	}
	for n, who := range tests {
		if !known[n] {
			found = append(found, fmt.Sprintf("%s: claims %s%d, which is no number of the list", strings.Join(who, ", "), kind, n))
		}
	}
	slices.Sort(found)
	return rows, found
}

// proving selects the files whose claims count: tests anywhere, and the rest of
// test/, whose functions are run by them.
func proving(f *file) bool { return (f.test() || f.in("test")) && !f.in("test/shape") }

var factName = regexp.MustCompile(`(?:^|[a-z_])N(\d+)`)

// numberTests finds the functions whose name carries the number of a fact about
// the store, such as TestN4_ErrorCodes or contractN12NoRollup.
func numberTests(files []*file) map[int][]string {
	tests := map[int][]string{}
	for _, f := range files {
		if !proving(f) {
			continue
		}
		for _, decl := range f.tree.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			for _, m := range factName.FindAllStringSubmatch(fn.Name.Name, -1) {
				n, _ := strconv.Atoi(m[1])
				tests[n] = append(tests[n], fn.Name.Name)
			}
		}
	}
	return tests
}

var (
	hazardLine = regexp.MustCompile(`^(?://|#)\s*hazards? (\d+(?:(?:, | and )\d+)*)\s*$`)
	digits     = regexp.MustCompile(`\d+`)
)

// hazardTests finds the lines "// hazard 17" (or "// hazards 4, 17 and 23") of
// test code and names the function that such a line stands in or above; a play
// claims with "# hazard 17" and gives its own name.
func hazardTests(all repository) map[int][]string {
	tests := map[int][]string{}
	for _, d := range all.documents {
		if path.Dir(d.path) != plays {
			continue
		}
		for line := range strings.Lines(d.text) {
			for _, n := range hazardsIn(strings.TrimSpace(line)) {
				tests[n] = append(tests[n], path.Base(d.path))
			}
		}
	}
	for _, f := range all.files {
		if !proving(f) {
			continue
		}
		for _, group := range f.tree.Comments {
			for _, c := range group.List {
				for _, n := range hazardsIn(c.Text) {
					tests[n] = append(tests[n], f.claimant(c))
				}
			}
		}
	}
	return tests
}

var hazardWithin = regexp.MustCompile(`^// .*\bhazards? \d`)

// unheard finds comments that name a hazard in the middle of a line, where no claim is
// looked for.
func unheard(files []*file) []string {
	var found []string
	for _, f := range files {
		if !proving(f) {
			continue
		}
		for _, group := range f.tree.Comments {
			for _, c := range group.List {
				if hazardWithin.MatchString(c.Text) && len(hazardsIn(c.Text)) == 0 {
					found = append(found, f.say(c, "claims a hazard in the middle of a line: give it one of its own"))
				}
			}
		}
	}
	return found
}

func hazardsIn(line string) []int {
	m := hazardLine.FindStringSubmatch(line)
	if m == nil {
		return nil
	}
	var numbers []int
	for _, d := range digits.FindAllString(m[1], -1) {
		n, _ := strconv.Atoi(d)
		numbers = append(numbers, n)
	}
	return numbers
}

// claimant names the first function that ends after the comment, or the file.
func (f *file) claimant(c *ast.Comment) string {
	for _, decl := range f.tree.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.End() > c.Pos() {
			return fn.Name.Name
		}
	}
	return f.path
}
