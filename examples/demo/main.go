// Command demo shows a group of workers at work: who owns which partition while
// workers join, crash and stop. It needs nothing but Go: the NATS server runs in
// this process, and so do the workers, each with its own connection.
//
//	go run ./examples/demo                          a play of about 15 s, with a summary
//	go run ./examples/demo -watch                   again and again, until Ctrl-C
//	go run ./examples/demo -worker -nats URL        one worker, until Ctrl-C
//
// With -nats the group lives on a real server (2.12.3 or later, JetStream on),
// and processes on several machines form one group.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/partition"
)

// limit is when a play has ended, whatever happens: what is stuck ends with the
// process. The play itself gives up before, so that its workers can stop.
const limit = 30 * time.Second

// What of the limit is kept for the workers' stop beyond what they may take, and
// for the server's.
const (
	closing = time.Second
	ending  = time.Second
)

type options struct {
	url, group           string
	watch, worker, plain bool
	until                time.Time // when all is over; zero: nothing ends by itself
}

func main() {
	var o options
	flag.StringVar(&o.url, "nats", "", "`URL` of a NATS server; without it one runs in this process")
	flag.StringVar(&o.group, "group", "demo", "name of the group")
	flag.BoolVar(&o.worker, "worker", false, "be one worker of the group on the server of -nats, until Ctrl-C")
	flag.BoolVar(&o.watch, "watch", false, "go on until Ctrl-C")
	flag.BoolVar(&o.plain, "plain", false, "print lines, even in a terminal")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "demo: %q is no option\n", flag.Arg(0))
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if !o.watch && !o.worker {
		o.until = time.Now().Add(limit)
	}
	if err := within(o.until, func() error { return run(ctx, o) }); err != nil {
		if _, _, table := terminal(o); table {
			fmt.Print(cursorOn)
		}
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// within waits for what it runs until then, and no longer.
func within(until time.Time, run func() error) error {
	if until.IsZero() {
		return run()
	}
	done := make(chan error, 1)
	go func() { done <- run() }()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Until(until)):
		return errors.New("it is stuck, and its time is over")
	}
}

func run(ctx context.Context, o options) error {
	if o.worker && o.url == "" {
		return errors.New("-worker needs -nats URL: a server that other workers reach too")
	}
	cfg := config{url: o.url, group: o.group, fresh: func() bool { return false }, settings: partition.Fast()}
	for letter := 'a'; letter <= 'x'; letter++ {
		cfg.partitions = append(cfg.partitions, partition.Of(string(letter)))
	}
	if o.url == "" {
		server, err := embedded.Start(embedded.Config{Memory: true})
		if err != nil {
			return err
		}
		defer server.Stop()
		cfg.url, cfg.fresh = server.URL(), server.Fresh
	}
	v, pause := look(o, cfg)
	defer v.end()
	p := newPlay(cfg, v, pause, o.url != "" || o.watch)
	return show(ctx, p, o)
}

// show runs what the options ask for and stops all workers, come what may.
func show(ctx context.Context, p *play, o options) error {
	var err error
	switch {
	case o.worker:
		err = p.work(ctx)
	case o.watch:
		for err = p.perform(ctx); err == nil; err = p.round(ctx) {
		}
	default:
		limited, cancel := playing(ctx, o.until, p.cfg)
		defer cancel()
		err = p.perform(limited)
	}
	if ctx.Err() != nil {
		err = nil // Ctrl-C is how to end it
	}
	stop, cancel := stopping(ctx, p.cfg)
	defer cancel()
	err = errors.Join(err, p.close(stop))
	if !o.worker {
		p.board.summary(os.Stdout, p.view.paint(), p.began, p.cfg)
	}
	if p.board.doubles > 0 {
		err = errors.Join(err, errors.New("a partition had two owners"))
	}
	return err
}

// playing ends early enough for the workers and the server to stop until then.
func playing(ctx context.Context, until time.Time, cfg config) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, until.Add(-cfg.settings.ShutdownTimeout-closing-ending))
}

// stopping is how long the workers may take to stop, whatever has ended before.
func stopping(ctx context.Context, cfg config) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), cfg.settings.ShutdownTimeout+closing)
}

// look chooses the view, and how long a reader needs between two acts.
func look(o options, cfg config) (view, time.Duration) {
	where := "NATS at " + cfg.url
	if o.url == "" && !o.watch {
		where = "NATS in this process"
	}
	title := fmt.Sprintf("Troupe · group %s · %d partitions · %s", cfg.group, len(cfg.partitions), where)
	width, height, table := terminal(o)
	if !table {
		fmt.Println(title)
		return lines{os.Stdout}, 300 * time.Millisecond
	}
	return newScreen(os.Stdout, width, height, title, os.Getenv("NO_COLOR") == ""), 2 * time.Second
}

// terminal is how large the terminal is, and whether the table is shown in it.
func terminal(o options) (width, height int, table bool) {
	out := int(os.Stdout.Fd())
	width, height, err := term.GetSize(out)
	return width, height, fits(err == nil && term.IsTerminal(out), os.Getenv("TERM"), o.plain, width, height)
}

// fits reports whether the table is shown. Everything else gets plain lines.
func fits(terminal bool, kind string, plain bool, width, height int) bool {
	return terminal && kind != "dumb" && !plain && width >= leastWidth && height >= leastHeight
}
