package shape

import (
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strings"
)

// source selects files of the folders that are not tests.
func source(folders []string) func(*file) bool {
	return func(f *file) bool { return !f.test() && f.in(folders...) }
}

// elsewhere selects what is not about real time, as the bridge, live tests and
// benchmarks are, and has no rule of its own.
func elsewhere(f *file) bool {
	return !f.in(virtual...) && !f.in("bridge", "test/live", "test/bench", "tools") && (f.test() || !f.in(speech...))
}

// nodes returns every node of one kind.
func nodes[N ast.Node](f *file) []ast.Node {
	return f.search(func(n ast.Node) bool { _, ok := n.(N); return ok })
}

func channels(f *file) []ast.Node {
	return f.search(func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ChanType, *ast.SendStmt, *ast.SelectStmt:
			return true
		case *ast.UnaryExpr:
			return n.Op == token.ARROW
		}
		return false
	})
}

// goroutines finds what starts one: a go statement, a group's Go, context.AfterFunc.
func goroutines(f *file) []ast.Node {
	return slices.Concat(nodes[*ast.GoStmt](f), methods("Go")(f), calling("context", "AfterFunc")(f))
}

// ofContext finds calls of these methods of an actor's context, which is named ctx.
func ofContext(names ...string) func(*file) []ast.Node {
	return func(f *file) []ast.Node {
		return slices.DeleteFunc(methods(names...)(f), func(n ast.Node) bool {
			x, ok := n.(*ast.CallExpr).Fun.(*ast.SelectorExpr).X.(*ast.Ident)
			return !ok || x.Name != "ctx"
		})
	}
}

// loggerless finds actor systems that are made without a logger.
func loggerless(f *file) []ast.Node {
	return slices.DeleteFunc(methods("NewActorSystem")(f), func(n ast.Node) bool {
		logs := false
		ast.Inspect(n, func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			logs = logs || ok && s.Sel.Name == "WithLoggerFactory"
			return true
		})
		return logs
	})
}

// importing finds imports; a path that ends in /... means all below it.
func importing(paths ...string) func(*file) []ast.Node {
	return func(f *file) []ast.Node {
		var hits []ast.Node
		for i, imported := range f.imports() {
			if slices.ContainsFunc(paths, func(p string) bool {
				base, below := strings.CutSuffix(p, "/...")
				return imported == p || below && strings.HasPrefix(imported, base+"/")
			}) {
				hits = append(hits, f.tree.Imports[i])
			}
		}
		return hits
	}
}

// calling finds uses of functions of a package, called or only named. A dot
// import of the package counts, since it hides them.
func calling(imported string, names ...string) func(*file) []ast.Node {
	return func(f *file) []ast.Node {
		local := ""
		for i, p := range f.imports() {
			if p != imported {
				continue
			}
			local = path.Base(p)
			if alias := f.tree.Imports[i].Name; alias != nil {
				local = alias.Name
			}
			if local == "." {
				return []ast.Node{f.tree.Imports[i]}
			}
		}
		return f.search(func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			if !ok || !slices.Contains(names, s.Sel.Name) {
				return false
			}
			x, ok := s.X.(*ast.Ident)
			return ok && x.Name == local
		})
	}
}

// methods finds calls of methods or functions with one of the names.
func methods(names ...string) func(*file) []ast.Node {
	return func(f *file) []ast.Node {
		return f.search(func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return false
			}
			s, ok := call.Fun.(*ast.SelectorExpr)
			return ok && slices.Contains(names, s.Sel.Name)
		})
	}
}

// selecting finds every mention of a field or method of these names.
func selecting(names ...string) func(*file) []ast.Node {
	return func(f *file) []ast.Node {
		return f.search(func(n ast.Node) bool {
			s, ok := n.(*ast.SelectorExpr)
			return ok && slices.Contains(names, s.Sel.Name)
		})
	}
}

func (f *file) search(match func(ast.Node) bool) []ast.Node {
	var hits []ast.Node
	ast.Inspect(f.tree, func(n ast.Node) bool {
		if n != nil && match(n) {
			hits = append(hits, n)
		}
		return true
	})
	return hits
}
