package shape

import (
	"fmt"
	"go/ast"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// collectors is where metrics are made, and metricsHeading is that of their table.
const (
	collectors     = "bridge/observe"
	metricsHeading = "## Metrics"
)

// metricNames are those that the collector makes: the first argument of desc and named.
func metricNames(files []*file) []string {
	var names []string
	for _, f := range files {
		if f.test() || !f.in(collectors) {
			continue
		}
		for _, n := range f.search(func(n ast.Node) bool { _, call := n.(*ast.CallExpr); return call }) {
			call, _ := n.(*ast.CallExpr)
			if makes, ok := call.Fun.(*ast.Ident); ok && (makes.Name == "desc" || makes.Name == "named") {
				names = append(names, literal(call.Args[0]))
			}
		}
		for _, n := range nodes[*ast.CompositeLit](f) {
			lit, _ := n.(*ast.CompositeLit)
			for _, e := range lit.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok && fmt.Sprint(kv.Key) == "Name" {
					names = append(names, strings.TrimPrefix(literal(kv.Value), "troupe_"))
				}
			}
		}
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// literal is the text of a string that is written out, or empty.
func literal(e ast.Expr) string {
	if text, ok := e.(*ast.BasicLit); ok {
		if s, err := strconv.Unquote(text.Value); err == nil {
			return s
		}
	}
	return ""
}

// foreignMetrics compares the metrics that there are with those that are documented.
func foreignMetrics(files []*file, documents []document) []string {
	made, found := metricNames(files), []string(nil)
	var told []string
	for _, d := range documents {
		if d.path == operationsDoc {
			told = namedIn(d.text, metricsHeading)
		}
	}
	for _, name := range made {
		if !slices.Contains(told, name) {
			found = append(found, fmt.Sprintf("%s: the metric %q is not in the table of %s", collectors, name, operationsDoc))
		}
	}
	for _, name := range told {
		if !slices.Contains(made, name) {
			found = append(found, fmt.Sprintf("%s: there is no metric %q", operationsDoc, name))
		}
	}
	return append(found, foreignQueries(made, documents)...)
}

// monitoring is where rules and dashboard are, which ask for metrics.
const monitoring = "docs/monitoring/"

var (
	asked  = regexp.MustCompile(`troupe_([a-z_]+)`)
	pieces = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// foreignQueries finds metrics that a rule or a panel asks for and that there are not.
func foreignQueries(made []string, documents []document) []string {
	var found []string
	for _, d := range documents {
		if !strings.HasPrefix(d.path, monitoring) {
			continue
		}
		for _, m := range asked.FindAllStringSubmatch(d.text, -1) {
			if !slices.Contains(made, m[1]) && !slices.Contains(made, pieces.ReplaceAllString(m[1], "")) {
				found = append(found, fmt.Sprintf("%s: asks for %s, which there is not", d.path, m[0]))
			}
		}
	}
	return found
}
