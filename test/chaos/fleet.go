//go:build linux

package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/troupe-actors/troupe/partition"
	"github.com/troupe-actors/troupe/test/links"
	"github.com/troupe-actors/troupe/test/umpire"
)

// fleet is all that runs: the nodes, the workers and the links between them.
type fleet struct {
	log     *umpire.Journal
	dir     string
	nodes   [nodes]*berth
	workers [workers]*berth
	routes  [nodes][nodes]*links.Link // from, to
	links   []*links.Link             // all of them
	procs   []*proc                   // those that may still run
	nc      *nats.Conn                // past the links
}

// berth is a place for one process after the other.
type berth struct {
	name  string
	lives int
	key   string // a worker's InstanceKey
	links []*links.Link
	proc  *proc // the latest one
	// struck: a fault has it.
	struck bool
	orders orders
}

const loopback = "127.0.0.1"

func newFleet(log *umpire.Journal, ownership partition.Ownership) (f *fleet, err error) {
	f = &fleet{log: log}
	defer func() {
		if err != nil {
			f.end()
		}
	}()
	if f.dir, err = os.MkdirTemp("", "troupe-chaos-"); err != nil {
		return f, err
	}
	ports, err := freePorts(2 * nodes)
	if err != nil {
		return f, err
	}
	for i := range nodes {
		f.nodes[i] = &berth{name: fmt.Sprintf("n%d", i), orders: orders{Server: &serverOrders{
			Name: fmt.Sprintf("n%d", i), Dir: filepath.Join(f.dir, strconv.Itoa(i)), Port: ports[i], Listen: ports[nodes+i],
		}}}
	}
	if err := f.connect(ports, ownership); err != nil {
		return f, err
	}
	for _, b := range f.nodes {
		if err := f.launch(b); err != nil {
			return f, err
		}
	}
	var direct string
	for _, port := range ports[:nodes] {
		direct += fmt.Sprintf(",nats://%s:%d", loopback, port)
	}
	f.nc, err = nats.Connect(direct[1:], nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(umpire.Beat),
		nats.IgnoreDiscoveredServers(), nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
	if err != nil {
		return f, err
	}
	for i := range f.workers {
		if err := f.launch(f.workers[i]); err != nil {
			return f, err
		}
	}
	return f, nil
}

// connect makes the links: from each worker to each node, and between nodes.
func (f *fleet) connect(ports []int, ownership partition.Ownership) error {
	for from, b := range f.nodes {
		for to := range f.nodes {
			if from == to {
				continue
			}
			l, err := f.link(ports[nodes+to])
			if err != nil {
				return err
			}
			f.routes[from][to] = l
			b.orders.Server.Routes = append(b.orders.Server.Routes, "nats-route://"+l.Addr())
		}
	}
	for i := range f.workers {
		b := &berth{name: fmt.Sprintf("w%d", i), key: fmt.Sprintf("w%d", i), orders: orders{Worker: &workerOrders{Ownership: ownership}}}
		f.workers[i] = b
		for _, port := range ports[:nodes] {
			l, err := f.link(port)
			if err != nil {
				return err
			}
			b.links = append(b.links, l)
			b.orders.Worker.URLs = append(b.orders.Worker.URLs, "nats://"+l.Addr())
		}
	}
	return nil
}

func (f *fleet) link(port int) (*links.Link, error) {
	l, err := links.New(net.JoinHostPort(loopback, strconv.Itoa(port)))
	if err == nil {
		f.links = append(f.links, l)
	}
	return l, err
}

// The ports of nodes are below those that systems give to outgoing connections, and
// those that other tests take: a node that is down must find its own free again.
const firstPort, lastPort = 10000, 20000

// freePorts finds ports that nobody listens on now.
func freePorts(n int) (ports []int, err error) {
	for range lastPort - firstPort {
		port := firstPort + rand.IntN(lastPort-firstPort)
		l, fault := net.Listen("tcp", net.JoinHostPort(loopback, strconv.Itoa(port)))
		if fault != nil {
			err = fault
			continue
		}
		defer func() { _ = l.Close() }()
		if ports = append(ports, port); len(ports) == n {
			return ports, nil
		}
	}
	return nil, err
}

// launch starts the process of a berth.
func (f *fleet) launch(b *berth) error {
	read := func(r io.Reader) { _, _ = io.Copy(io.Discard, r) }
	name, heard := b.name, func(umpire.Event) {}
	if b.orders.Worker != nil {
		b.lives++
		name = fmt.Sprintf("%s.%d", b.name, b.lives)
		b.orders.Worker.Key = b.key
		read = func(r io.Reader) { f.log.Read(name, r) }
		heard = f.log.Add
		f.log.Add(umpire.Event{At: now(), Who: name, What: umpire.Born})
	}
	p, err := launch(name, b.orders, read, func(p *proc) {
		heard(umpire.Event{At: now(), Who: name, What: umpire.Died})
		if !p.told.Load() {
			f.log.Blame(fmt.Sprintf("%s ended by itself: %v", name, p.fate))
		}
	})
	if err != nil {
		return err
	}
	b.proc = p
	f.procs = append(slices.DeleteFunc(f.procs, (*proc).gone), p)
	return nil
}

// whole waits until all nodes have all that the store has, and somebody leads it.
func (f *fleet) whole(stop <-chan struct{}) error {
	deadline := time.Now().Add(patience)
	for {
		missing := f.missing()
		if missing == "" {
			return nil
		}
		for _, b := range f.nodes {
			if b.proc.gone() {
				return fmt.Errorf("%s has ended: %s", b.name, fmt.Sprint(b.proc.fate))
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the store is not whole after %v: %s", patience, missing)
		}
		if !sleep(umpire.Beat, stop) {
			return nil
		}
	}
}

// end ends everything and leaves nothing behind.
func (f *fleet) end() {
	if f.nc != nil {
		f.nc.Close()
	}
	for _, p := range f.procs {
		p.kill()
	}
	for _, l := range f.links {
		l.Close()
	}
	_ = os.RemoveAll(f.dir)
}

// sleep reports false if it was interrupted.
func sleep(d time.Duration, stop <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-stop:
		return false
	}
}
