package live

import (
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/troupe-actors/troupe/bridge/embedded"
)

// A worker that may not make the consumer by which it hears of its assignments says
// so, for good, and owns nothing: neither before it has an ID nor when it has one.
// The others own everything.
func TestDenied_Consumer(t *testing.T) {
	beside(t)
	for name, denied := range map[string]string{
		"all": "$JS.API.CONSUMER.CREATE.>", "its assignments": "$JS.API.CONSUMER.CREATE.KV_live.*.$KV.live.*.asg.>",
	} {
		t.Run(name, func(t *testing.T) {
			g := groupOn(t, embedded.Config{Memory: true, Options: func(o *server.Options) {
				o.Users = []*server.User{{Username: "all", Password: "all"}, {Username: "few", Password: "few", Permissions: &server.Permissions{
					Publish: &server.SubjectPermission{Deny: []string{denied}},
				}}}
				o.NoAuthUser = "all"
			}}, swift(), 24)
			all := g.start(2)
			g.user = "few"
			w := g.join("few")
			g.without("not permitted", w)
			reason := g.ledger.read(w).health.Reason
			require.Contains(t, strings.ToLower(reason), "permissions violation for publish", "what the server says")
			require.Contains(t, reason, "$JS.API.CONSUMER.CREATE.KV_live.", "what is not permitted")
			g.user = ""
			g.atRest(append(all, g.join("more"))...) // whatever it was granted meanwhile
			require.Empty(t, w.snapshot().Owned)
			require.NoError(t, w.stop())
		})
	}
}
