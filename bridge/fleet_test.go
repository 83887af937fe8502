package bridge_test

import (
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
)

// fleet is a real server, or a cluster of three, behind links that can be cut.
type fleet struct {
	t       *testing.T
	ways    *ways
	cfg     embedded.Config
	cluster *embedded.Cluster
	single  *embedded.Server
	urls    []string // through links
	admin   *nats.Conn
}

func newFleet(t *testing.T, nodes int) *fleet {
	t.Helper()
	f := &fleet{t: t, ways: &ways{t: t}}
	f.cfg = embedded.Config{Dir: t.TempDir(), ReadyWithin: patience, Options: f.options()}
	var direct []string
	if nodes == 1 {
		f.start(0, false)
		direct = append(direct, f.single.URL())
		u, err := url.Parse(f.single.URL())
		require.NoError(t, err)
		f.cfg.Port, err = strconv.Atoi(u.Port())
		require.NoError(t, err)
	} else {
		c, err := embedded.StartCluster(f.cfg, nodes)
		require.NoError(t, err)
		f.cluster = c
		for i := range nodes {
			direct = append(direct, c.URL(i))
		}
	}
	t.Cleanup(f.end)
	for i, d := range direct {
		f.urls = append(f.urls, "nats://"+f.ways.add(clients, i, strings.TrimPrefix(d, "nats://")))
	}
	f.admin = f.dial(direct)
	return f
}

// options let each node know the others through links only. Nothing is synced to
// disk: no test loses power.
func (f *fleet) options() func(*server.Options) {
	ways := map[[2]int]*url.URL{}
	return func(o *server.Options) {
		o.SyncAlways = false
		o.Users, o.NoAuthUser = users(), everybody
		if len(o.Routes) == 0 {
			return
		}
		var routes []*url.URL
		from := indexOf(o.ServerName)
		for to, r := range o.Routes {
			way := [2]int{from, to}
			if ways[way] == nil && to != from {
				ways[way] = &url.URL{Scheme: r.Scheme, Host: f.ways.add(from, to, r.Host)}
			}
			if to != from {
				routes = append(routes, ways[way])
			}
		}
		o.Routes = routes
		o.Cluster.NoAdvertise = true
		o.Cluster.Advertise = "127.0.0.1:1" // where nobody listens: what nodes tell each other leads past the links
	}
}

// Users of the servers: everybody, who may do everything, and one who may write the
// record term and ask what the stream is.
const (
	everybody  = "everybody"
	restricted = "restricted"
)

func users() []*server.User {
	may := &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: []string{"$JS.API.STREAM.INFO.>", "$KV.*.*.term"}},
		Subscribe: &server.SubjectPermission{Allow: []string{">"}},
	}
	return []*server.User{{Username: everybody, Password: everybody}, {Username: restricted, Password: restricted, Permissions: may}}
}

// indexOf is the index of a node of this name.
func indexOf(name string) int { return int(name[len(name)-1] - '1') }

func (f *fleet) dial(urls []string, opts ...nats.Option) *nats.Conn {
	nc, err := nats.Connect(strings.Join(urls, ","), append(opts, nats.DontRandomize(), nats.IgnoreDiscoveredServers(),
		nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))...)
	require.NoError(f.t, err)
	f.t.Cleanup(nc.Close)
	return nc
}

func (f *fleet) nodes() int { return len(f.urls) }

func (f *fleet) stop(node int) {
	if f.cluster != nil {
		f.cluster.StopNode(node)
		return
	}
	f.single.Stop()
}

func (f *fleet) start(node int, empty bool) {
	dir := f.cfg.Dir
	if f.cluster != nil {
		dir = filepath.Join(dir, embedded.DefaultName+"-"+strconv.Itoa(node+1))
	}
	if empty {
		require.NoError(f.t, os.RemoveAll(dir))
	}
	var err error
	if f.cluster != nil {
		err = f.cluster.StartNode(node)
	} else {
		f.single, err = embedded.Start(f.cfg)
	}
	require.NoError(f.t, err)
}

func (f *fleet) end() {
	if f.cluster != nil {
		f.cluster.Stop()
		return
	}
	f.single.Stop()
}
