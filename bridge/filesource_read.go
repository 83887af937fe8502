package bridge

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/troupe-actors/troupe/partition"
)

// mostFaults of one text are told; of more only the number.
const mostFaults = 5

// reader makes partitions of YAML, of which JSON is a part. It is strict: a field
// that it does not know, one that comes twice and one of another type are faults,
// each with its line and column. So are anchors, aliases and tags.
type reader struct {
	name   string
	empty  string // what is said of a text that says nothing
	faults []string
	places map[partition.PartitionID]*token.Position
}

// readPartitions reads a whole list: a mapping with the field partitions. The
// error names every fault.
func readPartitions(name string, text []byte) ([]partition.Partition, error) {
	r := &reader{name: name, empty: "is empty; an empty list is written partitions: []", places: map[partition.PartitionID]*token.Position{}}
	var list []partition.Partition
	if body := r.parse(text); body != nil {
		r.fields(body, map[string]func(ast.Node){
			"partitions": func(v ast.Node) { list = r.list(v) },
		}, "partitions")
	}
	return list, r.err()
}

// readPartition reads one partition, without text one that has the default in every
// field. The keys are these unless it names others.
func readPartition(name string, text []byte, keys []string) (partition.Partition, error) {
	p := partition.Partition{Keys: keys}
	if strings.TrimSpace(string(text)) == "" {
		return p, nil
	}
	r := &reader{name: name}
	if body := r.parse(text); body != nil {
		r.partition(body, &p)
	}
	return p, r.err()
}

// parse returns the one document of the text, or nil after a fault or if there is none.
func (r *reader) parse(text []byte) (body ast.Node) {
	defer func() {
		if p := recover(); p != nil {
			body = nil
			r.fault(nil, "cannot be read as YAML: %v", p)
		}
	}()
	if at := notText(text); at != nil {
		r.fault(at, "is not UTF-8")
		return nil
	}
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey())
	var at interface {
		GetToken() *token.Token
		GetMessage() string
	}
	switch {
	case errors.As(err, &at) && at.GetToken() != nil:
		r.fault(at.GetToken().Position, "%s", at.GetMessage())
	case err != nil:
		r.fault(nil, "cannot be read as YAML: %v", err)
	case len(file.Docs) == 0 || file.Docs[0].Body == nil:
		if r.empty != "" {
			r.fault(nil, "%s", r.empty)
		}
	case len(file.Docs) > 1 && file.Docs[1].Body != nil:
		r.fault(place(file.Docs[1].Body), "a second document; there must be one")
	default:
		return file.Docs[0].Body
	}
	return nil
}

// notText is where the text stops being UTF-8: the parser would replace that.
func notText(text []byte) *token.Position {
	if utf8.Valid(text) {
		return nil
	}
	at := &token.Position{Line: 1, Column: 1}
	for len(text) > 0 {
		c, n := utf8.DecodeRune(text)
		switch {
		case c == utf8.RuneError && n == 1:
			return at
		case c == '\n':
			at.Line, at.Column = at.Line+1, 1
		default:
			at.Column++
		}
		text = text[n:]
	}
	return at
}

func (r *reader) fault(at *token.Position, format string, args ...any) {
	r.faults = append(r.faults, r.at(at)+": "+fmt.Sprintf(format, args...))
}

// at names a place in the text.
func (r *reader) at(at *token.Position) string {
	if at == nil {
		return r.name
	}
	return fmt.Sprintf("%s:%d:%d", r.name, at.Line, at.Column)
}

func (r *reader) err() error {
	n := len(r.faults)
	switch {
	case n == 0:
		return nil
	case n > mostFaults:
		r.faults = append(r.faults[:mostFaults], fmt.Sprintf("and %d more faults", n-mostFaults))
	}
	return errors.New(strings.Join(r.faults, "; "))
}

// place is where a node begins: for a mapping, its first key.
func place(n ast.Node) *token.Position {
	if m, ok := n.(ast.MapNode); ok {
		if each := m.MapRange(); each.Next() {
			return each.Key().GetToken().Position
		}
	}
	if t := n.GetToken(); t != nil {
		return t.Position
	}
	return nil
}

