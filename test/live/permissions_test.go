package live

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge"
	"github.com/troupe-actors/troupe/bridge/embedded"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// strict is a group whose server lets its users do what docs/permissions says, and
// nothing else: worker-0 and worker-1 may lead, worker-2 never does.
type strict struct {
	*group
	mu     sync.Mutex
	denied []error
}

func newStrict(t *testing.T, settings partition.Settings) *strict {
	users := []*server.User{
		permitted(t, "administrator", "administrator"),
		permitted(t, "candidate", "worker-0"), permitted(t, "candidate", "worker-1"), permitted(t, "worker", "worker-2"),
	}
	g := groupOn(t, embedded.Config{Memory: true, Options: func(o *server.Options) { o.Users = users }}, settings, 24)
	g.bindOnly = true
	return &strict{group: g}
}

// permitted is a user of the server, as a file of its configuration would make it.
func permitted(t *testing.T, role, name string) *server.User {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile("../../docs/permissions/" + role + ".conf")
	require.NoError(t, err)
	own := strings.NewReplacer("GROUP", "live", "WORKER", name).Replace(string(text))
	whole := fmt.Sprintf("authorization { users: [ { user: %q, password: %q, permissions: { include own.conf } } ] }", name, name)
	path := filepath.Join(dir, "server.conf")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "own.conf"), []byte(own), 0o600))
	require.NoError(t, os.WriteFile(path, []byte(whole), 0o600))
	options, err := server.ProcessConfigFile(path)
	require.NoError(t, err)
	return options.Users[0]
}

// options are those of a connection of this user.
func (s *strict) options(user string) []nats.Option {
	return []nats.Option{
		nats.CustomInboxPrefix("_INBOX_" + user), nats.UserInfo(user, user),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.denied = append(s.denied, err)
		}),
	}
}

func (s *strict) dialled(user string) *nats.Conn {
	s.t.Helper()
	nc, err := nats.Connect(s.url(), s.options(user)...)
	require.NoError(s.t, err)
	s.t.Cleanup(nc.Close)
	return nc
}

// enter joins the worker with this number, under its own name, and no other ID.
func (s *strict) enter(number int, change ...func(*partition.Settings)) *worker {
	s.t.Helper()
	name := fmt.Sprintf("worker-%d", number)
	s.dial = s.options(name)
	own := func(set *partition.Settings) {
		set.WorkerIDs, set.NeverLead = partition.IDRange{From: number, Count: 1}, number == 2
	}
	return s.join(name, append([]func(*partition.Settings){own}, change...)...)
}

// create makes the stream as the administrator does.
func (s *strict) create() {
	s.t.Helper()
	require.NoError(s.t, bridge.CreateStream(s.t.Context(), s.dialled("administrator"), bridge.Config{Group: "live"}))
}

// Whatever a group does in its life is permitted: joins, refreshes, questions, a leader
// that stops, one that crashes, a fence, and a worker that is back.
func TestPermissions_AllThatIsNeeded(t *testing.T) {
	beside(t)
	s := newStrict(t, mortal())
	first := s.enter(0)
	s.without("there is no stream KV_live, and BindOnly creates none", first)
	s.create()
	s.create() // one that is as it must be is left alone
	s.atRest(first)
	second := s.enter(1)
	s.atRest(first, second)
	third := s.enter(2)
	s.atRest(first, second, third)
	owner := ask[messages.Owner](third, messages.GetOwner{Partition: s.list[0].ID()})
	require.NotEmpty(t, owner.Worker, owner.Reason)
	_, err := bridge.Why(t.Context(), third.system, third.manager, s.list[0].ID())
	require.NoError(t, err)
	require.NotZero(t, third.refresh())
	require.NoError(t, first.stop())
	s.atRest(second, third)
	third.crash()
	s.atRest(second)
	third = s.enter(2)
	s.atRest(second, third)
	second.crash()
	first = s.enter(0)
	s.atRest(first, third)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, err := range s.denied {
		require.NotErrorIs(t, err, nats.ErrPermissionViolation)
	}
}

// One user of each role.
const asAdmin, asLeader, asWorker = "administrator", "worker-1", "worker-2"

var everybody = []string{asAdmin, asLeader, asWorker}

