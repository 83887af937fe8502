package links_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/troupe-actors/troupe/test/links"
)

// patience is how long something may take that has to happen; glance is how long
// it is watched that something does not.
const (
	patience = 60 * time.Second
	glance   = 50 * time.Millisecond
)

// ends are a connection through a link.
type ends struct {
	t            *testing.T
	link         *links.Link
	listener     net.Listener
	client, host net.Conn
}

func connect(t *testing.T) *ends {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	link, err := links.New(listener.Addr().String())
	require.NoError(t, err)
	t.Cleanup(link.Close)
	e := &ends{t: t, link: link, listener: listener}
	e.dial()
	return e
}

func (e *ends) dial() {
	e.t.Helper()
	var err error
	e.client, err = net.Dial("tcp", e.link.Addr())
	require.NoError(e.t, err)
	e.t.Cleanup(func() { _ = e.client.Close() })
	e.host, err = e.listener.Accept()
	require.NoError(e.t, err)
	e.t.Cleanup(func() { _ = e.host.Close() })
}

func (e *ends) send(from net.Conn, text string) {
	e.t.Helper()
	_, err := io.WriteString(from, text)
	require.NoError(e.t, err)
}

func (e *ends) hears(at net.Conn, text string) {
	e.t.Helper()
	require.NoError(e.t, at.SetReadDeadline(time.Now().Add(patience)))
	got := make([]byte, len(text))
	_, err := io.ReadFull(at, got)
	require.NoError(e.t, err)
	require.Equal(e.t, text, string(got))
}

func (e *ends) hearsNothing(at net.Conn) {
	e.t.Helper()
	require.NoError(e.t, at.SetReadDeadline(time.Now().Add(glance)))
	n, err := at.Read(make([]byte, 1))
	require.ErrorContains(e.t, err, "timeout", "%d bytes", n)
}

func (e *ends) over(at net.Conn) {
	e.t.Helper()
	require.NoError(e.t, at.SetReadDeadline(time.Now().Add(patience)))
	_, err := at.Read(make([]byte, 1))
	require.Error(e.t, err)
	require.NotContains(e.t, err.Error(), "timeout")
}

func TestLink_Whole(t *testing.T) {
	e := connect(t)
	e.send(e.client, "question")
	e.hears(e.host, "question")
	e.send(e.host, "answer")
	e.hears(e.client, "answer")
	require.NoError(t, e.client.Close())
	e.over(e.host)
}

func TestLink_HoldsBack(t *testing.T) {
	for state, holds := range map[links.State]struct{ up, down bool }{
		links.Silent: {true, true},
		links.Mute:   {true, false},
		links.Deaf:   {false, true},
	} {
		t.Run(string(state), func(t *testing.T) {
			e := connect(t)
			e.link.Set(state)
			e.send(e.client, "up")
			e.send(e.host, "down")
			if holds.up {
				e.hearsNothing(e.host)
			} else {
				e.hears(e.host, "up")
			}
			if holds.down {
				e.hearsNothing(e.client)
			} else {
				e.hears(e.client, "down")
			}
			e.link.Set(links.Whole)
			if holds.up {
				e.hears(e.host, "up")
			}
			if holds.down {
				e.hears(e.client, "down")
			}
		})
	}
}

// What was held back is lost if the link is closed before it is whole again; the
// end of a connection is held back like what was sent.
func TestLink_Ends(t *testing.T) {
	e := connect(t)
	e.link.Set(links.Silent)
	e.send(e.client, "late")
	require.NoError(t, e.client.Close())
	e.hearsNothing(e.host)
	e.link.Set(links.Whole)
	e.hears(e.host, "late")
	e.over(e.host)

	e.dial()
	e.link.Set(links.Silent)
	e.send(e.client, "lost")
	e.hearsNothing(e.host)
	e.link.Set(links.Closed)
	e.over(e.host)
	e.over(e.client)

	refused, err := net.Dial("tcp", e.link.Addr())
	require.NoError(t, err)
	e.over(refused)
	require.NoError(t, refused.Close())
	e.link.Set(links.Whole)
	e.dial()
	e.send(e.client, "new")
	e.hears(e.host, "new")
}

func TestLink_Slow(t *testing.T) {
	e := connect(t)
	e.link.Set(links.Slow)
	begin := time.Now()
	for range 10 {
		e.send(e.client, "x")
	}
	e.hears(e.host, "xxxxxxxxxx")
	require.GreaterOrEqual(t, time.Since(begin), links.Delay)
}

func TestLink_NobodyThere(t *testing.T) {
	e := connect(t)
	require.NoError(t, e.listener.Close())
	c, err := net.Dial("tcp", e.link.Addr())
	require.NoError(t, err)
	e.over(c)
	require.NoError(t, c.Close())
}
