package shape

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
)

// everywhere are the hosts of the contract about the store: the simulated store and real
// servers, one of each or three.
var everywhere = []string{"sim 1", "sim 3", "real 1", "real 3"}

// shown are the hosts on which a number has cases, if those are not all.
var shown = map[int][]string{
	7:  {"real 1", "real 3"},  // a port asks for no expiry
	17: nil,                   // a rule of the actor above the port
	18: nil, 19: nil, 20: nil, // about consumers, which the port of the store does not have
}

// hostGaps compares where a number has cases with where it is to have some.
func hostGaps(facts []claimed, found map[int][]string) (gaps []string) {
	for _, c := range facts {
		want, limited := shown[c.number]
		if !limited {
			want = everywhere
		}
		have := slices.DeleteFunc(slices.Clone(everywhere), func(h string) bool { return !slices.Contains(found[c.number], h) })
		if !slices.Equal(have, want) {
			gaps = append(gaps, fmt.Sprintf("N%d (%s) has cases on %q, and should on %q", c.number, c.title, have, want))
		}
	}
	return gaps
}

// caseHosts finds the hosts on which each number has cases: those of the contract's list
// wherever something runs it, and what is run on real servers besides.
func caseHosts(files []*file) map[int][]string {
	hosts := map[int][]string{}
	list := listed(files)
	for _, f := range files {
		kind := map[string]string{"test/sim": "sim", "bridge": "real"}[f.dir]
		for _, d := range f.tree.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || kind == "" || !f.test() || !runsCases(fn) {
				continue
			}
			for _, nodes := range nodesOf(f, fn) {
				for _, c := range append(besides(fn), list...) {
					if nodes == "3" || !c.cluster {
						hosts[c.number] = append(hosts[c.number], kind+" "+nodes)
					}
				}
			}
		}
	}
	return hosts
}

// contractCase is a case about a number; some need a cluster.
type contractCase struct {
	number  int
	cluster bool
}

// listed reads the list of cases: literals with a Name that carries a number.
func listed(files []*file) (list []contractCase) {
	for _, f := range files {
		if !f.in("test/sim/contract") {
			continue
		}
		for _, n := range nodes[*ast.CompositeLit](f) {
			c := contractCase{}
			fields, _ := n.(*ast.CompositeLit)
			for _, e := range fields.Elts {
				if kv, ok := e.(*ast.KeyValueExpr); ok && named(kv.Key, "Name") {
					c.number = numberOf(kv.Value)
				} else if ok && named(kv.Key, "Cluster") {
					c.cluster = true
				}
			}
			if c.number > 0 {
				list = append(list, c)
			}
		}
	}
	return list
}

// runsCases reports whether a function runs each case of the list.
func runsCases(fn *ast.FuncDecl) bool {
	asks, runs := false, false
	ast.Inspect(fn, func(n ast.Node) bool {
		if r, ok := n.(*ast.RangeStmt); ok {
			call, ok := r.X.(*ast.CallExpr)
			asks = asks || ok && selects(call, "Cases")
		}
		if call, ok := n.(*ast.CallExpr); ok && selects(call, "Run") {
			runs = true
		}
		return true
	})
	return asks && runs
}

// nodesOf are the numbers of servers with which a function is called, or that stand in a map
// of its own.
func nodesOf(f *file, fn *ast.FuncDecl) (nodes []string) {
	for _, n := range f.search(func(ast.Node) bool { return true }) {
		var count ast.Expr
		switch n := n.(type) {
		case *ast.CallExpr:
			if named(n.Fun, fn.Name.Name) {
				count = n.Args[len(n.Args)-1]
			}
		case *ast.KeyValueExpr:
			if fn.Pos() < n.Pos() && n.End() < fn.End() {
				count = n.Value
			}
		}
		if lit, ok := count.(*ast.BasicLit); ok {
			nodes = append(nodes, lit.Value)
		}
	}
	return nodes
}

// besides are the numbers of subtests that a function runs by name.
func besides(fn *ast.FuncDecl) (list []contractCase) {
	ast.Inspect(fn, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && selects(call, "Run") {
			if number := numberOf(call.Args[0]); number > 0 {
				list = append(list, contractCase{number: number})
			}
		}
		return true
	})
	return list
}

func named(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

func selects(call *ast.CallExpr, name string) bool {
	s, ok := call.Fun.(*ast.SelectorExpr)
	return ok && s.Sel.Name == name
}

// numberOf is the number that a name in quotes carries, or 0.
func numberOf(name ast.Expr) int {
	n := 0
	if m := factName.FindStringSubmatch(literal(name)); m != nil {
		n, _ = strconv.Atoi(m[1])
	}
	return n
}
