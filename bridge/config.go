package bridge

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/troupe-actors/troupe/partition"
)

// maxGroup is the length of a group's name.
const maxGroup = 64

// Config says which group's store to open, and how. Zero values of all fields but
// Group mean their defaults.
type Config struct {
	// Group names the stream, KV_<Group>: 1 to 64 of A-Z, a-z, 0-9, '_' and '-'.
	Group string
	// Replicas of the stream when it is created: 1, the default, 3 or 5. A stream
	// that exists must have as many.
	Replicas int
	// Storage of the stream when it is created: File, the default, or Memory. A stream
	// that exists may keep its records in files where Memory is asked for, not the
	// other way round.
	Storage Storage
	// BindOnly creates nothing: the stream must exist, made by an administrator
	// (CreateStream). Without it the worker waits, and its health says why.
	BindOnly bool
	// Fresh says that nobody can be alive who held anything in this group, as when
	// the server was just created in an empty directory. The first leader then
	// waits for nobody. Said wrongly, two workers may own one partition: embedded.Server
	// knows when it is so, and who starts a worker later must not say it.
	Fresh bool
	// Entropy makes nonces and jitter; crypto/rand if nil. Simulations set it.
	Entropy func() [16]byte
	// Logger hears what the store says; slog.Default if nil.
	Logger *slog.Logger
}

// Validate reports every rule that the configuration breaks, or nil.
func (c Config) Validate() error {
	var faults []error
	strange := func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' && r != '-'
	}
	if c.Group == "" || len(c.Group) > maxGroup || strings.ContainsFunc(c.Group, strange) {
		faults = append(faults, partition.FieldError{
			Field: "Group", Value: strconv.Quote(c.Group), Rule: fmt.Sprintf("1 to %d characters out of A-Z, a-z, 0-9, _ and -", maxGroup),
		})
	}
	if !slices.Contains([]int{0, 1, 3, 5}, c.Replicas) {
		faults = append(faults, partition.FieldError{Field: "Replicas", Value: strconv.Itoa(c.Replicas), Rule: "1, 3 or 5, or 0 for 1"})
	}
	if c.Storage != File && c.Storage != Memory {
		faults = append(faults, partition.FieldError{
			Field: "Storage", Value: strconv.Itoa(int(c.Storage)), Rule: fmt.Sprintf("File (%d) or Memory (%d)", File, Memory),
		})
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("bridge.Config: %w", errors.Join(faults...))
}

func (c Config) withDefaults() Config {
	if c.Replicas == 0 {
		c.Replicas = 1
	}
	if c.Entropy == nil {
		c.Entropy = func() (e [16]byte) {
			_, _ = rand.Read(e[:]) // it never fails: the documentation says so
			return e
		}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// stream is what the group's stream has to be.
func (c Config) stream(incarnation string) StreamConfig {
	return StreamConfig{
		Name: streamName(c.Group), Subjects: []string{subjectPrefix(c.Group, incarnation) + ">"},
		Replicas: c.Replicas, Storage: c.Storage, Incarnation: incarnation, MaxPerSubject: 1,
		AllowAtomic: true, AllowDirect: false, DenyDelete: true, DenyPurge: true, MaxBytes: -1,
	}
}

// fits reports the first field in which a stream that exists is not what it has
// to be. More history than we ask for, and a limit of its size that refuses what
// is above it, do no harm.
func (c Config) fits(got StreamConfig) error {
	want := c.stream(got.Incarnation)
	differs := func(field string, is, must any) error {
		return fmt.Errorf("stream %s: %s is %v; must be %v", want.Name, field, is, must)
	}
	switch {
	case got.Incarnation == "":
		return differs("metadata "+IncarnationKey, "missing", "there: the stream was not made for Troupe")
	case strings.ContainsAny(got.Incarnation, ".*> \t\r\n"):
		return differs("metadata "+IncarnationKey, fmt.Sprintf("%q", printable(got.Incarnation)), "one token of a subject")
	case len(got.Subjects) != 1 || got.Subjects[0] != want.Subjects[0]:
		return differs("Subjects", got.Subjects, want.Subjects)
	case got.Replicas != want.Replicas:
		return differs("Replicas", got.Replicas, want.Replicas)
	case want.Storage == File && got.Storage == Memory:
		return differs("Storage", "memory", "file: what was acknowledged is kept")
	case !got.AllowAtomic:
		return differs("AllowAtomicPublish", false, true)
	case got.AllowRollup:
		return differs("AllowRollup", true, false)
	case !got.DenyDelete:
		return differs("DenyDelete", false, true)
	case !got.DenyPurge:
		return differs("DenyPurge", false, true)
	case got.AllowDirect && got.Replicas > 1:
		return differs("AllowDirect", true, "false when there are replicas: such reads are stale")
	case got.MaxAge != 0:
		return differs("MaxAge", got.MaxAge, "0: records are never deleted")
	case got.MaxPerSubject == 0:
		return differs("MaxMsgsPerSubject", got.MaxPerSubject, "1 or more, or -1")
	case got.Odd != "":
		return fmt.Errorf("stream %s: %s", want.Name, got.Odd)
	}
	return nil
}
