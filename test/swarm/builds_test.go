package swarm

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/sim"
)

// memory checks that whoever rewrites a record keeps what it does not know.
type memory struct {
	reader sim.Reader
	fields map[string]partition.Kept
	kept   map[string]int // how often, by what it was
	lost   []string
	deltas deltas
}

// remember counts in these what is kept, and what the one build applies of the other's deltas.
func remember(kept, read map[string]int) *memory {
	return &memory{
		fields: map[string]partition.Kept{}, kept: kept,
		deltas: deltas{newer: map[string]bool{}, last: map[partition.SessionID]delta{}, read: read},
	}
}

func (m *memory) see(c sim.Commit) {
	for _, x := range m.reader.Read(c) {
		prefix := strings.TrimSuffix(x.Subject, string(x.Key))
		switch r := x.Record.(type) {
		case partition.Live:
			m.rewritten(prefix+string(x.Key)+string(r.Session), "live", r.Kept)
			m.deltas.applied(c.By, r)
		case partition.Head:
			prefix = strings.Join(strings.Split(prefix, ".")[:3], ".")
			m.rewritten(prefix, "head", r.Kept)
		case partition.Assignment:
			m.rewritten(prefix+string(x.Key)+string(r.Session), "assignment", r.Kept)
			m.deltas.written(c, x.Subject, r)
		}
	}
}

func (m *memory) rewritten(record, kind string, now partition.Kept) {
	switch was := m.fields[record]; was {
	case "":
	case now:
		m.kept[kind]++
	default:
		m.lost = append(m.lost, record)
	}
	m.fields[record] = now
}

// deltas tells who applied what was written as what has changed.
type deltas struct {
	newer map[string]bool // the processes of the newer build
	last  map[partition.SessionID]delta
	read  map[string]int // of the other build, by who read whose
}

type delta struct {
	step partition.Step
	by   string
}

// written notes an assignment of a commit, which this message completes.
func (d deltas) written(c sim.Commit, subject string, a partition.Assignment) {
	delete(d.last, a.Session)
	for _, m := range c.Messages {
		if p := readPart(m.Data); m.Subject == subject && p.base != 0 && p.base != p.digest {
			d.last[a.Session] = delta{a.Step, c.By}
		}
	}
}

// applied notes what a session says of itself.
func (d deltas) applied(by string, l partition.Live) {
	last, ok := d.last[l.Session]
	if !ok || l.Fence != nil || l.Applied < last.step {
		return
	}
	delete(d.last, l.Session)
	switch reader, writer := d.newer[by], d.newer[last.by]; {
	case reader && !writer:
		d.read["newer of older"]++
	case writer && !reader:
		d.read["older of newer"]++
	}
}

// A rolling upgrade: every other process that joins is of a newer build, which
// has one field more in all records. Crashes and lost leads make both lead, and each
// applies what has changed as the other wrote it.
func TestTwoBuildsInOneGroup(t *testing.T) {
	system := sim.NewSystem()
	kept, read := map[string]int{}, map[string]int{}
	for seed := range uint64(6) { // in every other one, names are long enough for deltas
		l := begin(seed, sim.Strong(sim.LeaderCrash, sim.Comeback, sim.Pause, sim.LostAnswer), system)
		m := remember(kept, read)
		l.builds = func(n int) func(bridge.Port) bridge.Port {
			if (uint64(n)+seed/2)%2 == 0 {
				return nil
			}
			m.deltas.newer[fmt.Sprintf("w%d", n)] = true
			return newerBuild
		}
		l.world.Store.Observe(m.see)
		r := l.live(seed, lines)
		r.Again = "go test -count=1 -run '^TestTwoBuildsInOneGroup$' ./test/swarm"
		require.Empty(t, r.Broken, "%s", r)
		require.Empty(t, m.lost, "%s", r)
	}
	t.Logf("kept %v, read %v", kept, read)
	require.Len(t, kept, 3, "%v", kept)
	require.Len(t, read, 2, "%v", read)
}

// tooOld is a build to which some records are of a schema to come.
type tooOld struct {
	bridge.Port
	strange map[string]bool // by subject
}

func (o tooOld) Submit(op bridge.Op, within time.Duration, done func(bridge.Result)) func() {
	return o.Port.Submit(op, within, func(r bridge.Result) {
		r.Data = o.see(op.Get, r.Data)
		done(r)
	})
}

func (o tooOld) Watch(filter string, within time.Duration, each func(bridge.Sights), gone func(error)) bridge.Watching {
	return o.Port.Watch(filter, within, func(s bridge.Sights) {
		s.Messages = slices.Clone(s.Messages)
		for i, m := range s.Messages {
			s.Messages[i].Data = o.see(m.Subject, m.Data)
		}
		each(s)
	}, gone)
}

func (o tooOld) see(subject string, data []byte) []byte {
	if !o.strange[subject] {
		return data
	}
	return protowire.AppendVarint(protowire.AppendTag(slices.Clone(data), 100, protowire.VarintType), 2)
}

// Whoever cannot read a live record does not lead: the newer build does, if it
// may, or nobody does. Nobody loses anything by it, and all say why.
func TestABuildThatIsTooOldDoesNotLead(t *testing.T) {
	var list []partition.Partition
	for _, name := range strings.Fields("a b c d e f g h") {
		list = append(list, partition.Of(name))
	}
	w := sim.NewWorld(sim.Config{Seed: 1, Settings: partition.Fast(), Partitions: list, Fresh: true})
	defer w.Close()
	covered := func() bool { return len(w.Check.Unowned())+len(w.Check.Idle()) == 0 }
	strange := map[string]bool{}
	old := sim.Habits{Build: func(p bridge.Port) bridge.Port { return tooOld{p, strange} }}
	for _, name := range []string{"w1", "w2", "w3"} {
		w.Start(name, old)
	}
	require.True(t, w.Run(30*time.Second), w.Broken(lines))
	require.True(t, covered())
	w.Store.Observe(func(c sim.Commit) {
		for _, m := range c.Messages {
			if strings.Contains(m.Subject, ".live.") && c.By > "w3" {
				strange[m.Subject] = true
			} else if strange[m.Subject] {
				t.Errorf("%s wrote over %s, which it does not understand", c.By, m.Subject)
			}
		}
	})
	tooOlds := w.Processes()
	fourth := w.Start("w4", sim.Habits{NeverLead: true})
	require.True(t, w.Run(2*time.Minute), w.Broken(lines))
	heads := w.Check.Heads()
	require.True(t, w.Run(2*time.Minute), w.Broken(lines))
	require.Equal(t, heads, w.Check.Heads(), "nobody decides anything")
	require.True(t, covered(), "everybody goes on with what it has")
	const reason = "it has schema 2, and this build understands schemas up to 1: a newer build wrote it"
	told := 0
	for _, p := range tooOlds {
		require.Equal(t, messages.Stable, p.Heard.State)
		if !p.Heard.Health.Healthy {
			told++
			require.Regexp(t, `^this worker cannot lead: record live\.worker-3 at revision \d+: `+reason+"$", p.Heard.Health.Reason)
		}
	}
	require.Positive(t, told)

	fourth.Crash()
	w.Start("w5", sim.Habits{})
	require.True(t, w.Run(2*time.Minute), w.Broken(lines))
	require.Greater(t, w.Check.Heads(), heads, "a newer build leads on")
	require.Equal(t, "w5", w.Leader().Name)
	require.True(t, covered())
}
