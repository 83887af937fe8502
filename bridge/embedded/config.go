package embedded

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// Defaults of Config.
const (
	DefaultName        = "troupe"
	DefaultMaxMemory   = 256 << 20
	DefaultMaxStore    = 1 << 30
	DefaultReadyWithin = 20 * time.Second
)

// loopback is the only interface that an embedded server listens on.
const loopback = "127.0.0.1"

// Config says what server to run. Dir or Memory must be set; zero values of all
// other fields mean their defaults.
type Config struct {
	// Dir is the directory of the store. It is created if it is missing. A
	// cluster keeps one directory per node in it. Two servers must never share
	// one.
	Dir string
	// Memory keeps nothing beyond the life of the server: what JetStream writes
	// to files all the same goes to a private directory that Stop removes.
	Memory bool
	// InProcess opens no port for clients: only Connect reaches the server. Not
	// for a cluster.
	InProcess bool
	// Port is the port for clients on the loopback interface; 0 takes any free
	// one. A cluster must leave it 0.
	Port int
	// Name is the server's name, DefaultName if empty. The nodes of a cluster
	// are called Name-1, Name-2, …
	Name string
	// MaxMemory and MaxStore limit what all streams may keep in memory and in
	// files, in bytes: DefaultMaxMemory and DefaultMaxStore if 0.
	MaxMemory, MaxStore int64
	// ReadyWithin is how long a start may take, DefaultReadyWithin if 0.
	ReadyWithin time.Duration
	// Logger hears what the server has to say; nobody does if it is nil.
	Logger *slog.Logger
	// Options, if set, changes the server's own options last: users, permissions,
	// TLS, limits.
	Options func(*server.Options)
}

// withDefaults returns the configuration with every zero replaced, or an error
// that names the fields at fault.
func (c Config) withDefaults() (Config, error) {
	var faults []error
	if c.Dir == "" && !c.Memory {
		faults = append(faults, errors.New("a store in files needs Dir: there is no default directory; set Memory to keep nothing"))
	}
	if c.Dir != "" && c.Memory {
		faults = append(faults, errors.New("not both Dir and Memory: they exclude each other"))
	}
	if c.InProcess && c.Port != 0 {
		faults = append(faults, errors.New("with InProcess no port is open, but Port is set"))
	}
	if c.Port < 0 || c.Port > 65535 {
		faults = append(faults, fmt.Errorf("no such Port: %d is not within 0 and 65535", c.Port))
	}
	if c.MaxMemory < 0 || c.MaxStore < 0 || c.ReadyWithin < 0 {
		faults = append(faults, errors.New("none of MaxMemory, MaxStore and ReadyWithin may be negative"))
	}
	if len(faults) > 0 {
		return c, fmt.Errorf("embedded: %w", errors.Join(faults...))
	}
	orDefault(&c.Name, DefaultName)
	orDefault(&c.MaxMemory, DefaultMaxMemory)
	orDefault(&c.MaxStore, DefaultMaxStore)
	orDefault(&c.ReadyWithin, DefaultReadyWithin)
	orDefault(&c.Logger, slog.New(slog.DiscardHandler))
	return c, nil
}

func orDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// store returns the directory of the store, whether it holds nothing yet, and
// whether it is private to this run and has to be removed after it.
func (c Config) store() (dir string, fresh, private bool, err error) {
	if c.Memory {
		dir, err = os.MkdirTemp("", "troupe-nats-")
		return dir, true, true, err
	}
	fresh, err = empty(c.Dir)
	return c.Dir, fresh, false, err
}

// empty reports whether a directory is missing or has nothing in it.
func empty(dir string) (bool, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	return len(entries) == 0, err
}

// options translates the configuration into the server's own.
func (c Config) options(dir string) *server.Options {
	port := c.Port
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return &server.Options{
		ServerName:         c.Name,
		Host:               loopback,
		Port:               port,
		DontListen:         c.InProcess,
		JetStream:          true,
		StoreDir:           dir,
		JetStreamMaxMemory: c.MaxMemory,
		JetStreamMaxStore:  c.MaxStore,
		SyncAlways:         !c.Memory,
		NoSigs:             true,
	}
}
