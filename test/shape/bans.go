package shape

import (
	"fmt"
	"go/ast"
	"maps"
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

// readings are the functions of package time that wait for it, or tell it.
var readings = calling("time", "Now", "Since", "Until", "Sleep", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick")

var bans = []ban{
	{
		name: "a lock or an atomic", holds: source(speech), find: importing("sync", "sync/atomic"), except: queues,
		why: "each fact has one owner, which learns of others by mail",
	},
	{
		name: "a goroutine", holds: source(speech), find: goroutines,
		why: "only the dispatcher and the bridge start goroutines",
	},
	{
		name: "a channel", holds: source(speech), find: channels,
		why: "what is said goes through mailboxes",
	},
	{
		name: "input or output", holds: source(speech), find: importing("os", "os/...", "net", "net/...", "syscall"),
		why: "only the bridge touches the outside",
	},
	{
		name: "a signal of the system", holds: source(library), find: importing("os/signal"),
		why: "README.md: the library installs no handlers, the process is the caller's",
	},
	{
		name: "the clock", holds: source(speech),
		find: readings,
		why:  "time arrives in the mail",
	},
	{
		name: "the clock", holds: func(f *file) bool { return f.in(virtual...) },
		find: readings,
		why:  "simulated time is the world's, so that a seed repeats a run",
	},
	{
		name: "the clock", holds: elsewhere, find: readings, except: realClocks,
		why: "outside the bridge, live tests and benchmarks time arrives in the mail, or is virtual: list the file with its reason",
	},
	{
		name: "a goroutine", holds: source([]string{"bridge"}), find: goroutines, except: bridgeGoroutines,
		why: "each goroutine of the bridge has a named place, a limit and an owner that ends it: list the file with its reason",
	},
	{
		name: "a channel", holds: source([]string{"bridge"}), find: channels, except: bridgeChannels,
		why: "goroutines of the bridge meet in named places: list the file with its reason",
	},
	{
		name: "a lock or an atomic", holds: source([]string{"bridge"}), find: importing("sync", "sync/atomic"), except: bridgeLocks,
		why: "actors share nothing; what goroutines of the bridge share has a named place: list the file with its reason",
	},
	{
		name: "a real-time helper of protoactor", holds: source(library),
		find: methods("SetReceiveTimeout", "RequestFuture", "NewFuture", "ReenterAfter", "Stash", "StopFuture", "PoisonFuture"),
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
		name: "a supervisor of protoactor", holds: source(library), find: calling("github.com/asynkron/protoactor-go/actor",
			"NewOneForOneStrategy", "NewAllForOneStrategy", "NewRestartingStrategy", "DefaultSupervisorStrategy", "RestartingSupervisorStrategy"),
		why: "it counts failures by the real clock: actors/stage stops what fails, and the parent decides",
	},
	{
		name: "a watch of an actor", holds: source(library), find: ofContext("Watch"), except: watched,
		why: "a child that is watched is told of twice: list the file with whom it watches",
	},
	{
		name: "a shutdown of the actor system", holds: source(library), find: methods("Shutdown"),
		except: map[string]string{"bridge/embedded/server.go": "of a NATS server"},
		why:    "the system is the caller's: it stops no actor, and panics the second time",
	},
	{
		name: "an actor system without a logger", holds: func(*file) bool { return true }, find: loggerless,
		why: "the default logger prints a line for each: actor.WithLoggerFactory",
	},
	{
		name: "a guardian", holds: source(library), find: methods("WithGuardian"),
		why: "what escalates to one ends the process",
	},
	{
		name: "the event stream", holds: source(library), find: selecting("EventStream"), except: eventStreams,
		why: "its subscribers run on the goroutine of whoever publishes",
	},
	{
		name: "a wait on time", holds: func(f *file) bool { return (f.test() || f.in("test", "examples")) && !f.in("test/live") },
		find:   calling("time", "Sleep"),
		except: map[string]string{"test/links/links.go": "a link that is slow is what it makes"},
		why:    "tests step, drain or wait for mail",
	},
	{
		name: "a wait on time", holds: func(f *file) bool { return f.test() && !f.in("test/live") },
		find: methods("Eventually", "Eventuallyf", "EventuallyWithT", "EventuallyWithTf", "Never", "Neverf"),
		why:  "tests step, drain or wait for mail",
	},
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
