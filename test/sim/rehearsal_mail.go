package sim

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/asynkron/protoactor-go/actor"
)

// Mail is a message that was delivered, with the names of actors as in their PIDs:
// a child's begins with its parent's. From is "root" for what was sent through
// System.Root, as a test does, and empty for what nobody sent, such as a reminder.
type Mail struct {
	From, To string
	Message  any
}

// String returns who said what to whom.
func (m Mail) String() string {
	return m.To + " " + m.heard()
}

func (m Mail) heard() string {
	if m.From == "" {
		return "hears " + text(m.Message)
	}
	return fmt.Sprintf("hears from %s: %s", m.From, text(m.Message))
}

// longestText of a message in a trace, in bytes.
const longestText = 300

var (
	// address is that of a pointer, which is another one each time.
	address = regexp.MustCompile(`0x[0-9a-f]{8,}`)
	pid     = regexp.MustCompile(`Address:"[^"]*"\s+Id:"([^"]*)"`)
)

func text(message any) string {
	s := fmt.Sprintf("%T%+v", message, message)
	if v := reflect.ValueOf(message); v.IsValid() && v.Kind() != reflect.Struct {
		s = fmt.Sprintf("%T %+v", message, message)
	}
	if strings.Contains(s, "0x") {
		s = address.ReplaceAllString(s, "…")
	}
	if strings.Contains(s, `Address:"`) {
		s = pid.ReplaceAllString(s, "$1")
	}
	if len(s) > longestText {
		s = strings.ToValidUTF8(s[:longestText], "") + "…"
	}
	return s
}

// fits reports whether this is what was meant. An empty field of what is meant is
// anything.
func (m Mail) fits(meant Mail) bool {
	return (meant.From == "" || meant.From == m.From) && (meant.To == "" || meant.To == m.To) &&
		(meant.Message == nil || reflect.DeepEqual(meant.Message, m.Message))
}

// Said is all that was said so far, in the order of delivery.
func (r *Rehearsal) Said() []Mail { return r.said[:len(r.said):len(r.said)] }

// Expect fails the test unless this was said, in this order, since what was expected
// before. There may be more in between. Fields of Mail that are empty fit anything.
func (r *Rehearsal) Expect(mail ...Mail) {
	r.t.Helper()
	r.expect(&r.read, "", mail)
}

// ExpectExactly fails the test unless this and nothing else was said since what was
// expected before.
func (r *Rehearsal) ExpectExactly(mail ...Mail) {
	r.t.Helper()
	r.exactly(&r.read, "", mail)
}

func (r *Rehearsal) expect(read *int, to string, mail []Mail) {
	r.t.Helper()
	at := *read
	for i, want := range mail {
		for at < len(r.said) && (to != "" && r.said[at].To != to || !r.said[at].fits(want)) {
			at++
		}
		if at == len(r.said) {
			r.t.Fatalf("sim: not said, or not in this order:\n%sThis was said:\n%s", listed(mail[i:i+1]), listed(r.unread(*read, to)))
			return
		}
		at++
	}
	*read = at
}

func (r *Rehearsal) exactly(read *int, to string, mail []Mail) {
	r.t.Helper()
	got := r.unread(*read, to)
	same := len(got) == len(mail)
	for i := 0; same && i < len(got); i++ {
		same = got[i].fits(mail[i])
	}
	if !same {
		r.t.Fatalf("sim: expected exactly\n%sThis was said:\n%s", listed(mail), listed(got))
		return
	}
	*read = len(r.said)
}

// unread is what was said to an actor, or to anybody, since some was read.
func (r *Rehearsal) unread(read int, to string) []Mail {
	var out []Mail
	for _, m := range r.said[read:] {
		if to == "" || m.To == to {
			out = append(out, m)
		}
	}
	return out
}

func listed(mail []Mail) string {
	var b strings.Builder
	for _, m := range mail {
		b.WriteString("  " + m.String() + "\n")
	}
	if len(mail) == 0 {
		return "  nothing\n"
	}
	return b.String()
}

// Probe is an actor that plays whoever talks with the one under test. It says only
// what the test says for it.
type Probe struct {
	PID *actor.PID

	in   *Rehearsal
	read int
}

// Probe starts an actor that does nothing but hear.
func (r *Rehearsal) Probe(name string) *Probe {
	r.t.Helper()
	return &Probe{in: r, PID: r.Spawn(name, actor.PropsFromFunc(func(actor.Context) {}))}
}

// Send sends mail in the name of the probe, which hears the answer.
func (p *Probe) Send(to *actor.PID, message any) {
	p.in.System.Root.RequestWithCustomSender(to, message, p.PID)
}

// Expect fails the test unless the probe has heard these, in this order, since what
// was expected before. There may be more in between.
func (p *Probe) Expect(messages ...any) {
	p.in.t.Helper()
	p.in.expect(&p.read, p.PID.Id, bare(messages))
}

// ExpectExactly fails the test unless the probe has heard these and nothing else
// since what was expected before.
func (p *Probe) ExpectExactly(messages ...any) {
	p.in.t.Helper()
	p.in.exactly(&p.read, p.PID.Id, bare(messages))
}

func bare(messages []any) []Mail {
	out := make([]Mail, len(messages))
	for i, m := range messages {
		out[i].Message = m
	}
	return out
}

// Heard is what the probe has heard since what was expected before.
func (p *Probe) Heard() []any {
	var out []any
	for _, m := range p.in.unread(p.read, p.PID.Id) {
		out = append(out, m.Message)
	}
	return out
}

// Next returns the next message of a type that the probe has heard since what was
// expected before, and passes over those of other types. It fails the test if there
// is none.
func Next[M any](p *Probe) M {
	p.in.t.Helper()
	for i, m := range p.in.said[p.read:] {
		if found, ok := m.Message.(M); ok && m.To == p.PID.Id {
			p.read += i + 1
			return found
		}
	}
	var none M
	p.in.t.Fatalf("sim: %s has not heard %T. It heard:\n%s", p.PID.Id, none, listed(p.in.unread(p.read, p.PID.Id)))
	return none
}
