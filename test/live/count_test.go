package live

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
)

// tally counts what reaches the server: writes by the first word of their key, and
// the watches by which records are listed.
type tally struct {
	mu     sync.Mutex
	writes map[string]int   // by key, such as live.worker-0
	sizes  map[string][]int // of the messages of each key
	lists  map[string]int   // by filter
	ledger *ledger
	nc     *nats.Conn
	inbox  string
	heard  chan struct{}
}

// watches is the subject by which the bridge makes the consumer of a watch.
const watches = "$JS.API.CONSUMER.CREATE.KV_live.>"

// heardHere is a subject that tallies hear, and under which nothing is stored.
const heardHere = "$KV.live.mark"

// count listens in from here on.
func (g *group) count() *tally {
	g.t.Helper()
	nc := g.connect()
	c := &tally{
		writes: map[string]int{}, sizes: map[string][]int{}, lists: map[string]int{},
		ledger: g.ledger, nc: nc, inbox: nats.NewInbox(), heard: make(chan struct{}, 1),
	}
	all := make(chan *nats.Msg, 1<<16) // one for both, so that what was first is counted first
	for _, subject := range []string{"$KV.live.>", watches} {
		sub, err := nc.ChanSubscribe(subject, all)
		require.NoError(g.t, err)
		g.t.Cleanup(func() { _ = sub.Unsubscribe() })
	}
	go func() {
		for {
			select {
			case m := <-all:
				c.note(m)
			case <-g.t.Context().Done():
				return
			}
		}
	}()
	require.NoError(g.t, nc.Flush())
	return c
}

// arrivals counts those records that reach the server from here on. The ledger's lock is its
// lock.
func (g *group) arrivals(subject string, are func(record any) bool) (count func() int) {
	g.t.Helper()
	n, nc := 0, g.connect()
	_, err := nc.Subscribe(subject, func(m *nats.Msg) {
		if _, record, _ := bridge.Inspect(m.Subject, m.Data); are(record) {
			g.ledger.mu.Lock()
			n++
			g.ledger.mu.Unlock()
			g.ledger.wake()
		}
	})
	require.NoError(g.t, err)
	require.NoError(g.t, nc.Flush())
	return func() int { return n }
}

func (c *tally) note(m *nats.Msg) {
	c.mu.Lock()
	defer c.mu.Unlock()
	words := strings.Split(m.Subject, ".")
	switch {
	case m.Subject == heardHere:
		if m.Reply == c.inbox {
			c.heard <- struct{}{}
		}
	case words[0] == "$KV":
		key := strings.Join(words[3:], ".")
		c.writes[key]++
		c.sizes[key] = append(c.sizes[key], m.Size())
	default:
		c.lists[strings.Join(words[9:], ".")]++
	}
	c.ledger.wake()
}

// hear waits until everything is counted that reached the server before.
func (c *tally) hear() {
	require.NoError(c.ledger.t, c.nc.PublishRequest(heardHere, c.inbox, nil))
	select {
	case <-c.heard:
	case <-time.After(patience):
		require.Fail(c.ledger.t, "the server does not tell what reaches it")
	}
}

// of sums the writes of a key, or of those that begin so if it ends with a dot.
func (c *tally) of(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !strings.HasSuffix(key, ".") {
		return c.writes[key]
	}
	n := 0
	for k, count := range c.writes {
		if strings.HasPrefix(k, key) {
			n += count
		}
	}
	return n
}

// keys is how many keys that begin so were written. A step is one of the journal,
// however often it was tried.
func (c *tally) keys(prefix string) int {
	return c.sized(prefix, func(n int, _ []int) int { return n + 1 })
}

// bytes sums the sizes of the messages whose key begins so, most is the largest one's.
func (c *tally) bytes(prefix string) int {
	return c.sized(prefix, func(sum int, sizes []int) int {
		for _, n := range sizes {
			sum += n
		}
		return sum
	})
}

func (c *tally) most(prefix string) int {
	return c.sized(prefix, func(most int, sizes []int) int { return max(most, slices.Max(sizes)) })
}

func (c *tally) sized(prefix string, fold func(so int, sizes []int) int) (so int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, sizes := range c.sizes {
		if strings.HasPrefix(key, prefix) {
			so = fold(so, sizes)
		}
	}
	return so
}

func (c *tally) listed(filter string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lists[filter]
}

// clear forgets what reached the server before.
func (c *tally) clear() {
	c.hear()
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.writes)
	clear(c.sizes)
	clear(c.lists)
}

// A group in which nothing happens writes one heartbeat per worker and interval,
// one renewal of the lead each quarter of its lease, and nothing else; its leader
// lists the workers once each PollInterval.
//
// hazard 28
func TestCount_IdleWrites(t *testing.T) {
	g := newGroup(t, patient(), 24)
	g.settings.LeaderLease = 6 * time.Second // so that the lead is renewed often enough to be counted
	all := g.start(3)
	c := g.count()
	const beats = 8
	// The first beat that is seen begins the count, so that it covers whole intervals.
	g.ledger.await("a heartbeat", func() bool { return c.of("live.worker-0") > 0 })
	c.clear()
	g.ledger.await("more heartbeats", func() bool { return c.of("live.worker-0") == beats })

	for _, w := range all {
		require.InDelta(t, beats, c.of("live."+string(w.id())), 1)
	}
	span := beats * g.settings.HeartbeatInterval
	require.InDelta(t, float64(span)/float64(g.settings.LeadRenewal()), c.of("lead"), 1.5)
	require.InDelta(t, float64(span)/float64(g.settings.PollInterval), c.listed("live.*"), 1.5)
	for _, key := range []string{"head", "asg.", "term", "journal."} {
		require.Zero(t, c.of(key), "writes of %s", key)
	}
}

// A decision that moves many partitions is published in a few steps, and what does
// not move is not touched: its handlers run on.
func TestCount_Join(t *testing.T) {
	const partitions = 240
	g := newGroup(t, patient(), partitions)
	handlers := g.handlers()
	all := g.start(3)
	g.running(handlers)
	leads, _ := g.leader(all...)
	version := leads.snapshot().Version
	before := handlers.starts()
	c := g.count()

	all = append(all, g.join("fourth"))
	g.atRest(all...)
	g.running(handlers)

	moved := 0
	for id, n := range handlers.starts() {
		moved += n - before[id]
		require.LessOrEqual(t, n-before[id], 1)
	}
	require.Equal(t, partitions/4, moved, "the newcomer's share moves, and nothing else pauses")
	require.Equal(t, version+1, leads.snapshot().Version, "one decision")
	c.hear()
	require.LessOrEqual(t, c.keys("journal."), 4, "one publish that revokes, and one for each burst of answers")
	require.Equal(t, c.of("head.0"), c.of("journal."), "each publish is in the journal")
	require.NotContains(t, g.ledger.read(all[0]).states, messages.Degraded)
}
