package sim

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/test/sim/contract"
)

// flawed is a port that breaks a belief.
type flawed struct {
	bridge.Port
	op     func(*bridge.Op)
	result func(bridge.Op, *bridge.Result)
	info   func(*bridge.StreamInfo)
	sights func(*bridge.Sights)
	begun  func(*bridge.Sights) // in place of it until the first pass is over
	filter func(string) string
	eager  bool // asks for more by itself
	stays  bool // never moves
	single bool // writes batches one by one
}

func (f *flawed) Submit(op bridge.Op, within time.Duration, done func(bridge.Result)) func() {
	if f.op != nil {
		f.op(&op)
	}
	if f.single && len(op.Publish) > 1 {
		for _, m := range op.Publish[1:] {
			f.Port.Submit(bridge.Op{Publish: []bridge.Message{m}}, within, func(bridge.Result) {})
		}
		op.Publish = op.Publish[:1]
	}
	return f.Port.Submit(op, within, func(r bridge.Result) {
		if f.result != nil {
			f.result(op, &r)
		}
		done(r)
	})
}

func (f *flawed) Info(within time.Duration, done func(bridge.StreamInfo)) func() {
	return f.Port.Info(within, func(i bridge.StreamInfo) {
		if f.info != nil {
			f.info(&i)
		}
		done(i)
	})
}

func (f *flawed) Watch(filter string, within time.Duration, each func(bridge.Sights), gone func(error)) bridge.Watching {
	if f.filter != nil {
		filter = f.filter(filter)
	}
	var w bridge.Watching
	passed := false
	w = f.Port.Watch(filter, within, func(s bridge.Sights) {
		if f.begun != nil && !passed {
			f.begun(&s)
		}
		passed = s.Synced
		if f.sights != nil {
			f.sights(&s)
		}
		each(s)
		if f.eager {
			w.Next()
		}
	}, gone)
	return w
}

func (f *flawed) Reconnect() {
	if !f.stays {
		f.Port.Reconnect()
	}
}

// unfenced drops conditions that a function picks.
func unfenced(which func(m bridge.Message, batch int) bool) func(*bridge.Op) {
	return func(op *bridge.Op) {
		var batch []bridge.Message
		for _, m := range op.Publish {
			if m.Expect != nil && m.Expect.Sequence < 1<<40 && which(m, len(op.Publish)) {
				m.Expect = nil
			}
			batch = append(batch, m)
		}
		op.Publish = batch
	}
}

