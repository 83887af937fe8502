package contract

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
)

func contractN4Refusals(b *bench) {
	c := b.open()
	was := c.accept(b.put("head", "a", 0))
	now := c.accept(b.put("head", "b", was))
	c.fencedOff(c.publish(b.put("head", "c", was)), now, "above ours: fenced")
	c.fencedOff(c.publish(b.put("head", "c", now+5)), now, "below ours: a server that is behind, or a store that went back")
	c.fencedOff(c.publish(b.put("none", "c", 3)), 0, "nothing is there")
	r := c.publish(b.put("new", "a", 0), b.put("head", "c", was))
	require.Equal(b, bridge.Refused, r.Outcome)
	require.Equal(b, bridge.CodeWrongSequence, r.Code)
	require.Equal(b, now, c.get("head").Sequence)
}

// contractN4InFlight: several writes at once that rest on one fence get in each
// other's way in a cluster, and never on a single server.
func contractN4InFlight(b *bench) {
	clients := []*client{b.open()}
	for i := 1; i < 4; i++ {
		clients = append(clients, b.also(i%b.Nodes()))
	}
	term := clients[0].accept(b.put("term", "a", 0))
	doubts := 0
	b.Until("writes meet", func() bool {
		var answers []*answer
		for i := range 16 {
			answers = append(answers, clients[i%len(clients)].send(b.fenced(fmt.Sprintf("journal.%d", i), "x", "term", term)))
		}
		for i, a := range answers {
			b.Until("a write ends", func() bool { return a.got })
			if a.Outcome == bridge.Unknown && a.Code == bridge.CodeFenceInFlight {
				doubts++
				continue
			}
			require.Equal(b, bridge.Accepted, a.Outcome, "%v", a.Err)
			require.GreaterOrEqual(b, clients[0].get(fmt.Sprintf("journal.%d", i)).Sequence, a.Sequence)
		}
		return b.Nodes() == 1 || doubts > 0
	})
	if b.Nodes() == 1 {
		require.Zero(b, doubts)
	}
	clients[0].insist(bridge.Op{Publish: []bridge.Message{b.fenced("head", "x", "term", term)}})
}

// contractN4NoQuorum: a server without most of its companions neither accepts nor
// refuses anything.
func contractN4NoQuorum(b *bench) {
	b.open()
	lead := b.Leader()
	c := b.also(lead)
	was := c.replace("head", "a")
	others := []int{(lead + 1) % 3, (lead + 2) % 3}
	for _, n := range others {
		b.Stop(n)
	}
	for _, m := range []bridge.Message{b.put("head", "b", was), b.put("head", "c", was), b.put("other", "b", 0)} {
		r := c.publish(m)
		require.Equal(b, bridge.Unknown, r.Outcome, "%v", r.Err)
		require.Error(b, r.Err)
	}
	for _, n := range others {
		b.Start(n, false)
	}
	require.Greater(b, c.replace("head", "d"), was)
}

// contractN5Isolated: what a former leader of the stream does that was cut off, and
// how a client comes away from it.
func contractN5Isolated(b *bench) {
	b.open()
	lead := b.Leader()
	stuck, other := b.also(lead), b.also((lead+1)%3)
	term := other.replace("term", "a")
	was := other.replace("lead", "a")
	b.Until("it is connected", func() bool { return stuck.get("term").Sequence == term })
	moves := 0
	stuck.port.Listen(func(bridge.Signal) { moves++ })
	b.Isolate(lead)

	unheard := func(name string) {
		r := stuck.publish(b.fenced(name, "x", "term", term))
		require.Equal(b, bridge.Unknown, r.Outcome, "nothing is acknowledged: %v", r.Err)
	}
	unheard("journal.1")
	r := stuck.publish(b.fenced("journal.2", "x", "term", term))
	require.Equal(b, bridge.Unknown, r.Outcome, "%v", r.Err)
	if r.Code != 0 { // an answer came in time
		require.Equal(b, bridge.CodeFenceInFlight, r.Code, "it waits for others: %v", r.Err)
	}
	next := other.replace("term", "b")
	other.replace("lead", "b")
	unheard("journal.3")
	contractN15Moves(stuck, &moves)

	b.Until("it knows that it was fenced off", func() bool {
		b.Pause()
		r = stuck.publish(b.fenced("journal.4", "x", "term", term))
		require.NotEqual(b, bridge.Accepted, r.Outcome)
		return r.Outcome == bridge.Refused
	})
	stuck.fencedOff(r, next, "the term moved on")
	require.GreaterOrEqual(b, stuck.found("lead").Sequence, was)
	b.Heal()
	for _, name := range []string{"journal.1", "journal.2", "journal.3", "journal.4"} {
		if s := other.get(name); s.Outcome == bridge.Accepted {
			require.Less(b, s.Sequence, next, "what was in doubt landed before the takeover, or not at all")
		}
	}
}

// contractN15Moves: the client stays where it is until it is told to leave.
func contractN15Moves(stuck *client, signals *int) {
	require.Zero(stuck, *signals, "it does not move by itself")
	stuck.port.Reconnect()
	stuck.Until("the client has moved", func() bool { return *signals >= 2 })
}

// contractN15Follower: a server that is cut off and does not lead the stream knows
// nothing; those who watch there hear nothing new, and need not be told.
func contractN15Follower(b *bench) {
	b.open()
	lead := b.Leader()
	away := (lead + 1) % 3
	stuck, other := b.also(away), b.also(lead)
	was := other.replace("live.w", "a")
	v := stuck.look("live.*").pass()
	v.has("live.w", was)
	moves := 0
	stuck.port.Listen(func(bridge.Signal) { moves++ })
	b.Isolate(away)
	news := other.replace("live.x", "a")
	for range 2 {
		r := stuck.publish(b.put("live.w", "b", was))
		require.Equal(b, bridge.Unknown, r.Outcome, "%v", r.Err)
	}
	require.Len(b, v.newest, 1, "nothing of the others comes through")
	contractN15Moves(stuck, &moves)
	now := stuck.replace("live.w", "c")
	require.Greater(b, now, was)
	b.anew(stuck, map[string]uint64{"live.w": now, "live.x": news})
	v.Stop()
	b.Heal()
}

func contractN15Link(b *bench) {
	stuck := b.open()
	was := stuck.replace("live.w", "a")
	moves := 0
	stuck.port.Listen(func(bridge.Signal) { moves++ })
	b.Cut(0)
	for _, a := range []*answer{
		stuck.send(b.put("live.w", "b", was)), stuck.send(b.put("live.w", "b", was), b.put("live.x", "b", 0)), stuck.try(bridge.Op{Get: b.at("live.w")}),
	} {
		b.Until("an operation ends", func() bool { return a.got })
		require.Equal(b, bridge.Unknown, a.Outcome, "%v", a.Err)
	}
	if b.Nodes() == 3 {
		contractN15Moves(stuck, &moves)
	} else {
		b.Heal()
	}
	require.Greater(b, stuck.replace("live.w", "c"), was)
	b.Heal()
}
