//go:build linux

package main

import (
	"bufio"
	"net/url"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/troupe-actors/troupe/bridge/embedded"
)

// serverOrders are what the process of a node is told at its start.
type serverOrders struct {
	Name   string
	Dir    string
	Port   int
	Listen int      // for the routes of others
	Routes []string // to the others, through links
}

// patience is how long anything may take that has no bound of its own.
const patience = 2 * time.Minute

func runServer(o serverOrders) error {
	var routes []*url.URL
	for _, r := range o.Routes {
		u, err := url.Parse(r)
		if err != nil {
			return err
		}
		routes = append(routes, u)
	}
	s, err := embedded.Start(embedded.Config{
		Name: o.Name, Dir: o.Dir, Port: o.Port, ReadyWithin: patience,
		Options: func(opts *server.Options) {
			opts.Cluster = server.ClusterOpts{
				Name: group, Host: "127.0.0.1", Port: o.Listen, NoAdvertise: true,
				Advertise: "127.0.0.1:1", // where nobody listens: what nodes tell each other leads past the links
			}
			opts.Routes = routes
		},
	})
	if err != nil {
		return err
	}
	if !bufio.NewScanner(os.Stdin).Scan() {
		os.Exit(1)
	}
	s.Stop()
	return nil
}