// mayPublish says who may send what. Whatever stands here for nobody is refused.
var mayPublish = map[string][]string{
	"$JS.API.INFO":                      {asAdmin},
	"$JS.API.STREAM.INFO.KV_live":       everybody,
	"$JS.API.STREAM.MSG.GET.KV_live":    everybody,
	"$JS.API.STREAM.CREATE.KV_live":     {asAdmin},
	"$JS.API.STREAM.UPDATE.KV_live":     {asAdmin},
	"$JS.API.STREAM.DELETE.KV_live":     {asAdmin},
	"$JS.API.CONSUMER.LIST.KV_live":     {asAdmin},
	"$JS.API.CONSUMER.INFO.KV_live.x":   {asAdmin},
	"$JS.FC.KV_live.x.y":                everybody,
	"$KV.live.i.lead":                   {asLeader},
	"$KV.live.i.term":                   {asLeader},
	"$KV.live.i.head.0":                 {asLeader},
	"$KV.live.i.asg.worker-2.0":         {asLeader},
	"$KV.live.i.journal.7":              {asLeader},
	"$KV.live.i.live.worker-2":          {asLeader, asWorker},
	"$KV.live.i.live.worker-3":          {asLeader},
	"$JS.API.STREAM.PURGE.KV_live":      nil,
	"$JS.API.STREAM.NAMES":              nil,
	"$JS.API.STREAM.LIST":               nil,
	"$JS.API.STREAM.SNAPSHOT.KV_live":   nil,
	"$JS.API.STREAM.RESTORE.KV_live":    nil,
	"$JS.API.DIRECT.GET.KV_live":        nil,
	"$JS.API.STREAM.CREATE.KV_other":    nil,
	"$JS.API.STREAM.DELETE.KV_other":    nil,
	"$JS.API.STREAM.INFO.KV_other":      nil,
	"$JS.API.STREAM.MSG.GET.KV_other":   nil,
	"$JS.FC.KV_other.x.y":               nil,
	"$KV.live.i.more":                   nil,
	"$KV.live.i.live.worker-2.more":     nil,
	"$KV.other.i.live.worker-2":         nil,
	"$KV.other.i.lead":                  nil,
	"_INBOX_worker-0.x":                 nil,
	"$SYS.REQ.SERVER.PING":              nil,
	"orders.eu":                         nil,
	"$JS.API.STREAM.MSG.DELETE.KV_live": nil, "$JS.API.STREAM.LEADER.STEPDOWN.KV_live": nil,
	"$JS.API.CONSUMER.CREATE.KV_live": nil, "$JS.API.CONSUMER.CREATE.KV_live.x": nil,
	"$JS.API.CONSUMER.DELETE.KV_live.x": nil, "$JS.API.CONSUMER.MSG.NEXT.KV_live.x": nil,
	"$JS.API.CONSUMER.DURABLE.CREATE.KV_live.x":            nil,
	"$JS.API.CONSUMER.CREATE.KV_live.x.$KV.live.i.live.*":  everybody,
	"$JS.API.CONSUMER.CREATE.KV_live.x.$KV.live.i.asg.w.*": everybody,
	"$JS.API.CONSUMER.CREATE.KV_live.x.$KV.other.i.live.*": nil,
	"$JS.API.CONSUMER.CREATE.KV_other.x.$KV.live.i.live.*": nil,
}

// What nobody needs is refused, by subject and role.
func TestPermissions_NothingElse(t *testing.T) {
	beside(t)
	s := newStrict(t, mortal())
	hears := map[string][]string{
		"_INBOX_administrator.x": {asAdmin}, "_INBOX_worker-1.x": {asLeader}, "_INBOX_worker-2.x": {asWorker},
		">": nil, "$KV.live.>": nil, "$JS.>": nil, "_INBOX.>": nil, "_INBOX_worker-0.>": nil, "orders.eu": nil,
	}
	for _, user := range everybody {
		nc := s.dialled(user)
		try := func(what, subject string, allowed []string, act func() error) {
			require.NoError(t, act())
			require.NoError(t, nc.Flush())
			err := nc.LastError()
			refused := err != nil && strings.Contains(err.Error(), what+" to "+strconv.Quote(subject))
			require.Equal(t, !slices.Contains(allowed, user), refused, "%s: %s to %s: %v", user, what, subject, err)
		}
		for subject, allowed := range mayPublish {
			try("Publish", subject, allowed, func() error { return nc.PublishRequest(subject, "_INBOX_"+user+".x", nil) })
		}
		for subject, allowed := range hears {
			try("Subscription", subject, allowed, func() error {
				_, err := nc.SubscribeSync(subject)
				return err
			})
		}
	}
}

// What is not permitted is told as a fault for good, with the subject.
func TestPermissions_ADenialIsFinal(t *testing.T) {
	beside(t)
	s := newStrict(t, mortal())
	told := func(w *worker, reason, subject string) {
		t.Helper()
		s.without(reason, w)
		// A store that was open is lost first: that alone is not for good.
		s.ledger.await("it is final", func() bool { return s.ledger.pages[w].health.Final })
		health := s.ledger.read(w).health
		require.Contains(t, health.Reason, reason)
		require.Contains(t, health.Reason, subject)
		require.NoError(t, w.stop())
	}
	s.bindOnly = false
	told(s.enter(2), "the stream KV_live may not be created", "$JS.API.STREAM.CREATE.KV_live")
	s.bindOnly = true
	s.create()
	told(s.enter(2, func(set *partition.Settings) { set.WorkerIDs.From = 5 }), "writing is not permitted", ".live.worker")
	told(s.enter(2, func(set *partition.Settings) { set.NeverLead = false }), "writing is not permitted", "$KV.live.")
	err := bridge.CreateStream(t.Context(), s.dialled("worker-0"), bridge.Config{Group: "other"})
	require.ErrorContains(t, err, "the stream KV_other cannot be looked at")
	require.ErrorIs(t, err, nats.ErrPermissionViolation)
	require.ErrorContains(t, bridge.CreateStream(t.Context(), s.dialled("administrator"), bridge.Config{Group: "live", Replicas: 3}), "Replicas is 1; must be 3")
}
