package shape

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
)

// planner is the package whose numbers must be the same on every machine, as any of them
// may lead: arm64 and others fuse a product of floats with the sum that it goes into,
// which rounds otherwise, unless it is converted first.
const planner = "partition"

// fusable finds products of floats that are not rounded at once.
func fusable(files []*file) []string {
	set, of := token.NewFileSet(), map[string]*file{}
	var trees []*ast.File
	for _, f := range files {
		if f.dir != planner || f.test() {
			continue
		}
		tree, err := parser.ParseFile(set, f.path, f.text, 0)
		if err != nil {
			return []string{err.Error()}
		}
		of[f.path] = &file{path: f.path, dir: f.dir, text: f.text, tree: tree, set: set}
		trees = append(trees, tree)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
	// What is imported is not read: what that leaves without a type is judged by the rest
	// of its expression.
	cfg := types.Config{Importer: unread{}, Error: func(error) {}}
	_, _ = cfg.Check(planner, set, trees, info)
	var found []string
	for _, tree := range trees {
		f := of[set.Position(tree.Package).Filename]
		for _, n := range unrounded(tree, info) {
			found = append(found, f.say(n, "a product of floats is not rounded: write float64(a * b), so that no processor fuses it with a sum"))
		}
	}
	return found
}

// unread is an importer of packages of which nothing is known.
type unread struct{ types.Importer }

// Import implements types.Importer.
func (unread) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return importer.Default().Import(path)
	}
	p := types.NewPackage(path, path[strings.LastIndex(path, "/")+1:])
	p.MarkComplete()
	return p, nil
}

// unrounded lists products of floats that are neither factors of another one nor what is
// converted to float64.
func unrounded(tree *ast.File, info *types.Info) []ast.Node {
	rounded := map[ast.Expr]bool{}
	var out []ast.Node
	ast.Inspect(tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if name, ok := n.Fun.(*ast.Ident); ok && name.Name == "float64" && len(n.Args) == 1 {
				rounded[ast.Unparen(n.Args[0])] = true
			}
		case *ast.AssignStmt:
			if n.Tok == token.MUL_ASSIGN && float(info, n.Lhs[0]) {
				out = append(out, n)
			}
		case *ast.BinaryExpr:
			if n.Op != token.MUL {
				break
			}
			rounded[ast.Unparen(n.X)], rounded[ast.Unparen(n.Y)] = true, true
			if !rounded[n] && info.Types[n].Value == nil && (float(info, n.X) || float(info, n.Y)) {
				out = append(out, n)
			}
		}
		return true
	})
	return out
}

// float reports whether an expression is a float, as far as it is known.
func float(info *types.Info, x ast.Expr) bool {
	t := info.Types[x].Type
	if t == nil {
		return false
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsFloat != 0
}
