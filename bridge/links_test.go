package bridge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/test/links"
)

// clients is the end of a way where clients are.
const clients = -1

// ways are links through which the nodes of a cluster, and its clients, reach each
// other. What is sent through one that is cut is lost, and nobody is told; when it
// is whole again, its connections end.
type ways struct {
	t   *testing.T
	all []*way
}

// way is the link from one node, or from clients, to another node.
type way struct {
	*links.Link
	from, to int
}

// add makes a way to an address and returns where it begins.
func (w *ways) add(from, to int, target string) string {
	l, err := links.New(target)
	require.NoError(w.t, err)
	w.t.Cleanup(l.Close)
	w.all = append(w.all, &way{l, from, to})
	return l.Addr()
}

// cut cuts the ways that fit.
func (w *ways) cut(which func(*way) bool) {
	for _, k := range w.all {
		if which(k) {
			k.Set(links.Silent)
		}
	}
}

// heal makes all of them whole again.
func (w *ways) heal() {
	for _, k := range w.all {
		if k.State() != links.Whole {
			k.Set(links.Closed)
			k.Set(links.Whole)
		}
	}
}
