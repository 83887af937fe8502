package bridge

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/troupe-actors/troupe/partition"
)

// ownerGroup is the priority group of those who pull: the owner, and nobody else.
const ownerGroup = "owner"

// What a consumer's metadata say.
const (
	metaName      = "troupe-name"
	metaGroup     = "troupe-group" // if it is named
	metaPartition = "troupe-partition"
	metaEntered   = "troupe-entered"
)

// Durable is the name of a partition's consumer, for tools of the server. It says since
// which step the partition is in the source: one that was removed and comes again has
// another consumer.
func (c *Consumers) Durable(o partition.Owned) string {
	return fmt.Sprintf("%s+%s+%d", c.cfg.whose(), tokenOf(o.ID), o.Entered)
}

// tokenOf makes one token of an ID. An ID of plain characters can be read in it, with = for
// the dot; any other is hashed.
func tokenOf(id partition.PartitionID) string {
	const longest = 128
	strange := func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
	}
	text := string(id)
	if len(text) <= longest && !strings.ContainsFunc(text, strange) {
		return strings.ReplaceAll(text, ".", "=")
	}
	sum := sha256.Sum256([]byte(text))
	return "==" + hex.EncodeToString(sum[:16]) // no plain ID begins so
}

// config is what a partition's consumer has to be.
func (c *Consumers) config(o partition.Owned) (jetstream.ConsumerConfig, error) {
	cfg := c.cfg.Consumer
	subject, err := c.cfg.Subjects.Of(o.ID)
	if err != nil {
		return cfg, err
	}
	cfg.Durable, cfg.FilterSubject, cfg.MaxDeliver = c.Durable(o), subject, -1
	cfg.PriorityPolicy, cfg.PriorityGroups = jetstream.PriorityPolicyPinned, []string{ownerGroup}
	cfg.Metadata = maps.Clone(cfg.Metadata)
	if cfg.Metadata == nil {
		cfg.Metadata = map[string]string{}
	}
	cfg.Metadata[metaName], cfg.Metadata[metaPartition] = c.cfg.Name, string(o.ID)
	if c.cfg.Group != "" {
		cfg.Metadata[metaGroup] = c.cfg.Group
	}
	cfg.Metadata[metaEntered] = strconv.FormatUint(uint64(o.Entered), 10)
	return cfg, nil
}

// ensure sees to it that a partition has its consumer, free of whoever pulled before. Its
// filter never changes: a consumer's position is that of its filter, and what is older
// would never come.
func (c *Consumers) ensure(ctx context.Context, o partition.Owned) error {
	want, err := c.config(o)
	if err != nil {
		return err
	}
	is, err := c.info(ctx, want.Durable)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound):
		return c.create(ctx, o, want)
	case err != nil:
		return err
	case is.Config.FilterSubject != want.FilterSubject:
		return fmt.Errorf("the consumer %s filters for %s; must be %s: take another Name", want.Durable, is.Config.FilterSubject, want.FilterSubject)
	}
	if to := updated(is.Config, want); !reflect.DeepEqual(to, is.Config) {
		if _, err = c.js.UpdateConsumer(ctx, c.cfg.Stream, to); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(is.PriorityGroups, func(g jetstream.PriorityGroupState) bool { return g.PinnedClientID != "" }) {
		return c.unpin(ctx, want.Durable)
	}
	return nil
}

// updated is what a consumer that is there has to be from now on. The server refuses to
// change where it began, its storage and what it acknowledges; what is not set stays, too,
// as the server has put its own defaults there.
func updated(is, want jetstream.ConsumerConfig) jetstream.ConsumerConfig {
	to := is
	to.AckWait, to.MaxDeliver = want.AckWait, want.MaxDeliver
	to.MaxAckPending = cmp.Or(want.MaxAckPending, is.MaxAckPending)
	to.MaxRequestBatch = cmp.Or(want.MaxRequestBatch, is.MaxRequestBatch)
	to.MaxRequestExpires = cmp.Or(want.MaxRequestExpires, is.MaxRequestExpires)
	to.MaxRequestMaxBytes = cmp.Or(want.MaxRequestMaxBytes, is.MaxRequestMaxBytes)
	to.InactiveThreshold = cmp.Or(want.InactiveThreshold, is.InactiveThreshold)
	to.SampleFrequency = cmp.Or(want.SampleFrequency, is.SampleFrequency)
	to.Description = cmp.Or(want.Description, is.Description)
	if to.Metadata = maps.Clone(is.Metadata); to.Metadata == nil {
		to.Metadata = map[string]string{}
	}
	maps.Copy(to.Metadata, want.Metadata)
	return to
}

