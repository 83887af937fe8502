package sim

import (
	"slices"
	"strings"

	"github.com/troupe-actors/troupe/bridge"
)

// tap is a reader of everything that one stream accepts.
type tap struct {
	of     *stream
	filter []string
	see    func(bridge.Sight)
	lost   func()
	closed bool
}

// Tap calls see with everything that a stream accepts and that matches, until
// stop is called or the stream is gone, which lost tells.
func (s *Store) Tap(name, filter string, see func(bridge.Sight), lost func()) (stop func(), ok bool) {
	st := s.streams[name]
	if st == nil {
		return func() {}, false
	}
	t := &tap{of: st, filter: strings.Split(filter, "."), see: see, lost: lost}
	s.taps = append(s.taps, t)
	return func() {
		t.closed = true
		s.taps = slices.DeleteFunc(s.taps, func(x *tap) bool { return x == t })
	}, true
}

func (s *Store) tell(st *stream, c Commit) {
	for _, t := range slices.Clone(s.taps) {
		if t.of != st {
			continue
		}
		for _, m := range c.Messages {
			if !t.closed && matches(t.filter, m.Subject) {
				t.see(m)
			}
		}
	}
}

func (s *Store) cut(which func(*tap) bool) {
	var gone []*tap
	s.taps = slices.DeleteFunc(s.taps, func(t *tap) bool {
		if which(t) {
			gone = append(gone, t)
		}
		return which(t)
	})
	for _, t := range gone {
		t.closed = true
		t.lost()
	}
}

// matches compares a subject with a filter: * is one token, > is all the rest.
func matches(filter []string, subject string) bool {
	for i, token := range filter {
		if token == ">" {
			return subject != ""
		}
		part, rest, more := strings.Cut(subject, ".")
		if part == "" || token != "*" && token != part {
			return false
		}
		if !more {
			return i == len(filter)-1
		}
		subject = rest
	}
	return false
}

func overlap(a, b []string) bool {
	for _, x := range a {
		for _, y := range b {
			if matches(strings.Split(x, "."), y) || matches(strings.Split(y, "."), x) {
				return true
			}
		}
	}
	return false
}
