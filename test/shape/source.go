package shape

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// file is one Go file, parsed with its comments.
type file struct {
	path string // below the repository's root, with slashes
	dir  string // its folder
	text string
	tree *ast.File
	set  *token.FileSet
}

// document is any text of the repository.
type document struct{ path, text string }

// repository is all that the rules look at.
type repository struct {
	files     []*file
	documents []document
}

// parse reads the text of one Go file.
func parse(name, text string) (*file, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, name, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	return &file{path: name, dir: path.Dir(name), text: text, tree: tree, set: set}, nil
}

// plays is the one folder of test data that is read: plays claim hazards too.
const plays = "test/scenario/testdata"

// load reads the repository below root, nested modules included. Like the go
// command it passes over names that begin with a dot or underscore and over
// test data, plays excepted.
func load(root string) (repository, error) {
	var all repository
	tree := os.DirFS(root)
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && name != "." && passedOver(name):
			return fs.SkipDir
		case entry.IsDir() || !readable(name):
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		return all.add(name, string(text))
	})
	return all, err
}

func passedOver(folder string) bool {
	name := path.Base(folder)
	return name == "testdata" && folder != plays || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

func readable(name string) bool {
	return path.Base(name) == "Makefile" || slices.Contains([]string{".go", ".json", ".md", ".proto", ".sh", ".txt", ".yml"}, path.Ext(name))
}

func (r *repository) add(name, text string) error {
	r.documents = append(r.documents, document{name, text})
	if path.Ext(name) != ".go" {
		return nil
	}
	f, err := parse(name, text)
	if err != nil {
		return err
	}
	r.files = append(r.files, f)
	return nil
}

func (f *file) test() bool      { return strings.HasSuffix(f.path, "_test.go") }
func (f *file) generated() bool { return ast.IsGenerated(f.tree) }

// external reports whether the file is of the package that tests from outside.
func (f *file) external() bool { return f.test() && strings.HasSuffix(f.tree.Name.Name, "_test") }

// in reports whether the file lies in one of the folders or below.
func (f *file) in(folders ...string) bool {
	return slices.ContainsFunc(folders, func(folder string) bool {
		return f.dir == folder || strings.HasPrefix(f.dir, folder+"/")
	})
}

// say makes a finding about a place in the file.
func (f *file) say(at ast.Node, format string, args ...any) string {
	return fmt.Sprintf("%s:%d: ", f.path, f.line(at.Pos())) + fmt.Sprintf(format, args...)
}

func (f *file) line(pos token.Pos) int { return f.set.Position(pos).Line }

// imports lists the paths that the file imports.
func (f *file) imports() []string {
	var paths []string
	for _, spec := range f.tree.Imports {
		paths = append(paths, strings.Trim(spec.Path.Value, `"`))
	}
	return paths
}
