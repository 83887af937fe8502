package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Who looked silent at the one instant of the look, and renews the same session, gets what
// was to go there, also if its silence no longer means anything.
func TestPublisher_WhoRenewsAfterAllGetsWhatWasToGoThere(t *testing.T) {
	for name, again := range map[string]func(p *printing){
		"a heartbeat":             func(*printing) {},
		"silence means no longer": func(p *printing) { p.tell(p.pid, messages.GiveGrace{Until: p.now.Add(time.Minute)}) },
	} {
		t.Run(name, func(t *testing.T) {
			p := printed(t)
			p.after(p.settings.Wait(p.settings.Lease))
			p.beat("w-0", partition.Live{})
			p.want(pair, 1, 1)
			require.Zero(t, heard[messages.HandedOver](t, p.calculator).Moves)
			p.after(time.Second)
			p.beat("w-0", partition.Live{})
			unheard[messages.Store](t, p.outside) // nobody lets go of it for nobody
			again(p)
			p.beat("w-1", partition.Live{})
			m := p.store()
			require.Len(t, p.assignment(m, "w-1").Pending, 2)
			p.accept(m)
			p.beat("w-0", partition.Live{Applied: 5002})
			require.Len(t, p.assignment(p.store(), "w-1").Owned, 2)
		})
	}
}