// flaws are what could be otherwise, by the cases that must notice.
var flaws = map[string]func(*flawed){
	"N1_AWriteIsFenced N1_AFenceOnAFilter N3 N5_Zombies": func(f *flawed) {
		f.op = unfenced(func(m bridge.Message, _ int) bool { return m.Expect.Subject != m.Subject })
	},
	"N1_AFenceEnds": func(f *flawed) {
		f.op = unfenced(func(m bridge.Message, _ int) bool { return strings.Contains(m.Expect.Subject, ".two.") })
	},
	"N1_AFenceOnAFilterIsOnItsNewest": func(f *flawed) { // of the one that it writes
		f.op = func(op *bridge.Op) {
			for _, m := range op.Publish {
				if m.Expect != nil && strings.HasSuffix(m.Expect.Subject, ".*") {
					m.Expect.Subject = m.Subject
				}
			}
		}
	},
	"N2_ABatchLands N2_ABatchHas": func(f *flawed) { f.single = true },
	"N2_ABatchIs": func(f *flawed) {
		f.op = unfenced(func(_ bridge.Message, batch int) bool { return batch > 1 })
	},
	"N4_ARefusal N6_ARecreated N6_OneCreation N6_AStore/1": func(f *flawed) {
		f.result = func(_ bridge.Op, r *bridge.Result) { r.Code = 0 }
		f.info = func(i *bridge.StreamInfo) { i.Result.Code = 0 }
	},
	"N4_Fenced/3 N4_Without N5_AnIsolated N15_AnIsolated": func(f *flawed) {
		f.result = func(_ bridge.Op, r *bridge.Result) {
			if r.Outcome == bridge.Unknown {
				r.Outcome = bridge.Refused
			}
		}
	},
	"N6_OneCreationCounts": func(f *flawed) {
		f.result = func(op bridge.Op, r *bridge.Result) {
			if op.Create != nil {
				*r = bridge.Result{}
			}
		}
	},
	"N6_AStore/3": func(f *flawed) {
		f.result = func(op bridge.Op, r *bridge.Result) {
			if op.Get != "" {
				r.Sequence = min(r.Sequence, 1)
			}
		}
	},
	"N8_ARead": func(f *flawed) { // what is old is written over
		f.op = unfenced(func(m bridge.Message, _ int) bool { return string(m.Data) == "c" })
	},
	"N8_ACutOff": neverBehind(map[string]bridge.Result{}),
	"N15_AClient": func(f *flawed) {
		f.result = func(op bridge.Op, r *bridge.Result) {
			if op.Get != "" && r.Outcome == bridge.Unknown {
				*r = bridge.Result{Sequence: 99}
			}
		}
	},
	"N9 N10_AWatchTells N16": func(f *flawed) { f.sights = func(s *bridge.Sights) { s.Messages = nil } },
	"N10":                    func(f *flawed) { f.sights = func(s *bridge.Sights) { s.Synced = false } },
	"N11":                    func(f *flawed) { f.eager = true },
	"N12":                    func(f *flawed) { f.info = func(i *bridge.StreamInfo) { i.Config.AllowRollup = true } },
	"N13": func(f *flawed) {
		f.op = func(op *bridge.Op) {
			for i := range op.Publish {
				op.Publish[i].Data = op.Publish[i].Data[:min(len(op.Publish[i].Data), 1000)]
			}
		}
	},
	"N14": func(f *flawed) {
		f.result = func(_ bridge.Op, r *bridge.Result) {
			if r.Outcome == bridge.Denied {
				r.Outcome = bridge.Unknown
			}
		}
	},
	"N15/3 N5_AnIsolated": func(f *flawed) { f.stays = true },
	"N16_AWatch": func(f *flawed) {
		f.filter = func(filter string) string { return filter[:strings.LastIndex(filter, ".")+1] + "*" }
	},
	"N9_AWatchNever": func(f *flawed) {
		f.sights = func(s *bridge.Sights) {
			for i := range s.Messages {
				s.Messages[i].Subject = strings.Replace(s.Messages[i].Subject, ".two.", ".one.", 1)
			}
		}
	},
}

// neverBehind lets each read tell the newest that anybody wrote, wherever it is asked.
func neverBehind(newest map[string]bridge.Result) func(*flawed) {
	return func(f *flawed) {
		f.result = func(op bridge.Op, r *bridge.Result) {
			switch {
			case op.Publish != nil && r.Outcome == bridge.Accepted:
				newest[op.Publish[0].Subject] = bridge.Result{Sequence: r.Sequence, Data: op.Publish[0].Data}
			case op.Get != "" && newest[op.Get].Sequence > 0:
				*r = newest[op.Get]
			}
		}
	}
}

// mishap is a test that only notices whether it failed.
type mishap struct{ first string }

var errMishap = errors.New("the case failed")

func (m *mishap) Helper() {}

func (m *mishap) Errorf(format string, args ...any) {
	if m.first == "" {
		m.first = fmt.Sprintf(format, args...)
	}
}

func (m *mishap) FailNow() { panic(errMishap) }

// failure is what is said first of a run on a host with this flaw, if it fails.
func failure(run func(contract.T, contract.Host), nodes int, plant func(*flawed)) (first string) {
	m := &mishap{}
	defer func() {
		if r := recover(); r != nil && r != any(errMishap) {
			panic(r)
		}
		first = m.first
	}()
	run(m, newHost(m, nodes, func(p bridge.Port) bridge.Port {
		f := &flawed{Port: p}
		plant(f)
		return f
	}))
	return ""
}

// TestContractNotices shows of every case that it fails when its belief is wrong.
func TestContractNotices(t *testing.T) {
	noticed := map[string]bool{}
	for who, plant := range flaws {
		for _, name := range strings.Fields(who) {
			name, only, limited := strings.Cut(name, "/")
			for _, nodes := range []int{1, 3} {
				if limited && only != fmt.Sprint(nodes) {
					continue
				}
				for _, c := range contract.Cases(nodes) {
					if c.Name == name || strings.HasPrefix(c.Name, name+"_") || strings.HasPrefix(c.Name, name) && strings.Contains(name, "_") {
						require.NotEmpty(t, failure(c.Run, nodes, plant), "%s on %d nodes does not notice", c.Name, nodes)
						noticed[c.Name] = true
					}
				}
			}
		}
	}
	for _, c := range contract.Cases(3) {
		require.True(t, noticed[c.Name], "%s: no flaw was planted for it", c.Name)
	}
}