// fields gives the value of each field of a mapping to whoever reads it.
func (r *reader) fields(n ast.Node, readers map[string]func(ast.Node), must ...string) {
	m, ok := n.(ast.MapNode)
	if !ok {
		r.fault(place(n), "is %s; must be a mapping with the fields %s", kind(n), known(readers))
		return
	}
	seen := map[string]*token.Position{}
	for each := m.MapRange(); each.Next(); {
		name, at := each.Key().GetToken().Value, each.Key().GetToken().Position
		read, ok := readers[name]
		switch first := seen[name]; {
		case !ok:
			r.fault(at, "unknown field %q; known are %s", name, known(readers))
			continue
		case first != nil:
			r.fault(at, "the field %s is there already, at %d:%d", name, first.Line, first.Column)
			continue
		}
		seen[name] = at
		read(each.Value())
		must = slices.DeleteFunc(slices.Clone(must), func(m string) bool { return m == name })
	}
	for _, name := range must {
		r.fault(place(n), "the field %s is missing", name)
	}
}

func known(readers map[string]func(ast.Node)) string {
	var names []string
	for name := range readers {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// kind names what a node is, in words of YAML.
func kind(n ast.Node) string {
	return "of type " + strings.ToLower(n.Type().String())
}

// sequence asks for the node itself: a tag is an ast.ArrayNode, too, and has no
// items to range over if what it tags is none.
func (r *reader) sequence(field string, n ast.Node, each func(ast.Node)) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		r.fault(place(n), "%s is %s; must be a list", field, kind(n))
		return
	}
	for _, item := range list.Values {
		each(item)
	}
}

func (r *reader) list(n ast.Node) []partition.Partition {
	list := []partition.Partition{}
	r.sequence("partitions", n, func(item ast.Node) {
		var p partition.Partition
		before := len(r.faults)
		r.partition(item, &p, "keys")
		if len(r.faults) > before {
			return
		}
		at, id := place(item), p.ID()
		if first := r.places[id]; first != nil {
			r.fault(at, "partition %q is listed at %d:%d already", id, first.Line, first.Column)
		}
		r.places[id] = at
		list = append(list, p)
	})
	return list
}

// partition reads one, and checks what the fields have to be.
func (r *reader) partition(n ast.Node, p *partition.Partition, must ...string) {
	before := len(r.faults)
	r.fields(n, map[string]func(ast.Node){
		"keys": func(v ast.Node) {
			p.Keys = nil
			r.sequence("keys", v, func(k ast.Node) { p.Keys = append(p.Keys, r.text("a key", k)) })
		},
		"weight": func(v ast.Node) { p.Weight = r.weight(v) },
		"zone":   func(v ast.Node) { p.Zone = r.text("zone", v) },
		"labels": func(v ast.Node) {
			r.sequence("labels", v, func(l ast.Node) { p.Labels = append(p.Labels, r.text("a label", l)) })
		},
		"pinned": func(v ast.Node) { p.Pinned = partition.WorkerID(r.text("pinned", v)) },
	}, must...)
	if len(r.faults) == before {
		if err := p.Validate(); err != nil {
			r.fault(place(n), "%v", err)
		}
	}
}

// text takes nothing but text: 007, 1e3 and true would become something else.
func (r *reader) text(field string, n ast.Node) string {
	s, ok := n.(*ast.StringNode)
	if !ok {
		r.fault(place(n), "%s is %s; must be text, in quotes if need be", field, kind(n))
		return ""
	}
	return s.Value
}

func (r *reader) weight(n ast.Node) int64 {
	i, ok := n.(*ast.IntegerNode)
	if !ok {
		r.fault(place(n), "weight is %s; must be a whole number", kind(n))
		return 0
	}
	switch w := i.Value.(type) {
	case int64:
		return w
	case uint64:
		return int64(min(w, uint64(partition.MaxWeight)+1))
	}
	r.fault(place(n), "weight is too large; must be at most %d", partition.MaxWeight)
	return 0
}
