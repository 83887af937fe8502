package shape

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// minWords is how many words a comment has beyond the name it explains, to
// count as saying more than the signature. "implements X" and "answers X" are
// enough, because what there is to say stands at X.
const minWords = 3

var word = regexp.MustCompile(`[\pL\pN][\pL\pN'’_.-]*`)

// packageDocs finds packages without a package comment. The comment stands in
// any file of the folder; that of a command begins with "Command".
func packageDocs(files []*file) []string {
	commented, wanted := map[string]bool{}, map[string]string{}
	for _, f := range files {
		name := strings.TrimSuffix(f.tree.Name.Name, "_test")
		first := "Package " + name
		if name == "main" {
			first = "Command "
		}
		wanted[f.dir] = first
		rest, ok := strings.CutPrefix(f.tree.Doc.Text(), first)
		if ok && len(word.FindAllString(rest, -1)) >= minWords {
			commented[f.dir] = true
		}
	}
	var found []string
	for _, dir := range slices.Sorted(maps.Keys(wanted)) {
		if !commented[dir] {
			found = append(found, fmt.Sprintf("%s: no package comment that begins with %q and says what the package is", dir, wanted[dir]))
		}
	}
	return found
}

// exportedDocs finds exported names of packages whose comment is missing, does
// not begin with the name, or says no more than the signature does. Names that
// belong together may share the comment of their group.
func exportedDocs(files []*file) []string {
	var found []string
	for _, f := range files {
		if f.test() || f.generated() || f.tree.Name.Name == "main" {
			continue
		}
		for _, decl := range f.tree.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if exportedFunc(decl) {
					found = append(found, f.checkDoc(decl, decl.Name, decl.Doc, true)...)
				}
			case *ast.GenDecl:
				found = append(found, f.groupDocs(decl)...)
			}
		}
	}
	return found
}

// exportedFunc reports whether users can name the function: methods of
// unexported types are left out.
func exportedFunc(decl *ast.FuncDecl) bool {
	if !decl.Name.IsExported() || decl.Recv == nil {
		return decl.Name.IsExported()
	}
	return ast.IsExported(receiver(decl))
}

// receiver returns the type name that a method belongs to, without star and
// type parameters.
func receiver(decl *ast.FuncDecl) string {
	kind := decl.Recv.List[0].Type
	for {
		switch k := kind.(type) {
		case *ast.StarExpr:
			kind = k.X
		case *ast.IndexExpr:
			kind = k.X
		case *ast.IndexListExpr:
			kind = k.X
		case *ast.Ident:
			return k.Name
		default:
			return ""
		}
	}
}

func (f *file) groupDocs(decl *ast.GenDecl) []string {
	var found []string
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() {
				doc := firstOf(spec.Doc, decl.Doc)
				found = append(found, f.checkDoc(spec, spec.Name, doc, true)...)
				found = append(found, f.interfaceDocs(spec, doc)...)
			}
		case *ast.ValueSpec:
			own := firstOf(spec.Doc, spec.Comment)
			strict := spec.Doc != nil
			if own == nil {
				own, strict = decl.Doc, decl.Lparen == token.NoPos
			}
			for _, name := range spec.Names {
				if name.IsExported() {
					found = append(found, f.checkDoc(spec, name, own, strict && len(spec.Names) == 1)...)
				}
			}
		}
	}
	return found
}

// interfaceDocs asks for a comment on each method that others must implement. The
// comment of the interface will do for a method that it names, or for the only one.
func (f *file) interfaceDocs(spec *ast.TypeSpec, doc *ast.CommentGroup) []string {
	contract, ok := spec.Type.(*ast.InterfaceType)
	if !ok || contract.Methods.NumFields() == 1 {
		return nil
	}
	var found []string
	for _, method := range contract.Methods.List {
		for _, name := range method.Names {
			if name.IsExported() && !slices.Contains(word.FindAllString(doc.Text(), -1), name.Name) {
				found = append(found, f.checkDoc(method, name, firstOf(method.Doc, method.Comment), false)...)
			}
		}
	}
	return found
}

func firstOf(groups ...*ast.CommentGroup) *ast.CommentGroup {
	for _, g := range groups {
		if g != nil {
			return g
		}
	}
	return nil
}

// checkDoc applies the rule to one name. strict asks for the name in front.
func (f *file) checkDoc(at ast.Node, name *ast.Ident, doc *ast.CommentGroup, strict bool) []string {
	text := strings.TrimSpace(doc.Text())
	if text == "" {
		return []string{f.say(at, "%s has no doc comment", name.Name)}
	}
	rest, ok := afterName(text, name.Name)
	if strict && !ok {
		return []string{f.say(at, "the doc comment of %s does not begin with its name", name.Name)}
	}
	words := word.FindAllString(rest, -1)
	pointing := len(words) == 2 && (words[0] == "implements" || words[0] == "answers")
	if len(words) < minWords && !pointing {
		return []string{f.say(at, "the doc comment of %s says no more than its signature", name.Name)}
	}
	return nil
}

// afterName cuts the name, and an article before it, from the comment.
func afterName(text, name string) (string, bool) {
	for _, article := range []string{"", "A ", "An ", "The "} {
		rest, ok := strings.CutPrefix(text, article+name)
		if ok && (rest == "" || word.FindStringIndex(rest[:1]) == nil) {
			return rest, true
		}
	}
	return text, false
}
