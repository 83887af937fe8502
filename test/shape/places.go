package shape

// The named places: who may do what is banned elsewhere, file by file, and why. A
// file that does not need its place any more is a finding too.

// theQueue is the reason of the one mailbox.
const theQueue = "the one queue between goroutines: mail of others arrives here"

var queues = map[string]string{"actors/stage/mailbox.go": theQueue}

// bridgeGoroutines names the files of the bridge that may start goroutines.
var bridgeGoroutines = map[string]string{
	"bridge/nats.go":             "one per operation under way and one per watch, each ended by its answer, its timeout or its stop",
	"bridge/listen.go":           "one per listener, between mail and a reader's channel, ended by its stop",
	"bridge/filesource_watch.go": "one per file source, between the watch of its folders and mail, ended when the source stops",
	"bridge/handler.go":          "one per running user function, ended when its context is",
	"bridge/record.go":           "one that writes what is to be kept, ended when nothing is left",
}

// bridgeChannels names the files of the bridge in which goroutines meet.
var bridgeChannels = map[string]string{
	"bridge/nats.go":             "hears of changes of the connection until it is released",
	"bridge/nats_watch.go":       "wakes the goroutine of a watch; one wake-up is kept",
	"bridge/listen.go":           "is for readers of a channel",
	"bridge/filesource_watch.go": "hears of changes of folders; one nudge is kept",
	"bridge/handler.go":          "waits until the last call for the partition is over",
	"bridge/subscriptions.go":    "waits, on the goroutine of its handler, until a subscription is closed",
	"bridge/ask.go":              "tells the caller, who is no actor, what the manager answered",
	"bridge/stop.go":             "waits for what the manager answers, for the end of its actors, or for its context",
	"bridge/drain.go":            "waits for what the manager answers, or for its context",
	"bridge/record.go":           "waits, for a second at most, until nothing is left to be written",
	"bridge/observe/metrics.go":  "hands its values to a registry",
	"bridge/observe/asking.go":   "waits, on the goroutine of a scrape or a probe, for what the manager answers",
	"bridge/consumers.go":        "bounds how many partitions ask the server at a time",
	"bridge/gate.go":             "wakes the goroutines of handlers when pulling goes on",
	"bridge/pull.go":             "messages that come, on their way to the goroutine of a handler",
	"bridge/pull_ask.go":         "the same",
	"bridge/pull_leave.go":       "the same",
}

// bridgeLocks names the files of the bridge that share something between goroutines.
var bridgeLocks = map[string]string{
	"bridge/nats_watch.go":       "what a subscription hears and what its reader was told",
	"bridge/listen.go":           "changes that wait for their reader",
	"bridge/handler.go":          "the calls that run, over all partition actors",
	"bridge/subscriptions.go":    "ends once, by whoever is first",
	"bridge/gate.go":             "who pulls, over all partition actors",
	"bridge/pull.go":             "what is here, between a handler and the timer that prolongs it",
	"bridge/tidy.go":             "stops once",
	"bridge/record.go":           "what waits for the disk",
	"bridge/troubles.go":         "what all partition actors of a handler say of themselves",
	"bridge/observe/observer.go": "what the manager said",
	"bridge/observe/asking.go":   "who waits for an answer",
	"bridge/embedded/server.go":  "stops once",
	"bridge/embedded/cluster.go": "the ports of all clusters of a process",
	"bridge/embedded/logger.go":  "what the server logs from its goroutines",
}

// eventStreams names who hears the event stream of the actor library.
var eventStreams = map[string]string{
	"bridge/observe/observer.go": "counts dead letters and failures, by one addition each",
	"actors/stage/census.go":     "tells of an actor that failed, which is rare",
}

// watched names who watches actors, none of which is a child of its own.
var watched = map[string]string{
	"actors/stage/stop.go":       "whatever is stopped from outside",
	"actors/manager_users.go":    "subscribers",
	"bridge/bridge.go":           "clients, but for the parent",
	"bridge/listen.go":           "the manager",
	"bridge/ask.go":              "the manager",
	"bridge/observe/observer.go": "the manager",
	"bridge/tidy.go":             "the manager",
}

// realClocks names who reads the real clock outside the bridge, and outside live tests
// and benchmarks, which are about nothing else.
var realClocks = map[string]string{
	"actors/tape/tape_test.go":     "the readings of an instant of the real clock",
	"examples/demo/main.go":        "the limit of a play",
	"examples/demo/play.go":        "the pace of a play",
	"examples/demo/board.go":       "when an act began",
	"examples/demo/worker.go":      "when something was said",
	"examples/demo/screen.go":      "what has just moved is shown so",
	"examples/demo/limit_test.go":  "the limit of a play, in virtual time",
	"examples/demo/screen_test.go": "what has just moved, in virtual time",
	"test/chaos/main.go":           "how long a run was",
	"test/chaos/run.go":            "how long a run is",
	"test/chaos/fleet.go":          "patience with processes that are broken on purpose",
	"test/chaos/process.go":        "patience with a process that ends",
	"test/chaos/store.go":          "patience with servers that are broken on purpose",
	"test/chaos/chaos_test.go":     "patience with processes that are broken on purpose",
	"test/mutants/main.go":         "how long a hunt was",
	"test/links/links.go":          "links that are slow",
	"test/links/links_test.go":     "how slow a link is",
	"test/umpire/clerk.go":         "what a worker saw by its own clock is noted by the umpire's",
}
