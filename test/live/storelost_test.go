package live

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// latest is the highest token that anybody has had.
func (l *ledger) latest() (token partition.Token) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, t := range l.token {
		token = max(token, t)
	}
	return token
}

// anew waits until these own everything under later tokens. That nobody else owned
// it then, and that tokens only grow, is in the ledger's audit.
func (g *group) anew(after partition.Token, workers ...*worker) {
	g.t.Helper()
	g.ledger.await("everybody owns by a later step", func() bool {
		return g.ledger.all(workers, func(p *page) bool { return len(p.owned) > 0 && p.owned[0].Token > after })
	})
	g.atRest(workers...)
}

// without waits until nobody owns anything, for this reason.
func (g *group) without(reason string, workers ...*worker) {
	g.t.Helper()
	g.ledger.await("nobody owns anything, as "+reason, func() bool {
		return g.ledger.all(workers, func(p *page) bool { return len(p.owned) == 0 && strings.Contains(p.health.Reason, reason) })
	})
}

// The stream is deleted, and made anew by the workers, by an administrator, or by
// two of them at once: there is one new incarnation, nothing is granted in it
// before what was owned in the former one has ended, and nothing can be written
// into that one any more.
//
// hazards 47, 57 and 58
func TestStoreLost_Deleted(t *testing.T) {
	beside(t)
	for name, create := range map[string]func(a *admin) (nonces []string){
		"by us": nil,
		"by an administrator": func(a *admin) []string {
			require.NoError(a.t, a.create("second"))
			return []string{"second"}
		},
		"by two at once": func(a *admin) []string {
			answers := make(chan error, 2)
			for _, nonce := range []string{"second", "third"} {
				go func() { answers <- a.create(nonce) }()
			}
			first, second := <-answers, <-answers
			require.True(t, (first == nil) != (second == nil), "one of two is first: %v, %v", first, second)
			return []string{"second", "third"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newGroup(t, swift(), 24)
			a := g.admin()
			if g.bindOnly = create != nil; g.bindOnly {
				require.NoError(t, a.create("first"))
			}
			all := g.start(3)
			former, after := a.incarnation(), g.ledger.latest()
			lead := a.latest(messages.KeyLead).revision

			a.delete()
			if create != nil {
				require.Contains(t, create(a), a.incarnation())
			}
			g.anew(after, all...)
			require.NotEqual(t, former, a.incarnation())
			a.quarantined(g.settings, after)
			a.writesNothing(former, lead)
		})
	}
}

// The stream loses all its records, because somebody edited how long it keeps
// them. Nobody owns anything then, and all say why. When it is edited back the
// group goes on in the same incarnation, under later tokens.
//
// hazards 47 and 57
func TestStoreLost_Expired(t *testing.T) {
	beside(t)
	g := newGroup(t, swift(), 24)
	a := g.admin()
	all := g.start(3)
	former, after := a.incarnation(), g.ledger.latest()

	a.edit(100 * time.Millisecond)
	g.without("MaxAge is 100ms; must be 0", all...)
	a.expired()
	a.edit(0)
	g.anew(after, all...)
	require.Equal(t, former, a.incarnation())
	a.quarantined(g.settings, after)
	require.True(t, all[0].snapshot().Healthy)
}

// Records cannot be taken away one by one or all together, nor can that be allowed.
//
// hazard 57
func TestStoreLost_PurgeIsRefused(t *testing.T) {
	beside(t)
	g := newGroup(t, patient(), 24)
	a := g.admin()
	all := g.start(2)
	begin := g.ledger.mark()
	had := a.keys()

	s := a.stream()
	require.ErrorContains(t, s.Purge(t.Context()), "not permitted")
	require.ErrorContains(t, s.DeleteMsg(t.Context(), uint64(a.head())), "not permitted")
	require.ErrorContains(t, s.SecureDeleteMsg(t.Context(), uint64(a.head())), "not permitted")
	cfg := s.CachedInfo().Config
	cfg.DenyPurge, cfg.DenyDelete = false, false
	_, err := a.js.UpdateStream(t.Context(), cfg)
	require.Error(t, err)

	c := g.count()
	g.ledger.await("everybody's heart beats on", func() bool { return c.of("live.worker-0") > 1 && c.of("live.worker-1") > 1 })
	g.ledger.unmoved(begin, all...)
	require.Subset(t, a.keys(), had, "nothing is gone")
}

// An older copy of the store takes its place: a directory that was copied, or a
// snapshot that the server gave out, on one node and on three. Everybody remembers
// more than there is, says so, owns nothing and grants nothing, until the stream
// was deleted. So does who comes meanwhile, as the stream says it, too.
//
// hazards 47, 57 and 60
func TestStoreLost_OlderCopy(t *testing.T) {
	beside(t)
	t.Run("a directory", func(t *testing.T) {
		cfg, backup := keeping(t), t.TempDir()+"/backup"
		g := groupOn(t, cfg, swift(), 24)
		goesBack(g, func() (back func()) {
			g.restart(cfg, func() { require.NoError(t, os.CopyFS(backup, os.DirFS(cfg.Dir))) })
			return func() {
				g.restart(cfg, func() {
					require.NoError(t, os.RemoveAll(cfg.Dir))
					require.NoError(t, os.CopyFS(cfg.Dir, os.DirFS(backup)))
				})
			}
		})
	})
	snapshot := func(g *group) {
		g.bindOnly = true
		a := g.admin()
		require.NoError(g.t, a.create("first"))
		goesBack(g, func() (back func()) {
			copied := a.snapshot()
			return func() { a.restore(copied) }
		})
	}
	t.Run("a snapshot", func(t *testing.T) { snapshot(newGroup(t, swift(), 24)) })
	t.Run("a snapshot, three nodes", func(t *testing.T) { snapshot(groupOnThree(t, swift(), 24)) })
}

func goesBack(g *group, take func() (back func())) {
	t := g.t
	all := g.start(3)
	back := take()
	g.atRest(all...)

	all = append(all, g.join("later"))
	g.atRest(all...)
	c := g.count()
	g.ledger.await("the copy is older by more than each may write", func() bool { return c.of("live.") > 5*len(all) })
	after := g.ledger.latest()
	latest, gone := g.admin().head(), time.Now()
	back()

	g.without("older copy", all...)
	all = append(all, g.join("fresh"))
	g.without("older copy", all...)
	a := g.admin()
	term, _ := a.latest(messages.KeyTerm).record.(partition.Term)
	require.NotEmpty(t, term.Lost)
	head := a.latest(messages.KeyHead)
	require.Greater(t, latest, head.revision, "the copy is older")
	require.NotZero(t, head.revision)
	require.True(t, head.at.Before(gone), "nothing is granted")
	former := a.incarnation()
	a.delete()
	if g.bindOnly {
		require.NoError(t, a.create("second"))
	}
	g.anew(after, all...)
	require.NotEqual(t, former, a.incarnation())
	a.quarantined(g.settings, after)
	require.Empty(t, g.ledger.wrong, fmt.Sprint(g.ledger.wrong))
}
