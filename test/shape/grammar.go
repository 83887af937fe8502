package shape

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
)

// verbs are the first words after a message's name: what kind of mail it is.
var verbs = []string{"asks", "reports", "answers", "carries"}

// capitals cuts a name into its words.
var capitals = regexp.MustCompile(`[A-Z][a-z]*`)

// participles are the irregular verbs of events.
var participles = []string{
	"Begun", "Bound", "Broken", "Cut", "Done", "Found", "Given", "Gone", "Heard", "Held", "Kept", "Known", "Left", "Let",
	"Lost", "Made", "Met", "Read", "Run", "Seen", "Sent", "Set", "Shown", "Spent", "Stood", "Taken", "Told", "Won", "Written",
}

// grammar checks the words of package messages: the doc comment of a message
// says first whether it asks, reports, answers or carries; queries are named
// Get…, events in the past; messages are values, so they have no methods but
// String and none with a pointer receiver. A struct that other types are made of
// is a part of messages and may be described with any verb.
func grammar(files []*file) []string {
	var found []string
	var spoken []*file
	for _, f := range files {
		if f.dir == "messages" && !f.test() {
			spoken = append(spoken, f)
		}
	}
	parts := embedded(spoken)
	for _, f := range spoken {
		for _, decl := range f.tree.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				found = append(found, f.methodOfMessage(decl)...)
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					if t, ok := spec.(*ast.TypeSpec); ok && t.Name.IsExported() {
						found = append(found, f.wording(t, firstOf(t.Doc, decl.Doc), parts)...)
					}
				}
			}
		}
	}
	return found
}

// embedded collects the names that other types of the package are made of.
func embedded(files []*file) map[string]bool {
	parts := map[string]bool{}
	for _, f := range files {
		ast.Inspect(f.tree, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			ast.Inspect(spec.Type, func(n ast.Node) bool {
				if name, ok := n.(*ast.Ident); ok && name.Name != spec.Name.Name {
					parts[name.Name] = true
				}
				return true
			})
			return false
		})
	}
	return parts
}

func (f *file) methodOfMessage(decl *ast.FuncDecl) []string {
	if decl.Recv == nil {
		return nil
	}
	var found []string
	if _, pointer := decl.Recv.List[0].Type.(*ast.StarExpr); pointer {
		found = append(found, f.say(decl, "%s.%s has a pointer receiver: messages are values", receiver(decl), decl.Name.Name))
	}
	if decl.Name.Name != "String" {
		found = append(found, f.say(decl, "%s has the method %s: messages have none but String", receiver(decl), decl.Name.Name))
	}
	return found
}

// wording checks one exported struct against the grammar.
func (f *file) wording(spec *ast.TypeSpec, doc *ast.CommentGroup, parts map[string]bool) []string {
	if _, ok := spec.Type.(*ast.StructType); !ok {
		return nil
	}
	name := spec.Name.Name
	said := strings.Fields(doc.Text())
	if len(said) < 2 || said[0] != name {
		return []string{f.say(spec, "the doc comment of %s must begin with %q and a verb", name, name)}
	}
	verb := strings.Trim(said[1], ",.:;")
	switch {
	case !slices.Contains(verbs, verb) && !parts[name]:
		return []string{f.say(spec, "%s %s …: the first verb of a message must be one of %s", name, verb, strings.Join(verbs, ", "))}
	case strings.HasPrefix(name, "Get") && verb != "asks":
		return []string{f.say(spec, "%s %s …: names with Get are queries, which ask", name, verb)}
	case verb == "reports" && !past(name):
		return []string{f.say(spec, "%s reports …: an event is named in the past, such as WindowElapsed or StoreLost", name)}
	}
	return nil
}

// past reports whether a word of the name is a verb in the past.
func past(name string) bool {
	return slices.ContainsFunc(capitals.FindAllString(name, -1), func(w string) bool {
		return strings.HasSuffix(w, "ed") || slices.Contains(participles, w)
	})
}