func (c *Consumers) info(ctx context.Context, name string) (*jetstream.ConsumerInfo, error) {
	x, err := c.js.Consumer(ctx, c.cfg.Stream, name)
	if err != nil {
		return nil, err
	}
	return x.CachedInfo(), nil
}

// create makes the consumer of a partition. On a stream of which each message has one
// consumer, that of the same partition before it was removed may be in the way: what it
// has not acknowledged comes to the new one. Any other is somebody's, perhaps this one's own
// of before it had its Group: who may delete it, only people know.
func (c *Consumers) create(ctx context.Context, o partition.Owned, want jetstream.ConsumerConfig) error {
	_, err := c.js.CreateConsumer(ctx, c.cfg.Stream, want)
	var refused *jetstream.APIError
	switch {
	case !errors.As(err, &refused):
		return err
	case refused.ErrorCode == codeMaxConsumers:
		return fmt.Errorf("the stream %s has as many consumers as it may: give it a higher MaxConsumers, or share lanes: %w", c.cfg.Stream, err)
	case refused.ErrorCode != codeFilterNotUnique:
		return err
	}
	stream, fault := c.js.Stream(ctx, c.cfg.Stream)
	if fault != nil {
		return fault
	}
	var others []string
	list := stream.ListConsumers(ctx)
	for old := range list.Info() {
		if id, entered, ours := c.ours(old); ours && id == o.ID && entered < o.Entered {
			if err := stream.DeleteConsumer(ctx, old.Name); err != nil {
				return err
			}
		} else if takes(old.Config, want.FilterSubject) {
			others = append(others, old.Name)
		}
	}
	if err := list.Err(); err != nil {
		return err
	}
	_, err = c.js.CreateConsumer(ctx, c.cfg.Stream, want)
	if !errors.As(err, &refused) || refused.ErrorCode != codeFilterNotUnique || len(others) == 0 {
		return err
	}
	if more := len(others) - mostNamed; more > 0 {
		others = append(others[:mostNamed], fmt.Sprintf("%d more", more))
	}
	return fmt.Errorf("each message of the stream %s is for one consumer, and %s takes those of %s: delete it once nobody works with it, or go back to its Name and Group: %w",
		c.cfg.Stream, strings.Join(others, ", "), want.FilterSubject, err)
}

// mostNamed is how many consumers that are in the way are named.
const mostNamed = 5

// takes reports whether a consumer's filters let messages pass that another one is to have.
func takes(cfg jetstream.ConsumerConfig, filter string) bool {
	if cfg.FilterSubject == "" && len(cfg.FilterSubjects) == 0 {
		return true
	}
	return cfg.FilterSubject != "" && meet(cfg.FilterSubject, filter) ||
		slices.ContainsFunc(cfg.FilterSubjects, func(f string) bool { return meet(f, filter) })
}

// meet reports whether a subject can pass both filters.
func meet(a, b string) bool {
	one, two := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(one), len(two)) {
		switch x, y := one[i], two[i]; {
		case x == ">" || y == ">":
			return true
		case x != y && x != "*" && y != "*":
			return false
		}
	}
	return len(one) == len(two)
}

// ours reports whether a consumer is one of this application, and of this group: of which
// partition, and since which step that was in the source. One that names no group belongs
// to who names none.
func (c *Consumers) ours(info *jetstream.ConsumerInfo) (id partition.PartitionID, entered partition.Step, ok bool) {
	meta := info.Config.Metadata
	step, err := strconv.ParseUint(meta[metaEntered], 10, 64)
	ok = err == nil && meta[metaName] == c.cfg.Name && meta[metaGroup] == c.cfg.Group
	return partition.PartitionID(meta[metaPartition]), partition.Step(step), ok
}

const (
	codeMaxConsumers    jetstream.ErrorCode = 10026
	codeFilterNotUnique jetstream.ErrorCode = 10100 // another consumer of a work queue filters for the same
)

// unpin has the server answer no question that was asked before, whoever asked it.
func (c *Consumers) unpin(ctx context.Context, name string) error {
	return c.port.call(ctx, "CONSUMER.UNPIN."+c.cfg.Stream+"."+name, map[string]string{"group": ownerGroup}, &struct{}{}).Err
}
