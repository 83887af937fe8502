package bridge

import (
	"maps"
	"slices"
	"strings"

	"github.com/asynkron/protoactor-go/actor"
)

// former are the actors that dealt with an incarnation which is over. What they
// know are its revisions, and a revision of the former stream may by chance be
// one of the new stream. So they may not write any more: sessions, elections and
// terms are made anew for a new incarnation, under new names.
//
// The value says that the actor wrote, and that those below it are barred too: a
// leader's publisher knows its term from the election, and may not have asked for
// anything yet.
type former map[string]bool

// formerGone follows the last mail of an actor that has ended.
type formerGone struct{ name string }

// bar notes everybody who asked for something in the incarnation that ends.
func (o *outside) bar() {
	for _, name := range slices.Sorted(maps.Keys(o.clients)) {
		if c := o.clients[name]; c.asked {
			o.former[name] = c.wrote
			c.asked, c.wrote = false, false
		}
	}
}

// has reports whether the actor is one of them, or stands below one that wrote.
func (f former) has(pid *actor.PID) bool {
	if _, itself := f[pid.Id]; itself {
		return true
	}
	for i := strings.LastIndexByte(pid.Id, '/'); i > 0; i = strings.LastIndexByte(pid.Id[:i], '/') {
		if f[pid.Id[:i]] {
			return true
		}
	}
	return false
}

// ended forgets one that has ended. That it has is told faster than its mail, so
// oneself is told behind that.
func (o *outside) ended(name string) {
	if _, barred := o.former[name]; barred {
		o.send(formerGone{name})
	}
}
