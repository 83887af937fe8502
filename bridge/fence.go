package bridge

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/troupe-actors/troupe/partition"
)

// ErrFenced is the answer to an owner of the past: a later one has written already.
var ErrFenced = errors.New("a later owner of the partition has written")

// Headers of messages that are sent on behalf of a partition.
const (
	HeaderPartition = "Troupe-Partition"
	HeaderToken     = "Troupe-Token"
)

// SetToken writes into a message for which partition, and under which token, it is
// sent, so that its receivers can refuse it once they have heard of a later owner
// (partition.Tokens). It is no signature: whoever may publish may write any token.
func SetToken(m *nats.Msg, o partition.Owned) {
	if m.Header == nil {
		m.Header = nats.Header{}
	}
	m.Header.Set(HeaderPartition, string(o.ID))
	m.Header.Set(HeaderToken, strconv.FormatUint(uint64(o.Token), 10))
}

// TokenOf reads what SetToken wrote. A message without a token, or with a broken
// one, is an error.
func TokenOf(h nats.Header) (id partition.PartitionID, token partition.Token, err error) {
	id = partition.PartitionID(h.Get(HeaderPartition))
	n, err := strconv.ParseUint(h.Get(HeaderToken), 10, 64)
	switch {
	case id == "":
		return "", 0, fmt.Errorf("bridge.TokenOf: the header %s is missing", HeaderPartition)
	case err != nil:
		return "", 0, fmt.Errorf("bridge.TokenOf: the header %s: %w", HeaderToken, err)
	}
	return id, partition.Token(n), nil
}

// FencedKV writes into a NATS KV bucket on behalf of partitions. Once an owner has
// written a key, no earlier owner of a partition writes it any more, whatever it
// believes and however late its write arrives: the server refuses it. The token
// stands in front of a value. A key that is deleted forgets it. Whatever else writes
// into the bucket is not fenced, and what it wrote is not overwritten.
type FencedKV struct{ Bucket jetstream.KeyValue }

const (
	// fencedMark is the first byte of a value that has a token.
	fencedMark = 0xF1
	// tokenBytes is the length of mark and token.
	tokenBytes = 1 + 8
)

// Put writes a value as the owner of a partition, or returns ErrFenced. An error of
// another kind says nothing about whether it was written.
func (f FencedKV) Put(ctx context.Context, o partition.Owned, key string, value []byte) (revision uint64, err error) {
	data := append(binary.BigEndian.AppendUint64([]byte{fencedMark}, uint64(o.Token)), value...)
	for {
		was, err := f.Bucket.Get(ctx, key)
		switch {
		case errors.Is(err, jetstream.ErrKeyNotFound):
			revision, err = f.Bucket.Create(ctx, key, data)
		case err == nil:
			revision, err = f.replace(ctx, o, was, data)
		}
		if !errors.Is(err, jetstream.ErrKeyExists) && !errors.Is(err, jetstream.ErrKeyRevisionMismatch) {
			return revision, err
		} // else somebody was faster, or what was read is old
	}
}

func (f FencedKV) replace(ctx context.Context, o partition.Owned, was jetstream.KeyValueEntry, data []byte) (uint64, error) {
	_, token, err := opened(was)
	switch {
	case err != nil:
		return 0, err
	case token > o.Token:
		return 0, fmt.Errorf("%s, token %d: %w with token %d", was.Key(), o.Token, ErrFenced, token)
	}
	return f.Bucket.Update(ctx, was.Key(), data, was.Revision())
}

// Get returns a value, and the token of the owner that wrote it.
func (f FencedKV) Get(ctx context.Context, key string) (value []byte, token partition.Token, err error) {
	entry, err := f.Bucket.Get(ctx, key)
	if err != nil {
		return nil, 0, err
	}
	return opened(entry)
}

func opened(entry jetstream.KeyValueEntry) (value []byte, token partition.Token, err error) {
	data := entry.Value()
	if len(data) < tokenBytes || data[0] != fencedMark {
		return nil, 0, fmt.Errorf("%s in %s has no token: it was written by something else", entry.Key(), entry.Bucket())
	}
	return data[tokenBytes:], partition.Token(binary.BigEndian.Uint64(data[1:])), nil
}
