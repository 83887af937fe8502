package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/internal/rows"
)

func init() {
	rows.Holder = holderTable.Rows
	rows.Of = func(a actor.Actor, message any) string {
		if h, is := stage.Inside(a).(*holder); is {
			return holderTable.Row(h.state, message)
		}
		return ""
	}
}
