package embedded

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// pollInterval is the time between two looks at a cluster that is starting: the
// server has no call that waits for the election of its metadata leader.
const pollInterval = 5 * time.Millisecond

// Cluster is several NATS servers in this process that form one JetStream
// cluster, with their routes on the loopback interface. Its methods may not be
// called concurrently.
type Cluster struct {
	cfg     Config
	nodes   []*node
	fresh   bool
	private string // a directory to remove after the stop, "" if none
}

// node is one member, running or not. Its ports stay the same over a restart,
// so that clients and routes find it again.
type node struct {
	name   string
	dir    string
	client int // port for clients, 0 until the first start
	route  int
	server *Server // nil while stopped
}

// StartCluster runs n nodes, three or more, and returns when they have elected
// a metadata leader that knows all of them. The error says which field of cfg
// is wrong, or what was missing when cfg.ReadyWithin was over; then nothing is
// left running.
func StartCluster(cfg Config, n int) (*Cluster, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if n < 3 {
		return nil, fmt.Errorf("embedded: a cluster of %d cannot lose a node: take 3 or more", n)
	}
	if cfg.Port != 0 {
		return nil, errors.New("embedded: the nodes of a cluster cannot share one Port: leave it 0")
	}
	if cfg.InProcess {
		return nil, errors.New("embedded: InProcess is for a single node: routes begin only after a node listens for clients")
	}
	dir, fresh, private, err := cfg.store()
	if err != nil {
		return nil, fmt.Errorf("embedded: store: %w", err)
	}
	c := &Cluster{cfg: cfg, fresh: fresh}
	if private {
		c.private = dir
	}
	if err := c.startAll(dir, n); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) startAll(dir string, n int) error {
	ports, err := freePorts(n)
	if err != nil {
		return fmt.Errorf("embedded: ports for routes: %w", err)
	}
	for i, port := range ports {
		name := c.cfg.Name + "-" + strconv.Itoa(i+1)
		c.nodes = append(c.nodes, &node{name: name, dir: filepath.Join(dir, name), route: port})
	}
	for _, m := range c.nodes {
		if err := c.run(m); err != nil {
			return err
		}
	}
	return c.await()
}

// Routes listen below the ports that systems give to outgoing connections (from
// 32768 on Linux): one of those may be taken between the choice and the start.
const (
	firstRoutePort = 20000
	routePorts     = 12000
	portTries      = 1000
)

// portsTried counts the ports that were tried. Each is tried once before one is
// tried again: that nobody listens on a port now may only mean that a node of another
// cluster of this process is stopped, which comes back with it. Processes begin at
// different ports.
var portsTried atomic.Uint32

func init() { portsTried.Store(rand.Uint32N(routePorts)) }

// freePorts finds ports that nobody listens on now. All routes must be known
// before the first node starts, so the servers cannot choose them.
func freePorts(n int) ([]int, error) {
	var ports []int
	var last error
	for range portTries {
		port := firstRoutePort + int(portsTried.Add(1)%routePorts)
		l, err := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
		if err != nil {
			last = err
			continue
		}
		defer func() { _ = l.Close() }()
		if ports = append(ports, portOf(l.Addr())); len(ports) == n {
			return ports, nil
		}
	}
	return nil, last
}

// portOf is the port of a TCP address, 0 for any other.
func portOf(addr net.Addr) int {
	if tcp, ok := addr.(*net.TCPAddr); ok {
		return tcp.Port
	}
	return 0
}

// run starts one node.
func (c *Cluster) run(m *node) error {
	cfg := c.cfg
	cfg.Name, cfg.Port = m.name, m.client
	opts := cfg.options(m.dir)
	opts.Cluster = server.ClusterOpts{Name: c.cfg.Name, Host: loopback, Port: m.route}
	var routes []string
	for _, other := range c.nodes {
		routes = append(routes, fmt.Sprintf("nats-route://%s:%d", loopback, other.route))
	}
	opts.Routes = server.RoutesFromStr(strings.Join(routes, ","))
	s, err := run(cfg, opts)
	if err != nil {
		return err
	}
	m.server = s
	m.client = portOf(s.nats.Addr())
	return nil
}

// Connect opens a connection to the node of this index, from 0. It moves to
// another node by itself when it loses that one. The caller closes it.
func (c *Cluster) Connect(i int, opts ...nats.Option) (*nats.Conn, error) {
	m := c.nodes[i]
	if m.server == nil {
		return nil, fmt.Errorf("embedded: %s is stopped", m.name)
	}
	return m.server.Connect(opts...)
}

// URL is where the node of this index is reached, whether it runs or not.
func (c *Cluster) URL(i int) string {
	return "nats://" + net.JoinHostPort(loopback, strconv.Itoa(c.nodes[i].client))
}

// Nodes is the number of nodes, running or not.
func (c *Cluster) Nodes() int { return len(c.nodes) }

// Fresh is Server.Fresh of all nodes. It is over with the first one that stops.
func (c *Cluster) Fresh() bool {
	asked := func(m *node) bool { return !m.server.unasked() }
	return c.fresh && !slices.ContainsFunc(c.nodes, asked)
}

// StopNode stops one node, as if its process had ended, and returns when it has
// ended. Stopping a stopped node does nothing.
func (c *Cluster) StopNode(i int) {
	if m := c.nodes[i]; m.server != nil {
		c.fresh = false
		m.server.Stop()
		m.server = nil
	}
}

// StartNode starts a stopped node with the store and the ports it had, and
// returns when it has caught up with the metadata leader. Starting a running
// node does nothing.
func (c *Cluster) StartNode(i int) error {
	m := c.nodes[i]
	if m.server != nil {
		return nil
	}
	if err := c.run(m); err != nil {
		return err
	}
	return c.await()
}

// Stop stops every node and returns when all have ended. Calling it again does
// nothing.
func (c *Cluster) Stop() {
	for i := range c.nodes {
		c.StopNode(i)
	}
	discard(c.private)
}

// await waits until the running nodes form a cluster.
func (c *Cluster) await() error {
	deadline := time.Now().Add(c.cfg.ReadyWithin)
	for {
		missing := c.missing()
		if missing == "" {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("embedded: the cluster is not ready after %s: %s", c.cfg.ReadyWithin, missing)
		}
		time.Sleep(pollInterval)
	}
}

// missing says what the running nodes still wait for, "" if nothing.
func (c *Cluster) missing() string {
	running := 0
	var leader *server.Server
	for _, m := range c.nodes {
		if m.server == nil {
			continue
		}
		running++
		if !m.server.nats.JetStreamIsCurrent() {
			return m.name + " has not caught up with a metadata leader"
		}
		if m.server.nats.JetStreamIsLeader() {
			leader = m.server.nats
		}
	}
	if leader == nil {
		return "no metadata leader"
	}
	if known := len(leader.JetStreamClusterPeers()); known < running {
		return fmt.Sprintf("the metadata leader knows %d of %d nodes", known, running)
	}
	return ""
}
