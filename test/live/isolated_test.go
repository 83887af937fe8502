package live

import (
	"fmt"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/links"
)

// routes are the links between the nodes of a cluster, by the two ends.
type routes struct {
	t     *testing.T
	all   map[[2]string]*links.Link
	names []string // of the nodes, in their order
}

// through makes the options of a node lead to the others by links, and nowhere else.
func (r *routes) through(o *server.Options) {
	self := net.JoinHostPort(o.Cluster.Host, strconv.Itoa(o.Cluster.Port))
	r.names = append(r.names, self)
	for i, other := range o.Routes {
		if other.Host == self {
			continue
		}
		l, err := links.New(other.Host)
		require.NoError(r.t, err)
		r.t.Cleanup(l.Close)
		r.all[[2]string{self, other.Host}] = l
		o.Routes[i].Host = l.Addr()
	}
	o.Cluster.NoAdvertise = true
	o.Cluster.Advertise = "127.0.0.1:1" // where nobody listens: what nodes tell each other leads past the links
}

// set brings all links to and from a node into a state.
func (r *routes) set(node string, to links.State) {
	for ends, l := range r.all {
		if node == ends[0] || node == ends[1] {
			l.Set(to)
		}
	}
}

// node is the number of the node that leads the stream, or of another one.
func (r *routes) node(leader string, leads bool) int {
	node := int(leader[len(leader)-1] - '1')
	if !leads {
		node = (node + 1) % len(r.names)
	}
	return node
}

// One of three nodes is cut off, and nobody tells those who are connected to it. If it
// led the stream, nobody can write for seconds. The worker there lets everything go, or
// keeps it if it is Available, moves to another server by itself, and works again before
// the node is back.
//
// hazards 56 and 59
func TestDegraded_NodeIsolated(t *testing.T) {
	beside(t)
	for _, c := range []struct {
		leads bool // the stream
		mode  partition.Ownership
	}{{true, partition.Exclusive}, {false, partition.Exclusive}, {true, partition.Available}} {
		t.Run(fmt.Sprintf("it leads the stream %t, %v", c.leads, c.mode), func(t *testing.T) {
			t.Parallel()
			r := &routes{t: t, all: map[[2]string]*links.Link{}}
			s := mortal()
			s.Ownership, s.EnterThreshold = c.mode, time.Second // long before it moves, after three timeouts
			g := onThree(t, embedded.Config{Memory: true, Options: r.through}, s, 24)
			g.ledger.twice = c.mode == partition.Available
			g.watched()
			var all []*worker
			for i := range 3 {
				g.first = i
				all = append(all, g.join(fmt.Sprintf("on %d", i)))
				g.atRest(all...)
			}
			node := r.node(g.admin().stream().CachedInfo().Cluster.Leader, c.leads)
			away := all[node]
			require.Equal(t, g.cluster.URL(node), away.nc.ConnectedUrl())
			had := len(g.ledger.read(away).owned)

			r.set(r.names[node], links.Silent)
			if c.mode == partition.Available {
				g.keeps(away, had)
			} else {
				g.outage(away)
			}
			g.atRest(all...)
			require.NotEqual(t, g.cluster.URL(node), away.nc.ConnectedUrl())
			r.set(r.names[node], links.Closed)
			r.set(r.names[node], links.Whole)
			g.atRest(all...)
			g.whole()
		})
	}
}
