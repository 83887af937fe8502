package shape

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// operationsDoc is where people look keys of the log and metrics up.
const operationsDoc = "docs/operations.md"

// leading are how many arguments a call that logs, or that makes a logger, has before its
// keys; attributes are calls that make one pair.
var (
	leading    = map[string]int{"Debug": 1, "Info": 1, "Warn": 1, "Error": 1, "Log": 3, "With": 0}
	attributes = []string{"Any", "Bool", "Duration", "Float64", "Int", "Int64", "String", "Time", "Uint64"}
)

// logKeys finds the keys of log lines in the library, by where the first one stands.
// What is no literal is a finding: nobody could look it up.
func logKeys(files []*file) (keys map[string]string, found []string) {
	keys = map[string]string{}
	for _, f := range files {
		if f.test() || !f.in(library...) {
			continue
		}
		for _, n := range f.search(func(n ast.Node) bool { _, call := n.(*ast.CallExpr); return call }) {
			call, _ := n.(*ast.CallExpr)
			for _, arg := range keyArguments(call) {
				text, ok := arg.(*ast.BasicLit)
				if !ok || text.Kind != token.STRING {
					found = append(found, f.say(arg, "a key of the log is no literal"))
					continue
				}
				key, _ := strconv.Unquote(text.Value)
				if _, known := keys[key]; !known {
					keys[key] = f.say(arg, "")
				}
			}
		}
	}
	return keys, found
}

// keyArguments are the arguments of a call that name what is logged.
func keyArguments(call *ast.CallExpr) []ast.Expr {
	s, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	if isAttribute(call) {
		return call.Args[:1]
	}
	first, logs := leading[s.Sel.Name]
	if !logs || !isLogger(s.X) || len(call.Args) < first {
		return nil
	}
	var keys []ast.Expr
	for i := first; i < len(call.Args); i++ {
		if c, ok := call.Args[i].(*ast.CallExpr); ok && isAttribute(c) || call.Ellipsis != token.NoPos {
			continue // it stands for itself
		}
		keys = append(keys, call.Args[i])
		i++
	}
	return keys
}

func isAttribute(call *ast.CallExpr) bool {
	s, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) != 2 || !slices.Contains(attributes, s.Sel.Name) {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == "slog"
}

// isLogger reports whether an expression is a logger, by its name: log, base, Logger, or
// what a method Logger or With returns.
func isLogger(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.CallExpr:
		s, ok := x.Fun.(*ast.SelectorExpr)
		return ok && (s.Sel.Name == "With" || s.Sel.Name == "Logger")
	case *ast.SelectorExpr:
		return slices.Contains([]string{"log", "base", "Logger", "to"}, x.Sel.Name)
	case *ast.Ident:
		return x.Name == "log" || x.Name == "slog"
	}
	return false
}

// namedIn returns the names in the first column of the table below a heading.
func namedIn(text, heading string) []string {
	_, section, _ := strings.Cut(text, "\n"+heading+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var names []string
	for _, row := range tableRow.FindAllStringSubmatch(section, -1) {
		for _, name := range quoted.FindAllStringSubmatch(row[1], -1) {
			names = append(names, name[1])
		}
	}
	return names
}

var (
	tableRow = regexp.MustCompile(`(?m)^\| ([^|]*) \|`)
	quoted   = regexp.MustCompile("`([a-z_0-9]+)[^`]*`")
)

// logHeading is that of the table of keys.
const logHeading = "## The log"

// foreignKeys compares the keys that are logged with those that are documented.
func foreignKeys(files []*file, documents []document) []string {
	keys, found := logKeys(files)
	var told []string
	for _, d := range documents {
		if d.path == operationsDoc {
			told = namedIn(d.text, logHeading)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if !slices.Contains(told, key) {
			found = append(found, fmt.Sprintf("%skey %q of the log is not in the table of %s", keys[key], key, operationsDoc))
		}
	}
	for _, key := range told {
		if _, logged := keys[key]; !logged {
			found = append(found, fmt.Sprintf("%s: nothing is logged under %q", operationsDoc, key))
		}
	}
	return found
}
