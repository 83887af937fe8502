package partition

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// WorkerID is the stable name of a worker, such as "worker-3". It is claimed
// from a range and kept over a restart if an InstanceKey is set.
type WorkerID string

// SessionID is the nonce of one life of one claim. A restarted worker has the
// same WorkerID and another SessionID. Sessions are compared, never ordered.
type SessionID string

// Revision is a sequence of the group's stream. Revisions of one incarnation of
// the stream order all its accepted writes; 0 means that there is no record.
type Revision uint64

// Round counts the questions of one actor, so that an answer can name the
// question it belongs to. Round 0 belongs to no question.
type Round uint64

// Version counts decisions of the group's leaders. It never decreases.
type Version uint64

// Step counts publishes of the group's leaders. It strictly increases, also over
// a store that was lost, within one source of partitions.
type Step uint64

// Token is the step of the publish that granted a partition. It fences effects:
// for one partition tokens strictly increase, so a sink that remembers the
// highest token it saw can refuse an owner of the past.
type Token uint64

// Member is a worker as a strategy sees it.
type Member struct {
	ID WorkerID
	// Capacity is the share of the load that the worker should carry, relative
	// to the others. 0 means 1.
	Capacity float64
	// Zone is where the worker runs; empty if that does not matter.
	Zone string
	// Labels are what the worker offers: it may own the partitions that ask for
	// none other.
	Labels []string
	// Draining members get nothing and should keep nothing.
	Draining bool
}

// Dice makes nonces and jitter out of entropy that the outside gave once, so
// that actors need no random source of their own and a seed repeats a run.
// It is a value: every roll names what it is for.
type Dice struct {
	Entropy [16]byte
}

func (d Dice) roll(what string, round uint64) [sha256.Size]byte {
	b := make([]byte, 0, len(d.Entropy)+8+len(what))
	b = append(b, d.Entropy[:]...)
	b = binary.BigEndian.AppendUint64(b, round)
	return sha256.Sum256(append(b, what...))
}

// Nonce returns 96 bits in hexadecimal, the same for the same arguments.
func (d Dice) Nonce(what string, round uint64) string {
	sum := d.roll(what, round)
	return hex.EncodeToString(sum[:12])
}

// Jitter returns a duration in [0, most), the same for the same arguments.
func (d Dice) Jitter(what string, round uint64, most time.Duration) time.Duration {
	if most <= 0 {
		return 0
	}
	sum := d.roll(what, round)
	return time.Duration(binary.BigEndian.Uint64(sum[:8]) % uint64(most))
}

// Dealt returns dice for one child, independent of the others'.
func (d Dice) Dealt(to string, round uint64) Dice {
	sum := d.roll("dealt "+to, round)
	var out Dice
	copy(out.Entropy[:], sum[:])
	return out
}

// WorkerIDAt returns the ID with the given number: prefix, hyphen, number.
func WorkerIDAt(prefix string, number int) WorkerID {
	return WorkerID(fmt.Sprintf("%s-%d", prefix, number))
}

// CompareWorkers orders IDs by length and then by bytes, so that worker-9 comes
// before worker-10: "lowest ID" means what a person expects.
func CompareWorkers(a, b WorkerID) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(string(a), string(b))
}
