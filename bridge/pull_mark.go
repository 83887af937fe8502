package bridge

import (
	"fmt"
	"log/slog"
	"maps"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
)

// metaWork, in a consumer's metadata, is the message whose handler is called: its sequence
// in the stream, and as which delivery. It is there while that handler has not returned.
// Only a message that has used its deliveries is marked so: how often it was delivered
// does not tell whether anybody tried it, or whether it waited behind another one.
const metaWork = "troupe-work"

// used is what is known of a message that has had its deliveries when this one is over, nil
// of others. The first delivery of a message costs no question.
func (p *pull) used(m *nats.Msg) *nats.MsgMetadata {
	meta, err := m.Metadata()
	if err != nil || meta.NumDelivered == 1 || !p.spent(meta) {
		return nil
	}
	return meta
}

func (p *pull) spent(meta *nats.MsgMetadata) bool {
	most := p.c.cfg.MaxDeliver
	return most > 0 && meta.NumDelivered >= uint64(most)
}

// mark tells the server that the handler of a message is called, for who owns the
// partition next. It fails if somebody has said so before and never came back. If the
// server cannot be told, the handler is called all the same.
func (p *pull) mark(m *nats.Msg, meta *nats.MsgMetadata) error {
	sequence := strconv.FormatUint(meta.Sequence.Stream, 10)
	before := ""
	err := p.remark(func(mark string) string {
		if of, delivery, _ := strings.Cut(mark, " "); of == sequence {
			before = delivery
			return mark
		}
		return sequence + " " + strconv.FormatUint(meta.NumDelivered, 10)
	})
	if before != "" {
		return fmt.Errorf("its handler did not return from delivery %s, or took its process with it", before)
	}
	if err != nil {
		p.warn("if a handler does not return, nobody will know", err, slog.String("subject", m.Subject))
	}
	return nil
}

// unmark: the handler has returned.
func (p *pull) unmark(m *nats.Msg) {
	if err := p.remark(func(string) string { return "" }); err != nil {
		p.warn("if a message comes again, it looks as if its handler had not returned", err, slog.String("subject", m.Subject))
	}
}

// remark changes the mark, which is read first: others change settings of a consumer, too.
func (p *pull) remark(change func(mark string) string) error {
	info, err := p.c.info(p.last, p.name)
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
	_, err = p.c.js.UpdateConsumer(p.last, p.c.cfg.Stream, to)
	return err
}
