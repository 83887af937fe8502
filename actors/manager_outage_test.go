package actors

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// Subscribers and the outside hear, louder and louder, that the store is away.
//
// hazard 56
func TestManager_Alerts(t *testing.T) {
	f := newFirm(t, nil)
	f.say(follower...)
	f.say(messages.SessionSuspected{Reason: "no answer", At: second(1)})
	for _, c := range []struct {
		level partition.AlertLevel
		after time.Duration
	}{
		{partition.AlertInfo, 30 * time.Second},
		{partition.AlertInfo, 90 * time.Second},
		{partition.AlertWarn, 2 * time.Minute},
		{partition.AlertWarn, 3 * time.Minute},
	} {
		f.say(remindOf[outageDue](t, f.outside).Mail)
		want := messages.AlertRaised{
			Level: c.level, Since: second(1), Reason: "the store cannot be used: no answer", At: second(1).Add(c.after),
		}
		require.Equal(t, want, heard[messages.AlertRaised](t, f.user))
		require.Equal(t, want, heard[messages.AlertRaised](t, f.outside))
	}
	f.say(messages.SessionRenewed{At: second(200)}, outageDue{second(205)})
	require.Equal(t, stable, f.shown[len(f.shown)-1])
	f.say(remindOf[outageDue](t, f.outside).Mail, remindOf[outageDue](t, f.outside).Mail)
	unheard[messages.AlertRaised](t, f.user)
}

// A reminder of an outage that is over, or has begun anew, says nothing.
func TestManager_OutageOfBefore(t *testing.T) {
	f := newFirm(t, nil)
	f.say(follower...)
	f.say(stumbles(1))
	due := remindOf[outageDue](t, f.outside)
	require.Equal(t, second(3.5), due.From, "the lease would be in doubt then")
	f.say(messages.SessionRenewed{At: second(2)}, stumbles(3), due.Mail)
	f.say(outageDue{second(1)})
	require.Equal(t, stable, f.shown[len(f.shown)-1])
	f.say(remindOf[outageDue](t, f.outside).Mail)
	require.Equal(t, degraded, f.shown[len(f.shown)-1])
}

// An Available worker is degraded by failures, from every state that needs the store,
// and not by a doubt; it goes back to where it waited, or to Stable.
//
// hazard 56
func TestManager_AvailableFromEveryState(t *testing.T) {
	for state, back := range map[messages.State]messages.State{
		electing: electing, waitingAssignment: waitingAssignment, stable: stable, scaling: stable, rebalancing: stable, emergency: stable,
	} {
		t.Run(string(state), func(t *testing.T) {
			f := newFirm(t, func(c *Config) { c.Settings.Ownership = partition.Available })
			f.say(paths[state]...)
			f.say(doubt, stumbles(1), stumbles(2), stumbles(3), stumbles(4))
			require.Equal(t, state, f.shown[len(f.shown)-1])
			f.say(stumbles(5))
			require.Equal(t, degraded, f.shown[len(f.shown)-1])
			f.say(messages.SessionRenewed{At: second(6)}, outageDue{second(11)})
			i := slices.Index(f.shown, degraded)
			require.Equal(t, back, f.shown[i+1])
		})
	}
	t.Run("and stops", func(t *testing.T) {
		f := newFirm(t, func(c *Config) { c.Settings.Ownership = partition.Available })
		f.say(follower...)
		f.say(stumbles(1), stumbles(2), stumbles(3), stumbles(4), stumbles(5))
		require.Equal(t, degraded, f.shown[len(f.shown)-1])
		f.ask(messages.Stop{})
		require.Empty(t, f.ended(1).Running)
	})
	t.Run("ClaimingID", func(t *testing.T) {
		f := newFirm(t, func(c *Config) { c.Settings.Ownership = partition.Available })
		f.say(opened, unreachable(1), unreachable(2), unreachable(3), unreachable(4))
		require.Equal(t, claimingID, f.shown[len(f.shown)-1])
		f.say(unreachable(5), messages.ClaimScanned{At: second(6)})
		require.Equal(t, states{degraded, claimingID}, f.shown[len(f.shown)-2:])
	})
}

// A store that cannot be opened counts like a claim that fails, once there was a session.
func TestManager_StoreThatCannotBeOpened(t *testing.T) {
	shut := func(n float64) messages.StoreFailed { return messages.StoreFailed{Reason: "no stream", At: second(n)} }
	revoked := messages.StoreFailed{Reason: "revoked", Final: true, At: second(1)}
	due, back := outageDue{second(3.5)}, messages.ClaimScanned{At: second(12)}
	for name, life := range map[string]struct {
		before, facts []any
		want          states
	}{
		"for long":              {follower, []any{gone, shut(1), due, shut(11), opened, back}, states{claimingID, degraded, claimingID}},
		"for a moment":          {follower, []any{gone, shut(1), opened, messages.ClaimScanned{At: second(2)}, due}, states{claimingID}},
		"for ever":              {follower, []any{gone, revoked, due}, states{claimingID, degraded}},
		"from the beginning on": {nil, []any{shut(1), shut(2), due}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFirm(t, nil)
			f.say(life.before...)
			before := len(f.shown)
			f.say(life.facts...)
			require.Equal(t, life.want, append(states(nil), f.shown[before:]...))
		})
	}
}
