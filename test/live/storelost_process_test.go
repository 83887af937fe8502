//go:build unix

package live

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// A process that was stopped while the store was deleted and made anew owns
// nothing when it wakes, and can write nothing of what it had in mind.
//
// hazards 1, 57 and 58
func TestProcess_StoreLostMeanwhile(t *testing.T) {
	beside(t)
	g := newGroup(t, swift(), childPartitions)
	a := g.admin()
	former, lead := g.sleepsThrough(a, func([]*worker) { a.delete() })
	require.NotEqual(t, former, a.incarnation())
	a.writesNothing(former, lead)
}

// So it is if the records have expired meanwhile, as somebody edited how long the stream
// keeps them: it is the same one, which has all that anybody wrote since.
//
// hazards 1 and 57
func TestProcess_RecordsExpiredMeanwhile(t *testing.T) {
	beside(t)
	g := newGroup(t, swift(), childPartitions)
	a := g.admin()
	require.NoError(t, a.create("kept"))
	former, lead := g.sleepsThrough(a, func(others []*worker) {
		a.edit(100 * time.Millisecond)
		g.without("MaxAge is 100ms; must be 0", others...)
		a.expired()
		a.edit(0)
	})
	require.Equal(t, former, a.incarnation())
	answer, err := a.writeLead(former, lead)
	require.NoError(t, err)
	require.Contains(t, string(answer.Data), "wrong last sequence")
}

// sleepsThrough stops one process of three, of which a heartbeat is on its way, until the
// store has lost its records and the others own everything again. Then it wakes and the
// heartbeat arrives. Returned are the incarnation and the lead of before.
func (g *group) sleepsThrough(a *admin, lose func(others []*worker)) (former string, lead partition.Revision) {
	t := g.t
	t.Helper()
	wire := &cable{}
	url := wire.to(t, g.url())
	all, workers := g.crew().start(func(o *orders) {
		if strings.HasPrefix(o.Name, "one-") {
			o.URL = url
		}
	})
	after := g.ledger.latest()
	was, others := all[0].ask(), workers[1:]
	former, lead = a.incarnation(), a.latest(messages.KeyLead).revision
	prefix := "$KV.live." + former + "."
	late := g.arrivals(prefix+"live.*", func(record any) bool { // whether a stream takes them or not
		live, ok := record.(partition.Live)
		return ok && live.Session == was.session
	})
	<-wire.hold("PUB " + prefix + "live.")
	all[0].pause()
	asleep := g.ledger.mark()

	lose(others)
	g.anew(after, others...)
	a.quarantined(g.settings, after)
	head := a.head()
	g.ledger.mu.Lock()
	before := late()
	g.ledger.mu.Unlock()
	g.ledger.unmoved(asleep, workers[0]) // it has not heard of anything

	all[0].resume()
	require.NoError(t, wire.flush())
	all[0].wakesWithNothing()
	g.ledger.await("the heartbeat has arrived", func() bool { return late() > before })
	g.anew(after, workers...)
	require.Greater(t, a.head(), head, "it has claimed anew, and has a share")
	is := all[0].ask()
	require.NotEqual(t, was.session, is.session)
	said := fmt.Sprint(a.records())
	require.Contains(t, said, is.session)
	require.NotContains(t, said, was.session, "of what it had in mind nothing is there")
	return former, lead
}
