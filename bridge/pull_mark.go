package bridge

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
)

// metaWork, in a consumer's metadata, is the message whose handler is called: its sequence
// in the stream, and the how many-th call it is from which nobody came back. How often a
// message was delivered does not tell whether anybody tried it, or whether it waited behind
// another one.
const metaWork = "troupe-work"

const (
	// marksFrom is the first delivery that is marked, if MaxDeliver is less: a mark is a write,
	// and what waits is delivered again at each hand-over.
	marksFrom = 3
	// neverBack is from how many calls in a row nobody came back if a message is put aside
	// untried. One may be a process that was killed for another reason.
	neverBack = 2
)

// mark tells the server that the handler of a message that has used its deliveries is
// called, for who owns the partition next, and returns what it said. It fails if that was
// said often enough, and nobody came back. If the server cannot be told, the handler is
// called all the same.
func (p *pull) mark(m *nats.Msg) (mine string, err error) {
	meta, err := m.Metadata()
	if err != nil || p.mute || !p.spent(meta) || meta.NumDelivered < marksFrom {
		return "", nil
	}
	sequence, calls := strconv.FormatUint(meta.Sequence.Stream, 10), 0
	err = p.remark(p.last, func(is string) string {
		if of, n, _ := strings.Cut(is, " "); of == sequence {
			calls, _ = strconv.Atoi(n)
		}
		if calls >= neverBack {
			return is
		}
		mine = sequence + " " + strconv.Itoa(calls+1)
		return mine
	})
	if calls >= neverBack {
		return "", fmt.Errorf("%d handlers in a row did not return from it, or took their process with them", calls)
	}
	if p.mute = err != nil; p.mute {
		p.warn("if a handler does not return, nobody will know", err, slog.String("subject", m.Subject))
	}
	return mine, nil
}

// unmark: the handler has returned, and the message comes again, maybe to another owner:
// it is told although the time is over. What is not ours stays.
func (p *pull) unmark(m *nats.Msg, mine string) {
	within, cancel := context.WithTimeout(context.WithoutCancel(p.last), p.c.within)
	defer cancel()
	err := p.remark(within, func(is string) string {
		if is == mine {
			return ""
		}
		return is
	})
	if err != nil {
		p.warn("if a message comes again, it looks as if its handler had not returned", err, slog.String("subject", m.Subject))
	}
}

// remark changes the mark, which is read first: others change settings of a consumer, too.
func (p *pull) remark(ctx context.Context, change func(mark string) string) error {
	info, err := p.c.info(ctx, p.name)
	if err != nil {
		return err
	}
	to, is := info.Config, info.Config.Metadata[metaWork]
	mark := change(is)
	if mark == is {
		return nil
	}
	if to.Metadata = maps.Clone(to.Metadata); to.Metadata == nil {
		to.Metadata = map[string]string{}
	}
	if to.Metadata[metaWork] = mark; mark == "" {
		delete(to.Metadata, metaWork)
	}
	_, err = p.c.js.UpdateConsumer(ctx, p.c.cfg.Stream, to)
	return err
}
