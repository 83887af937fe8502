package swarm

import (
	"hash/fnv"
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

// field is one that only a newer build knows.
var field = protowire.AppendString(protowire.AppendTag(nil, 2000, protowire.BytesType), "of a newer build")

// newer is a build that writes the field into every record, once.
type newer struct{ bridge.Port }

func (n newer) Submit(op bridge.Op, within time.Duration, done func(bridge.Result)) func() {
	return n.Port.Submit(changed(op, func(m bridge.Message) []byte {
		_, record, _ := bridge.Inspect(m.Subject, m.Data)
		switch r := record.(type) {
		case partition.Head, partition.Assignment:
			return intoPart(m.Data)
		case partition.Live:
			if r.Fence != nil {
				return m.Data // a fence changes nothing else
			}
		}
		return with(m.Data)
	}), within, done)
}

// changed is the operation with other messages.
func changed(op bridge.Op, change func(bridge.Message) []byte) bridge.Op {
	op.Publish = slices.Clone(op.Publish)
	for i, m := range op.Publish {
		op.Publish[i].Data = change(m)
	}
	return op
}

func with(record []byte) []byte {
	if strings.HasSuffix(string(record), string(field)) {
		return record
	}
	return append(slices.Clone(record), field...)
}

// intoPart puts the field into a record that goes in parts, here always one.
func intoPart(part []byte) (out []byte) {
	digest := fnv.New64a()
	for len(part) > 0 {
		number, kind, n := protowire.ConsumeField(part)
		whole := part[:n]
		part = part[n:]
		switch number {
		case 2: // the digest, which comes before the data
		case 5:
			_, _, tag := protowire.ConsumeTag(whole)
			data, _ := protowire.ConsumeBytes(whole[tag:])
			data = with(data)
			_, _ = digest.Write(data)
			out = protowire.AppendFixed64(protowire.AppendTag(out, 2, protowire.Fixed64Type), digest.Sum64())
			out = protowire.AppendBytes(protowire.AppendTag(out, number, kind), data)
		default:
			out = append(out, whole...)
		}
	}
	return out
}

// memory checks that whoever rewrites a record keeps what it does not know.
type memory struct {
	reader sim.Reader
	fields map[string]partition.Kept
	kept   map[string]int // how often, by what it was
	lost   []string
}

func (m *memory) see(c sim.Commit) {
	for _, x := range m.reader.Read(c) {
		prefix := strings.TrimSuffix(x.Subject, string(x.Key))
		switch r := x.Record.(type) {
		case partition.Live:
			m.rewritten(prefix+string(x.Key)+string(r.Session), "live", r.Kept)
		case partition.Head:
			prefix = strings.Join(strings.Split(prefix, ".")[:3], ".")
			m.rewritten(prefix, "head", r.Kept)
		case partition.Assignment:
			m.rewritten(prefix+string(x.Key)+string(r.Session), "assignment", r.Kept)
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

// A rolling upgrade: every other process that joins is of a newer build, which
// has one field more in all records. Crashes and lost leads make both lead.
func TestTwoBuildsInOneGroup(t *testing.T) {
	system := sim.NewSystem()
	kept := map[string]int{}
	for i := range uint64(6) {
		seed := 2*i + 1 // whose names are short: only whole records get the field
		l := begin(seed, sim.Strong(sim.LeaderCrash, sim.Comeback, sim.Pause, sim.LostAnswer), system)
		l.builds = func(n int) func(bridge.Port) bridge.Port {
			if (uint64(n)+i)%2 == 0 {
				return nil
			}
			return func(p bridge.Port) bridge.Port { return newer{p} }
		}
		m := &memory{fields: map[string]partition.Kept{}, kept: kept}
		l.world.Store.Observe(m.see)
		r := l.live(seed, lines)
		r.Again = "go test -count=1 -run '^TestTwoBuildsInOneGroup$' ./test/swarm"
		require.Empty(t, r.Broken, "%s", r)
		require.Empty(t, m.lost, "%s", r)
	}
	require.Len(t, kept, 3, "%v", kept)
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
