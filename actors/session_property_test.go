package actors

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Whatever is answered, and in whatever order reminders come: there are never two
// writes under way, none is sent after one in doubt before it is read back or
// tried again as it was, and none after the session is over.
func TestSession_OneWriter(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := live(t, nil)
		revision := partition.Revision(10)
		var last partition.Live
		over := false
		for range rapid.IntRange(5, 40).Draw(r, "events") {
			writes, reads, reminders := p.sort()
			require.LessOrEqual(t, len(writes), 1)
			require.False(t, over && len(writes) > 0, "a write after the end")
			switch rapid.IntRange(0, 6).Draw(r, "event") {
			case 0:
				p.tell(p.pid, messages.Holdings{Session: "mine", Applied: partition.Step(revision)})
			case 1, 2:
				if len(reminders) > 0 {
					i := rapid.IntRange(0, len(reminders)-1).Draw(r, "which")
					p.tell(p.pid, reminders[i].Mail)
					reminders = append(reminders[:i:i], reminders[i+1:]...)
				}
			case 3:
				for _, m := range p.holder.mail {
					if q, ok := m.(messages.GetHoldings); ok {
						p.tell(p.pid, messages.Holdings{Round: q.Round, Session: "mine"})
					}
				}
				p.holder.forget()
			default:
				revision, last = p.react(r, writes, reads, revision, last)
				writes, reads = nil, nil
			}
			p.after(time.Duration(rapid.IntRange(0, 300).Draw(r, "ms")) * time.Millisecond)
			for _, m := range p.parent.mail {
				_, lost := m.(messages.SessionLost)
				if lost && !over {
					over, writes = true, nil
					p.outside.forget()
				}
			}
			p.parent.forget()
			p.keep(writes, reads, reminders)
		}
	})
}

// sort takes the mail of the outside apart.
func (p *tenancy) sort() (writes []messages.Store, reads []messages.Read, reminders []messages.Remind) {
	for _, m := range p.outside.mail {
		switch m := m.(type) {
		case messages.Store:
			writes = append(writes, m)
		case messages.Read:
			reads = append(reads, m)
		case messages.Remind:
			reminders = append(reminders, m)
		}
	}
	p.outside.forget()
	return writes, reads, reminders
}

// keep puts back what was not answered.
func (p *tenancy) keep(writes []messages.Store, reads []messages.Read, reminders []messages.Remind) {
	for _, m := range writes {
		p.outside.mail = append(p.outside.mail, m)
	}
	for _, m := range reads {
		p.outside.mail = append(p.outside.mail, m)
	}
	for _, m := range reminders {
		p.outside.mail = append(p.outside.mail, m)
	}
}

// react answers what was asked, in one of the ways that the store may.
func (p *tenancy) react(r *rapid.T, writes []messages.Store, reads []messages.Read, revision partition.Revision, last partition.Live) (partition.Revision, partition.Live) {
	for _, w := range writes {
		live := w.Writes[0].Record.(partition.Live)
		switch rapid.IntRange(0, 3).Draw(r, "outcome") {
		case 0:
			p.doubt(w)
		case 1: // in doubt, and written
			revision, last = revision+1, live
			p.doubt(w)
		case 2:
			p.tell(p.pid, messages.Rejected{Round: w.Round, At: p.now})
		default:
			revision, last = revision+1, live
			p.stored(w, revision, p.now, p.now)
		}
	}
	for _, q := range reads {
		how := rapid.IntRange(0, 3).Draw(r, "read")
		if how < 2 {
			p.tell(p.pid, messages.ReadFailed{Round: q.Round, At: p.now})
			continue
		}
		e := slot("worker-0", revision, last)
		if revision == 10 {
			e.Record = partition.Live{Session: "mine", Beat: 1}
		}
		if how == 2 { // it is of before all of that
			e = messages.Entry{Key: e.Key}
		}
		p.tell(p.pid, messages.ReadDone{Round: q.Round, Entries: []messages.Entry{e}, At: p.now})
	}
	return revision, last
}
