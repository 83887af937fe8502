package actors

import (
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// firm is a manager with its real children over an outside that is a probe and
// answers nothing: the facts are told by the test.
type firm struct {
	*play
	outside, user *probe
	pid           *actor.PID
	shown         []messages.State // what the user saw, in order
	path          []messages.State // the same, from the beginning
}

func newFirm(t *testing.T, change func(*Config)) *firm {
	f := &firm{play: newPlay(t), outside: &probe{}}
	f.user = f.probe("user")
	cfg := Config{Settings: partition.Default(), Source: StaticSource(nil)}
	if change != nil {
		change(&cfg)
	}
	props, err := PartitionManager(cfg, actor.PropsFromProducer(func() actor.Actor { return f.outside }))
	require.NoError(t, err)
	f.pid = f.child(props, "manager")
	f.outside.pid = f.below("outside-1")
	f.tell(f.pid, messages.Subscribe{PID: f.user.pid, Confirm: true})
	f.see()
	return f
}

// below is the PID of a child of the manager.
func (f *firm) below(name string) *actor.PID {
	return actor.NewPID(f.pid.Address, f.pid.Id+"/"+name)
}

// ask sends mail of the user, who gets the answer.
func (f *firm) ask(mail any) {
	f.system.Root.RequestWithCustomSender(f.pid, mail, f.user.pid)
	f.drain()
}

func (f *firm) snapshot() messages.Snapshot {
	f.t.Helper()
	f.ask(messages.GetSnapshot{})
	return heard[messages.Snapshot](f.t, f.user)
}

// say tells the manager facts, each as the child would that it comes from.
func (f *firm) say(facts ...any) {
	for _, fact := range facts {
		switch m := fact.(type) {
		case messages.SessionStarted:
			m.Session = f.snapshot().Session
			fact = m
		case messages.SessionLost:
			m.Session = f.snapshot().Session
			fact = m
		case messages.AssignmentApplied:
			m.Session = f.snapshot().Session
			fact = m
		}
		f.tell(f.pid, fact)
	}
	f.see()
}

// arrows are those of the public states. Whoever was in doubt before the first
// assignment goes on waiting where it was.
var arrows = map[messages.State][]messages.State{
	initial:           {claimingID, shutdown},
	claimingID:        {electing, degraded, shutdown},
	electing:          {waitingAssignment, claimingID, degraded, shutdown},
	waitingAssignment: {stable, claimingID, degraded, shutdown},
	stable:            {scaling, rebalancing, emergency, claimingID, degraded, shutdown},
	scaling:           {stable, rebalancing, emergency, claimingID, degraded, shutdown},
	rebalancing:       {stable, emergency, claimingID, degraded, shutdown},
	emergency:         {stable, rebalancing, claimingID, degraded, shutdown},
	degraded:          {stable, claimingID, electing, waitingAssignment, shutdown},
}

// see notes the changes of state that the user heard of, and that each is allowed.
func (f *firm) see() {
	f.t.Helper()
	f.user.mail = slices.DeleteFunc(f.user.mail, func(m any) bool {
		c, ok := m.(messages.StateChanged)
		if !ok {
			return false
		}
		if len(f.shown) > 0 {
			require.Equal(f.t, f.shown[len(f.shown)-1], c.From)
			require.Contains(f.t, arrows[c.From], c.To)
			require.NotEmpty(f.t, c.Reason, "%s → %s", c.From, c.To)
		}
		f.shown, f.path = append(f.shown, c.To), append(f.path, c.To)
		return true
	})
	unheard[*actor.Terminated](f.t, f.parent)
}

// Facts of a life, in the order in which they come.
var (
	opened  = messages.StoreOpened{Incarnation: "i", Entropy: [16]byte{1}}
	began   = messages.SessionStarted{Worker: "worker-0", Claim: 3}
	led     = messages.LeaderKnown{Worker: "worker-9"}
	gained  = messages.LeadershipGained{Term: 4}
	first   = messages.AssignmentApplied{Change: 1, Worker: "worker-0", Version: 1, Step: 5}
	window  = messages.WindowOpened{Term: 4, Cause: "worker-1 joined"}
	closed  = messages.WindowClosed{Term: 4}
	decides = messages.DecisionStarted{Term: 4, Cause: "worker-1 joined", Coverage: covers}
	rescues = messages.DecisionStarted{Term: 4, Cause: "worker-1 is silent", Emergency: true}
	done    = messages.DecisionDone{Term: 4, Moves: 1, Coverage: covers, Measure: partition.Measure{Moves: 1, Least: 1, Before: 1.5, After: 1}}
	failed  = messages.DecisionFailed{Term: 4, Reason: "no plan"}
	ousted  = messages.LeadershipLost{Term: 4, Reason: "another leads"}
	doubt   = messages.SessionSuspected{At: second(1)}
	renewed = messages.SessionRenewed{At: second(2)}
	healthy = outageDue{second(7)} // for long enough
	lostIt  = messages.SessionLost{Reason: "a fence"}
	gone    = messages.StoreLost{Reason: "deleted"}
	letting = messages.AssignmentApplied{Change: 2, Worker: "worker-0", Version: 1, Step: 6, Draining: 1}
	waiting = messages.AssignmentApplied{Change: 2, Worker: "worker-0", Version: 1, Step: 6, Pending: []partition.PartitionID{"p"}}
)

// follower and leader are how one gets to Stable.
var (
	follower = []any{opened, began, led, first}
	leader   = []any{opened, began, led, gained, first}
)

type states = []messages.State

// second is so many of them into a test.
func second(n float64) time.Time { return time.Unix(1000, int64(n*1e9)) }

// unreachable is a claim that the store cannot be used.
func unreachable(n float64) messages.ClaimFailed {
	return messages.ClaimFailed{Unreachable: true, Reason: "no answer", At: second(n)}
}

// stumbles is a heartbeat that the store did not accept.
func stumbles(n float64) messages.OperationFailed {
	return messages.OperationFailed{Reason: "no answer", At: second(n)}
}

// lives are what a manager hears, and the public states that follow.
var lives = map[string]struct {
	before, facts []any
	want          states
}{
	"start":                    {nil, follower, states{initial, claimingID, electing, waitingAssignment, stable}},
	"assigned before led":      {nil, []any{opened, began, first, led}, states{initial, claimingID, electing, waitingAssignment, stable}},
	"window, nothing to move":  {leader, []any{window, closed}, states{scaling, stable}},
	"window, decision":         {leader, []any{window, decides, done}, states{scaling, rebalancing, stable}},
	"window, no change":        {leader, []any{window, done}, states{scaling, stable}},
	"window after decision":    {leader, []any{decides, done, window}, states{rebalancing, stable, scaling}},
	"window in a decision":     {leader, []any{decides, window}, states{rebalancing, stable, scaling}},
	"window in an emergency":   {leader, []any{rescues, window, closed}, states{emergency, stable, scaling, stable}},
	"emergency":                {leader, []any{rescues, decides, done}, states{emergency, rebalancing, stable}},
	"emergency, it renewed":    {leader, []any{rescues, done}, states{emergency, stable}},
	"emergency in a window":    {leader, []any{window, rescues, done}, states{scaling, emergency, stable}},
	"emergency in a decision":  {leader, []any{decides, rescues, decides, done}, states{rebalancing, emergency, rebalancing, stable}},
	"a decision fails":         {leader, []any{decides, failed}, states{rebalancing, stable}},
	"a planning fails":         {leader, []any{window, failed}, states{scaling, stable}},
	"decides before assigned":  {nil, []any{opened, began, led, gained, decides, first, done}, states{initial, claimingID, electing, waitingAssignment, stable, rebalancing, stable}},
	"done before assigned":     {nil, []any{opened, began, led, gained, decides, done, first}, states{initial, claimingID, electing, waitingAssignment, stable}},
	"ousted in a window":       {leader, []any{window, ousted}, states{scaling, stable}},
	"ousted in a decision":     {leader, []any{decides, ousted}, states{rebalancing, stable}},
	"ousted in an emergency":   {leader, []any{rescues, ousted}, states{emergency, stable}},
	"ousted while letting go":  {leader, []any{decides, letting, ousted, messages.DrainingChanged{}}, states{rebalancing, stable}},
	"another term's facts":     {leader, []any{messages.WindowOpened{Term: 3}, messages.DecisionStarted{Term: 3}, messages.LeadershipLost{Term: 3}}, nil},
	"a follower's facts":       {follower, []any{window, decides, rescues, closed, done, failed, ousted}, nil},
	"revoke":                   {follower, []any{letting, messages.DrainingChanged{}}, states{rebalancing, stable}},
	"grant":                    {follower, []any{waiting, messages.AssignmentApplied{Change: 3, Step: 7}}, states{rebalancing, stable}},
	"first with a grant":       {nil, []any{opened, began, led, waiting}, states{initial, claimingID, electing, waitingAssignment, stable, rebalancing}},
	"leads while letting go":   {follower, []any{letting, gained, messages.DrainingChanged{}}, states{rebalancing, stable}},
	"doubt":                    {follower, []any{doubt, renewed, healthy}, states{degraded, stable}},
	"doubt, not for long":      {follower, []any{doubt, renewed, doubt, healthy}, states{degraded}},
	"doubt in a window":        {leader, []any{window, doubt, renewed, healthy, closed}, states{scaling, degraded, stable, scaling, stable}},
	"doubt in a decision":      {leader, []any{decides, doubt, done, renewed, healthy}, states{rebalancing, degraded, stable}},
	"doubt in an emergency":    {leader, []any{rescues, doubt, ousted, renewed, healthy}, states{emergency, degraded, stable}},
	"doubt in Election":        {nil, []any{opened, began, doubt, renewed, healthy}, states{initial, claimingID, electing, degraded, electing}},
	"doubt before assigned":    {nil, []any{opened, began, led, doubt, renewed, healthy}, states{initial, claimingID, electing, waitingAssignment, degraded, waitingAssignment}},
	"assigned in doubt":        {nil, []any{opened, began, doubt, led, first, renewed, healthy}, states{initial, claimingID, electing, degraded, stable}},
	"lost in doubt":            {follower, []any{doubt, lostIt, messages.ClaimScanned{At: second(3)}, began, healthy}, states{degraded, claimingID, electing}},
	"lost after doubt":         {follower, []any{doubt, renewed, lostIt, messages.ClaimScanned{}, began}, states{degraded, claimingID, electing}},
	"doubt, lost, doubt":       {follower, []any{doubt, lostIt, messages.ClaimScanned{At: second(3)}, began, stumbles(4), outageDue{second(6.5)}}, states{degraded, claimingID, electing, degraded}},
	"stumbles":                 {follower, []any{stumbles(1), renewed, stumbles(3), stumbles(4)}, nil},
	"lost":                     {leader, []any{lostIt}, states{claimingID}},
	"lost in a window":         {leader, []any{window, lostIt}, states{scaling, claimingID}},
	"lost in a decision":       {leader, []any{decides, lostIt}, states{rebalancing, claimingID}},
	"lost in an emergency":     {leader, []any{rescues, lostIt}, states{emergency, claimingID}},
	"lost in Election":         {nil, []any{opened, began, lostIt}, states{initial, claimingID, electing, claimingID}},
	"lost before assigned":     {nil, []any{opened, began, led, lostIt}, states{initial, claimingID, electing, waitingAssignment, claimingID}},
	"store lost":               {follower, []any{gone, opened, began}, states{claimingID, electing}},
	"store lost in doubt":      {follower, []any{doubt, gone, opened, messages.ClaimScanned{}}, states{degraded, claimingID}},
	"store replaced":           {leader, []any{window, opened}, states{scaling, claimingID}},
	"store opened twice":       {nil, []any{opened, opened, began}, states{initial, claimingID, electing}},
	"store lost at once":       {nil, []any{gone, opened, gone}, states{initial, claimingID}},
	"store lost after doubt":   {follower, []any{doubt, renewed, gone, healthy}, states{degraded, claimingID}},
	"store unreachable":        {nil, []any{opened, unreachable(1), unreachable(3), outageDue{second(3.5)}, unreachable(4), messages.ClaimScanned{At: second(5)}}, states{initial, claimingID, degraded, claimingID}},
	"unreachable for a moment": {nil, []any{opened, unreachable(1), messages.ClaimScanned{At: second(3)}, outageDue{second(3.5)}}, states{initial, claimingID}},
	"claims fail":              {nil, []any{opened, messages.ClaimFailed{Reason: "full"}}, states{initial, claimingID}},
	"the same session renewed": {follower, []any{renewed, renewed}, nil},
}

// Every arrow is taken in some life, those of a stop apart.
func TestManager_States(t *testing.T) {
	taken := map[[2]messages.State]bool{}
	for name, c := range lives {
		t.Run(name, func(t *testing.T) {
			f := newFirm(t, nil)
			f.say(c.before...)
			defer func() {
				for i := range f.path {
					if i > 0 {
						taken[[2]messages.State{f.path[i-1], f.path[i]}] = true
					}
				}
			}()
			if c.before != nil {
				f.shown = f.shown[len(f.shown)-1:]
			}
			f.say(c.facts...)
			if c.before != nil {
				f.shown = f.shown[1:]
			}
			require.Equal(t, len(c.want), len(f.shown), "%v", f.shown)
			require.True(t, slices.Equal(c.want, f.shown), "%v", f.shown)
		})
	}
	for from, all := range arrows {
		for _, to := range all {
			require.True(t, to == shutdown || taken[[2]messages.State{from, to}], "%s → %s", from, to)
		}
	}
}

// What follows each other by way of the store's randomness differs.
func TestManager_SessionsDiffer(t *testing.T) {
	f := newFirm(t, nil)
	f.say(follower...)
	one := f.snapshot().Session
	f.say(lostIt)
	two := f.snapshot().Session
	f.say(gone, opened)
	three := f.snapshot().Session
	require.NotEmpty(t, one)
	require.NotEqual(t, one, two)
	require.NotEqual(t, two, three)
}

func TestManager_Snapshot(t *testing.T) {
	f := newFirm(t, nil)
	f.ask(messages.GetSnapshot{})
	require.Equal(t, messages.Snapshot{State: initial, Reason: "starting"}, heard[messages.Snapshot](t, f.user))
	end := time.Unix(5, 0)
	f.say(opened, messages.SessionStarted{Worker: "worker-0", Claim: 3, LeaseEnd: end}, led, gained, first, done, decides)
	own := []partition.Owned{{ID: "p", Token: 6}}
	f.say(messages.AssignmentApplied{
		Change: 2, Worker: "worker-0", Version: 2, Step: 6, All: own, Gained: own, Draining: 1, Abandoned: 2, Pending: []partition.PartitionID{"q"},
	})
	s := f.snapshot()
	require.NotEmpty(t, s.Session)
	s.Session = ""
	require.Equal(t, messages.Snapshot{
		State: rebalancing, Worker: "worker-0", Leader: "worker-0", Leading: true, Term: 4, LeaseEnd: end, Version: 2, Step: 6, Owned: own,
		Draining: 1, Abandoned: 2, Pending: []partition.PartitionID{"q"}, Members: []partition.WorkerID{"worker-0"}, CoverageKnown: true, Unowned: 2, Awaited: 3, UnownedSince: covers.Since, Healthy: true,
		Decision: partition.Measure{Moves: 1, Least: 1, Before: 1.5, After: 1},
	}, s)
	nearer := done
	nearer.Measure = partition.Measure{}
	f.say(nearer)
	require.Equal(t, done.Measure, f.snapshot().Decision, "that of the decision that comes nearer to its target")
	f.say(ousted)
	s = f.snapshot()
	require.False(t, s.Leading)
	require.Empty(t, s.Members, "only a leader knows")
	require.Zero(t, s.Unowned)
	require.Zero(t, s.UnownedSince)
	require.Zero(t, s.Decision)
}

// The outside hears first of all which settings are its own.
func TestManager_TellsTheOutsideItsSettings(t *testing.T) {
	f := newFirm(t, func(c *Config) { c.Settings = partition.Fast() })
	s := partition.Fast()
	require.Equal(t, messages.OpenStore{StoreTimeout: s.StoreTimeout, PollInterval: s.PollInterval}, f.outside.mail[0])
}
