package actors

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupe-actors/troupe/actors/fsm"
	"github.com/troupe-actors/troupe/actors/stage"
	"github.com/troupe-actors/troupe/messages"
	"github.com/troupe-actors/troupe/partition"
)

// historian answers what was decided and why, on every worker, from what the store
// has. It owns nothing but the questions that wait. It hears them from the manager, with
// what that knows of the leader, and tells whoever asked. If it fails, nobody is
// answered, and the next question makes another one.
type historian struct {
	state   historianState
	outside *actor.PID
	round   partition.Round
	tries   int
	asked   []messages.Inquiry
	account partition.Account
}

type historianState string

const (
	unread     historianState = "unread"     // waiting for a question
	consulting historianState = "consulting" // waiting for head, assignments and workers' records
	citing     historianState = "citing"     // waiting for the journal
)

const (
	// maxInquiries is how many questions may wait; more are answered with a reason.
	maxInquiries = 100
	// someJournal is how many steps are told by default.
	someJournal = 10
)

// historianDue is a reminder of a historian to itself.
type historianDue struct{ Round partition.Round }

var historianTable = fsm.New(
	fsm.On(unread, (*historian).ask, consulting), // Inquiry
	fsm.On(consulting, (*historian).queue, consulting),
	fsm.On(consulting, (*historian).looked, consulting, citing, unread), // ReadDone
	fsm.On(consulting, (*historian).lookAgain, consulting),
	fsm.On(consulting, (*historian).unable, consulting, unread), // ReadFailed
	fsm.On(citing, (*historian).queue, citing),
	fsm.On(citing, (*historian).cited, citing, consulting, unread), // ReadDone
	fsm.On(citing, (*historian).unable, citing, consulting, unread),
	fsm.Stay((*historian).end, unread, consulting, citing), // Stopping
	fsm.Late[*historian, historianState](messages.ReadDone{}, messages.ReadFailed{}, historianDue{}),
)

func historianProps(outside *actor.PID) *actor.Props {
	return stage.Props(func() actor.Actor { return &historian{state: unread, outside: outside} })
}

// Receive implements actor.Actor.
func (h *historian) Receive(ctx actor.Context) { historianTable.Receive(ctx, h, &h.state, nil) }

func (h *historian) ask(ctx actor.Context, q messages.Inquiry) historianState {
	h.asked = append(h.asked, q)
	return h.look(ctx)
}

func (h *historian) queue(ctx actor.Context, q messages.Inquiry) historianState {
	if len(h.asked) >= maxInquiries {
		h.tell(ctx, q, "too many questions are waiting")
		return h.state
	}
	h.asked = append(h.asked, q)
	return h.state
}

// look begins with the first question.
func (h *historian) look(ctx actor.Context) historianState {
	h.tries = 0
	return h.read(ctx)
}

func (h *historian) read(ctx actor.Context) historianState {
	keys := []messages.Key{messages.KeyHead}
	if _, why := h.asked[0].Question.(messages.Why); why {
		keys = append(keys, messages.AllAssignments, messages.AllLive)
	}
	h.round++
	ctx.Request(h.outside, messages.Read{Round: h.round, Keys: keys})
	return consulting
}

// looked knows where to look in the journal.
func (h *historian) looked(ctx actor.Context, m messages.ReadDone) historianState {
	if m.Round != h.round {
		return consulting
	}
	head, ok := m.Entries[0].Record.(partition.Head)
	switch {
	case !ok && m.Entries[0].Fault != "":
		return h.lookLater(ctx, m.Entries[0].Fault)
	case !ok:
		return h.answer(ctx, "nothing is assigned yet", nil)
	}
	if q, journal := h.asked[0].Question.(messages.GetJournal); journal {
		return h.cite(ctx, lately(head.Step, q.Last))
	}
	asg, roster := map[partition.WorkerID]partition.Assignment{}, partition.Roster{}
	for _, e := range m.Entries[1:] {
		switch r := e.Record.(type) {
		case partition.Assignment:
			asg[partition.WorkerID(e.Key[len("asg."):])] = r
		case partition.Live:
			w := partition.WorkerID(e.Key[len("live."):])
			roster[w], _ = partition.Witness{}.See(w, r, e.Revision, m.At)
		}
	}
	table, err := partition.TableOf(head, asg)
	if err != nil {
		return h.lookLater(ctx, err.Error())
	}
	why, _ := h.asked[0].Question.(messages.Why) // only that one needs the table
	h.account = table.Account(why.Partition, roster)
	return h.cite(ctx, []partition.Step{partition.Step(h.account.Token), h.account.Revoking})
}

// lately are the latest steps, the newest first.
func lately(step partition.Step, n int) (steps []partition.Step) {
	if n <= 0 {
		n = someJournal
	}
	for range min(n, messages.MaxJournal) {
		steps = append(steps, step)
		step--
	}
	return steps
}

// lookLater reads again: head and assignments are read between two publishes at times.
func (h *historian) lookLater(ctx actor.Context, reason string) historianState {
	if h.tries++; h.tries >= maxTableReads {
		return h.answer(ctx, reason, nil)
	}
	ctx.Request(h.outside, messages.Remind{After: retryDelay, Mail: historianDue{h.round}})
	return consulting
}

func (h *historian) lookAgain(ctx actor.Context, m historianDue) historianState {
	if m.Round != h.round {
		return consulting
	}
	return h.read(ctx)
}

// cite looks up what the journal has of some steps.
func (h *historian) cite(ctx actor.Context, steps []partition.Step) historianState {
	var keys []messages.Key
	for _, s := range steps {
		if s != 0 && s <= steps[0] { // before the first step there is none
			keys = append(keys, messages.KeyJournal(s))
		}
	}
	if len(keys) == 0 {
		return h.answer(ctx, "", nil)
	}
	h.round++
	ctx.Request(h.outside, messages.Read{Round: h.round, Keys: keys})
	return citing
}

func (h *historian) cited(ctx actor.Context, m messages.ReadDone) historianState {
	if m.Round != h.round {
		return citing
	}
	return h.answer(ctx, "", m.Entries)
}

func (h *historian) unable(ctx actor.Context, m messages.ReadFailed) historianState {
	if m.Round != h.round {
		return h.state
	}
	return h.answer(ctx, m.Reason, nil)
}

// answer answers the first question, and goes on with the next one.
func (h *historian) answer(ctx actor.Context, reason string, journal []messages.Entry) historianState {
	h.tell(ctx, h.asked[0], reason, journal...)
	h.account = partition.Account{}
	if h.asked = h.asked[1:]; len(h.asked) > 0 {
		return h.look(ctx)
	}
	return unread
}

// end tells everybody who waits that nothing comes any more.
func (h *historian) end(ctx actor.Context, _ *actor.Stopping) {
	for _, q := range h.asked {
		h.tell(ctx, q, isStopping)
	}
	h.asked = nil
}

func (h *historian) tell(ctx actor.Context, q messages.Inquiry, reason string, journal ...messages.Entry) {
	stage.Post(ctx.ActorSystem())(q.From, answerTo(q, reason, h.account, journal))
}
