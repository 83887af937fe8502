//go:build unix

package live

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
)

// A process that was stopped while the store was deleted and made anew owns
// nothing when it wakes, and can write nothing of what it had in mind.
//
// hazards 1, 57 and 58
func TestProcess_StoreLostMeanwhile(t *testing.T) {
	beside(t)
	g := newGroup(t, swift(), childPartitions)
	all, workers := g.crew().start()
	a := g.admin()
	after := g.ledger.latest()
	was, former, lead := all[0].ask(), a.incarnation(), a.latest(messages.KeyLead).revision
	all[0].pause()

	a.delete()
	g.anew(after, workers[1:]...)
	a.quarantined(g.settings, after)
	head := a.head()

	all[0].resume()
	all[0].wakesWithNothing()
	g.anew(after, workers...)
	require.Greater(t, a.head(), head, "it has claimed anew, and has a share")
	a.writesNothing(former, lead)
	said := fmt.Sprint(a.records())
	require.Contains(t, said, all[0].ask().session)
	require.NotContains(t, said, was.session, "of what it had in mind nothing is there")
}
