package embedded

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// Server is one NATS server in this process.
type Server struct {
	nats      *server.Server
	inProcess bool
	fresh     bool
	private   string // a directory to remove after the stop, "" if none
	stop      sync.Once
}

// Start runs a single node and returns when it accepts connections and
// JetStream is up. The error says which field of cfg is wrong, or what kept the
// server from starting; then nothing is left running.
func Start(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	dir, fresh, private, err := cfg.store()
	if err != nil {
		return nil, fmt.Errorf("embedded: store: %w", err)
	}
	s, err := run(cfg, cfg.options(dir))
	if err != nil {
		if private {
			discard(dir)
		}
		return nil, err
	}
	s.fresh = s.fresh && fresh
	if private {
		s.private = dir
	}
	return s, nil
}

// run starts a server with these options and waits until it is ready.
func run(cfg Config, opts *server.Options) (*Server, error) {
	if cfg.Options != nil {
		cfg.Options(opts)
	}
	unknown := !known(opts)
	ns, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("embedded: %w", err)
	}
	log := &logger{to: cfg.Logger.With("server", opts.ServerName)}
	ns.SetLoggerV2(log, log.to.Enabled(context.Background(), slog.LevelDebug), false, false)
	ns.Start()
	s := &Server{nats: ns, inProcess: opts.DontListen, fresh: unknown}
	ready := ns.ReadyForConnections(cfg.ReadyWithin)
	if err := log.fatal(); err != nil {
		s.Stop()
		return nil, fmt.Errorf("embedded: %s does not start: %w", opts.ServerName, err)
	}
	if !ready {
		s.Stop()
		return nil, fmt.Errorf("embedded: %s is not ready after %s", opts.ServerName, cfg.ReadyWithin)
	}
	if !ns.JetStreamEnabled() {
		s.Stop()
		return nil, fmt.Errorf("embedded: %s runs without JetStream", opts.ServerName)
	}
	return s, nil
}

// Connect opens a connection to this server, within the process if it has no
// port. The caller closes it.
func (s *Server) Connect(opts ...nats.Option) (*nats.Conn, error) {
	if s.inProcess {
		opts = append([]nats.Option{nats.InProcessServer(s.nats)}, opts...)
	}
	return nats.Connect(s.URL(), opts...)
}

// URL is where other processes on this machine reach the server; empty if it
// has no port.
func (s *Server) URL() string {
	if s.inProcess {
		return ""
	}
	return s.nats.ClientURL()
}

// Fresh reports whether nobody can hold anything that this server's store says: it
// started with an empty store, where nobody could look for another one before, on a
// port of its own choice and without a cluster, and nobody has asked JetStream for
// anything yet. It is bridge.Config.Fresh of each worker that this process starts;
// ask for each anew, as it stays false from the first question to JetStream on.
func (s *Server) Fresh() bool { return s.fresh && s.unasked() }

// unasked reports whether nobody has asked JetStream for anything since the start.
func (s *Server) unasked() bool {
	info, err := s.nats.Jsz(nil)
	return err == nil && !info.Disabled && info.API.Total == 0
}

// known reports whether there may have been such a server before, under the same
// address or in the same cluster: its store may be lost while its workers live.
func known(o *server.Options) bool {
	return !o.DontListen && o.Port != server.RANDOM_PORT || o.Cluster.Port != 0
}

// Stop ends the server and returns when it has ended. Calling it again does
// nothing. Connections to it see a disconnect and try to reconnect until their
// owners close them.
func (s *Server) Stop() {
	s.stop.Do(func() {
		s.nats.Shutdown()
		s.nats.WaitForShutdown()
		discard(s.private)
	})
}

// discard removes a private store, if there is one. What cannot be removed is
// left to the system that cleans its folder for temporary files.
func discard(dir string) {
	if dir != "" {
		_ = os.RemoveAll(dir)
	}
}
