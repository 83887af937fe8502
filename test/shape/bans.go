package shape

import (
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
)

// ban forbids something in some folders, with exceptions that are data.
type ban struct {
	name   string
	holds  func(f *file) bool
	find   func(f *file) []ast.Node
	except map[string]string // file → reason
	why    string
}

var (
	speech  = []string{"actors", "messages", "partition"}
	library = []string{"actors", "bridge", "messages", "partition", "proto"}
	virtual = []string{"test/sim", "test/scenario", "test/swarm"}
)

// theQueue is the reason of the one mailbox.
const theQueue = "the one queue between goroutines: mail of others arrives here"

var bans = []ban{
	{
		name: "a lock or an atomic", holds: source(speech), find: importing("sync", "sync/atomic"),
		except: map[string]string{
			"actors/stage/mailbox.go": theQueue,
		},
		why: "each fact has one owner, which learns of others by mail",
	},
	{
		name: "a go statement", holds: source(speech), find: nodes[*ast.GoStmt],
		why: "only the dispatcher and the bridge start goroutines",
	},
	{
		name: "a channel", holds: source(speech), find: channels,
		except: map[string]string{"actors/stage/stop.go": "tells, outside the actors, that all of them ended"},
		why:    "what is said goes through mailboxes",
	},
	{
		name: "input or output", holds: source(speech), find: importing("os", "os/...", "net", "net/...", "syscall"),
		why: "only the bridge touches the outside",
	},
	{
		name: "the clock", holds: source(speech),
		find: calling("time", "Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"),
		why:  "time arrives in the mail",
	},
	{
		name: "the clock", holds: func(f *file) bool { return f.in(virtual...) },
		find: calling("time", "Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick"),
		why:  "simulated time is the world's, so that a seed repeats a run",
	},
	{
		name: "a go statement", holds: source([]string{"bridge"}), find: nodes[*ast.GoStmt],
		except: bridgeGoroutines,
		why:    "each goroutine of the bridge has a named place, a limit and an owner that ends it: list the file with its reason",
	},
	{
		name: "a real-time helper of protoactor", holds: source(library),
		find: methods("SetReceiveTimeout", "RequestFuture", "ReenterAfter", "Stash", "StopFuture", "PoisonFuture"),
		why:  "answers and reminders are mail with a round",
	},
	{
		name: "Props of a function", holds: source(library), find: calling("github.com/asynkron/protoactor-go/actor", "PropsFromFunc"),
		why: "a closure keeps its state over a restart: PropsFromProducer",
	},
	{
		name: "a bounded mailbox, escalation or back-off of protoactor", holds: source(library),
		find: calling("github.com/asynkron/protoactor-go/actor", "Bounded", "BoundedDropping", "EscalateDirective", "NewExponentialBackoffStrategy"),
		why:  "a full mailbox makes its sender spin, escalation ends the process at the top, and back-off uses the real clock",
	},
	{
		name: "a guardian", holds: source(library), find: methods("WithGuardian"),
		why: "what escalates to one ends the process",
	},
	{
		name: "the event stream", holds: source(library), find: selecting("EventStream"),
		why: "its subscribers run on the goroutine of whoever publishes",
	},
	{
		name: "a wait on time", holds: func(f *file) bool { return f.test() && !f.in("test/live") },
		find: calling("time", "Sleep"),
		why:  "tests step, drain or wait for mail",
	},
	{
		name: "a wait on time", holds: func(f *file) bool { return f.test() && !f.in("test/live") },
		find: methods("Eventually", "Eventuallyf", "EventuallyWithT", "EventuallyWithTf", "Never", "Neverf"),
		why:  "tests step, drain or wait for mail",
	},
}

// bridgeGoroutines names the files of the bridge that may start goroutines.
var bridgeGoroutines = map[string]string{
	"bridge/nats.go":             "one per operation under way and one per watch, each ended by its answer, its timeout or its stop",
	"bridge/listen.go":           "one per listener, between mail and a reader's channel, ended by its stop",
	"bridge/filesource_watch.go": "one per file source, between the watch of its folders and mail, ended when the source stops",
	"bridge/handler.go":          "one per running user function, ended when its context is",
}

// banned finds what the bans forbid, and exceptions that nothing needs any more.
func banned(files []*file, bans []ban) []string {
	var found []string
	for _, b := range bans {
		used := map[string]bool{}
		for _, f := range files {
			if f.generated() || !b.holds(f) {
				continue
			}
			hits := b.find(f)
			if _, ok := b.except[f.path]; ok {
				used[f.path] = len(hits) > 0
				continue
			}
			for _, hit := range hits {
				found = append(found, f.say(hit, "uses %s: %s", b.name, b.why))
			}
		}
		for _, name := range slices.Sorted(maps.Keys(used)) {
			if !used[name] {
				found = append(found, fmt.Sprintf("%s: is an exception for %s and does not need it: take it off the list", name, b.name))
			}
		}
	}
	return found
}

// source selects files of the folders that are not tests.
func source(folders []string) func(*file) bool {
	return func(f *file) bool { return !f.test() && f.in(folders...) }
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

// unfinished matches words of work that is not done. They are put together
// here so that this file does not contain them.
var unfinished = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME)\b|//\s*(?i:to` + `do|fix` + `me)\b|(?i:\bfor ` + `now\b)|\b(t|b|f|tb)\.` + `Skip(f|Now)?\(`)

// words finds such words in any text of the repository.
func words(documents []document) []string {
	var found []string
	for _, d := range documents {
		if strings.HasSuffix(d.path, ".pb.go") {
			continue
		}
		for i, line := range strings.Split(d.text, "\n") {
			if hit := unfinished.FindString(line); hit != "" {
				found = append(found, fmt.Sprintf("%s:%d: says %q: finish it or leave it out", d.path, i+1, hit))
			}
		}
	}
	return found
}
