package bridge

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
)

// doorman is a server that says no more than who may come in. The first who comes does,
// until it is turned out, with these words if there are any.
// All others hear theirs at once.
func doorman(t *testing.T, first, others string) (url string, turnOut func()) {
	t.Helper()
	door, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = door.Close() })
	out := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			guest, err := door.Accept()
			if err != nil {
				return
			}
			_, _ = fmt.Fprint(guest, "INFO {\"server_id\":\"x\",\"version\":\"2.12.3\",\"max_payload\":1024,\"headers\":true}\r\n")
			heard := bufio.NewReader(guest)
			for line := ""; err == nil && !strings.HasPrefix(line, "PING"); {
				line, err = heard.ReadString('\n')
			}
			if n == 0 {
				_, _ = fmt.Fprint(guest, "PONG\r\n")
				<-out
				if first != "" {
					_, _ = fmt.Fprintf(guest, "-ERR '%s'\r\n", first)
				}
			} else {
				_, _ = fmt.Fprintf(guest, "-ERR '%s'\r\n", others)
			}
			_ = guest.Close()
		}
	}()
	return "nats://" + door.Addr().String(), func() { close(out) }
}

// Whatever a server says of credentials that it does not accept any more is told, whether
// it says so in the middle of a connection, at the next one, or at both.
func TestNATSPort_WhyAConnectionEnded(t *testing.T) {
	words := []string{"Authorization Violation", "User Authentication Expired", "User Authentication Revoked", "Account Authentication Expired"}
	for _, first := range append(words, "") {
		for _, others := range words {
			t.Run(first+", "+others, func(t *testing.T) {
				t.Parallel()
				url, turnOut := doorman(t, first, others)
				nc, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(time.Millisecond),
					nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}))
				require.NoError(t, err)
				t.Cleanup(nc.Close)
				p := &asker{newNATSPort(nc, "g"), time.Minute}
				signals := listenTo(t, p)
				turnOut()
				for await(t, signals, "the end") != Closed {
					continue
				}
				_, what, _ := strings.Cut(strings.ToLower(others), " ") // the client's own word for a user's leaves that out
				require.ErrorContains(t, p.Ended(), errClosed.Error()+": nats: ")
				require.Contains(t, strings.ToLower(p.Ended().Error()), what)
			})
		}
	}
}

// Who gave up says so, and who closed its connection itself is told nothing of what was
// said before.
func TestNATSPort_EndedByTheClient(t *testing.T) {
	s := startServer(t, embedded.Config{})
	url := s.URL()
	closed := make(chan struct{})
	gaveUp, err := nats.Connect(url, nats.MaxReconnects(1), nats.ReconnectWait(time.Millisecond), nats.ClosedHandler(func(*nats.Conn) { close(closed) }))
	require.NoError(t, err)
	mine := newNATSPort(connect(t, s), "g")
	require.NoError(t, mine.Ended())
	mine.nc.Close()
	require.Equal(t, errClosed, mine.Ended())
	s.Stop()
	await(t, closed, "the end")
	require.ErrorIs(t, newNATSPort(gaveUp, "g").Ended(), nats.ErrNoServers)
}
