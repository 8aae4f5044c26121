package review_test

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/seal"
)

// together is three people at one desk, each with a replica of her own, who act
// on one case as they like, legal or not.
type together struct {
	b      *bench
	sent   *reviewtest.Sent
	seats  []*chair
	marks  int
	said   int             // messages of the person
	done   map[string]bool // what was done for certain, by its mark
	unsure map[string]bool // what may have been done
	forged int             // entries written past the program
}

// chair is a person's place: her workstation, and the line to the server that
// loses acknowledgements.
type chair struct {
	who    *reviewtest.Person
	dir    string
	line   *swallow
	client *access.Client
	*review.Workstation
}

func (c *chair) open(b *bench) {
	w, err := review.Open(ctx, review.Config{Dir: c.dir, Key: c.who.Key, Client: c.client, Root: b.Roster.Fingerprint(), Clock: b.Clock.Now})
	b.ok(err)
	c.Workstation = w
	b.ok(c.Sync(ctx, nil))
}

// TestTogether lets three people act on cases in any order, some of it illegal,
// some written past the program, while acknowledgements are lost and
// workstations end and begin: in the end all three show the same, every entry
// that was acknowledged is there, none is there twice, none that was refused is
// there, and no case is in a state that no legal way leads to. TOGETHER is how
// many cases to play through, each of 30 steps or so.
func TestTogether(t *testing.T) {
	n := 10
	if s := os.Getenv("TOGETHER"); s != "" {
		var err error
		if n, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	}
	b := newBench(t) // its own workstations look on
	var seats []*chair
	for _, p := range []*reviewtest.Person{b.Nino, b.Ana, b.Luka} {
		line := &swallow{inner: http.DefaultTransport}
		c := &chair{who: p, dir: t.TempDir(), line: line, client: b.Client(p, &http.Client{Transport: line, Timeout: 10 * time.Second})}
		c.open(b)
		t.Cleanup(func() { b.ok(c.Close()) })
		seats = append(seats, c)
	}
	tried := map[string]int{}
	checks(t, n)
	rapid.Check(t, func(rt *rapid.T) {
		x := &together{b: b, sent: b.Send("street", nil), seats: seats, done: map[string]bool{}, unsure: map[string]bool{}}
		if rapid.IntRange(0, 4).Draw(rt, "nobody takes it first") > 0 {
			_, err := rapid.SampledFrom(seats).Draw(rt, "taker").Take(ctx, x.sent.Deposit)
			b.ok(err)
		}
		for range 25 {
			tried[x.step(rt)]++
		}
		x.settle(rt)
	})
	for _, what := range []string{"ok", "refused", "unsure", "restart", "forged"} {
		if tried[what] == 0 && (n >= 40 || what == "ok") {
			t.Errorf("it never came to %q: %v", what, tried)
		}
	}
	t.Logf("%v", tried)
}

// step lets one thing happen and says how it went.
func (x *together) step(rt *rapid.T) string {
	c := rapid.SampledFrom(x.seats).Draw(rt, "who")
	switch rapid.SampledFrom([]string{"act", "act", "act", "act", "act", "act", "act", "act", "act", "act", "act", "act", "act", "act", "sync", "forge", "message", "restart"}).Draw(rt, "what") {
	case "restart":
		x.b.ok(c.Close())
		c.open(x.b)
		return "restart"
	case "message":
		x.sent.Say(seal.Message{Text: "PRACTICE " + strconv.Itoa(x.said)})
		x.said++
		return "message"
	case "forge":
		return x.forge(rt, c)
	case "sync":
		x.b.ok(c.Sync(ctx, nil))
		return "sync"
	}
	mark := fmt.Sprintf("PRACTICE mark %d.", x.marks)
	x.marks++
	// Of one that is lost the next comes; where all are lost nobody knows.
	lost := rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 9}).Draw(rt, "acknowledgements lost")
	c.line.set(lost)
	err := x.act(rt, c, mark)
	c.line.set(0)
	var taken *review.TakenError
	switch {
	case err == nil:
		x.done[mark] = true
		return "ok"
	case errors.Is(err, errNoMark):
		return "ok"
	case errors.Is(err, review.ErrUnsure):
		x.unsure[mark] = true
		return "unsure"
	case errors.Is(err, review.ErrNotLegal), errors.Is(err, review.ErrNotYours), errors.As(err, &taken), errors.Is(err, review.ErrBusy):
		return "refused"
	}
	rt.Fatalf("%s: %v", mark, err)
	return ""
}

func (s *swallow) set(left int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.sent = left, nil
}

// errNoMark is of something that was done and bears no mark.
var errNoMark = errors.New("done")

// act does one of the things that people do. Each is marked, so that it is
// found again.
func (x *together) act(rt *rapid.T, c *chair, mark string) error {
	id := x.sent.Deposit
	v, err := c.View().Case(id)
	if err != nil {
		return review.ErrNotYours // not here yet
	}
	person := func() string { return rapid.SampledFrom(x.seats).Draw(rt, "whom").who.ID() }
	entry := func() vault.ID {
		if len(v.Entries) == 0 {
			return vault.ID{}
		}
		return v.Entries[rapid.IntRange(max(0, len(v.Entries)-4), len(v.Entries)-1).Draw(rt, "entry")].ID
	}
	if v.Journal.IsZero() && rapid.IntRange(0, 2).Draw(rt, "take") > 0 {
		_, err := c.Take(ctx, id)
		if err == nil {
			return errNoMark
		}
		return err
	}
	switch rapid.SampledFrom([]string{"note", "state", "state", "state", "state", "propose", "answer", "decline", "hand over", "cover", "undo", "undo", "restrict", "lift", "code", "reply"}).Draw(rt, "act") {
	case "answer":
		if len(v.Proposals) == 0 {
			return c.Propose(ctx, id, review.NotVerified, mark)
		}
		if p := v.Proposals[len(v.Proposals)-1]; p.What == review.Erase {
			return c.Decline(ctx, id, p.Entry, mark) // or there would be no case to compare
		}
		if err := c.Agree(ctx, id, waits(c.Workstation, id)); err != nil {
			return err
		}
		return errNoMark
	case "note":
		return c.AddNote(ctx, id, review.Note{Text: mark})
	case "state":
		to := []string{review.InReview, review.Verified, review.NotVerified, review.Action, review.Monitoring, review.Closed, review.Reopened}
		if legal := review.Steps(v.State); len(legal) > 0 && rapid.IntRange(0, 3).Draw(rt, "as shown here") > 0 {
			to = legal // as her replica has it, which may be old
		}
		ch := fullChange(rapid.SampledFrom(to).Draw(rt, "to"))
		ch.Reason = mark
		return c.SetState(ctx, id, ch)
	case "propose":
		return c.Propose(ctx, id, rapid.SampledFrom([]string{review.NotVerified, review.Erase}).Draw(rt, "proposal"), mark)
	case "decline":
		return c.Decline(ctx, id, waits(c.Workstation, id), mark)
	case "hand over":
		return c.HandOver(ctx, id, person(), mark, mark)
	case "cover":
		err := c.CoverOne(ctx, id, v.Holder, review.Cover{From: "2026-11-20", Until: "2026-12-30", By: person()})
		if err == nil {
			err = errNoMark
		}
		return err
	case "undo":
		return c.Undo(ctx, id, entry(), mark)
	case "restrict":
		return c.Restrict(ctx, id, []string{person(), person(), x.b.Ana.ID()}, mark)
	case "lift":
		return c.Lift(ctx, id, mark)
	case "code":
		if err := c.SetCoding(ctx, id, reviewtest.Coding("extortion"), x.b.Book(), nil); err != nil {
			return err
		}
		return errNoMark
	}
	return c.Answer(ctx, id, mark, x.said)
}

// forge writes past the program what the table does not allow.
func (x *together) forge(rt *rapid.T, c *chair) string {
	v, err := c.View().Case(x.sent.Deposit)
	if err != nil || v.Journal.IsZero() {
		return "nothing to forge"
	}
	kind, data := "state", any(m{"to": review.NotVerified, "reason": "FORGED"})
	switch rapid.IntRange(0, 3).Draw(rt, "forgery") {
	case 0:
		kind, data = "agree", m{"of": strings.Repeat("ab", 32)}
	case 1:
		kind, data = "undo", m{"of": v.Entries[0].ID.String(), "reason": "FORGED"}
	case 2:
		kind, data = "assign", review.Step{To: x.b.Keti.ID(), Reason: "FORGED"}
	}
	switch err := c.Write(ctx, x.sent.Deposit, kind, data); {
	case err == nil:
		x.forged++
		return "forged"
	case errors.Is(err, review.ErrNotYours), errors.Is(err, vault.ErrConflict), errors.Is(err, review.ErrNotLegal):
		return "nothing to forge"
	default:
		rt.Fatal(err)
	}
	return ""
}

// settle brings everybody up to date and holds what they show together.
func (x *together) settle(rt *rapid.T) {
	for range 2 { // what one sends again, the others see the second time
		for _, c := range x.seats {
			if err := c.Sync(ctx, nil); err != nil {
				rt.Fatal(err)
			}
		}
	}
	// Ana is named in every restriction, so she has all of it.
	full, err := x.seats[1].View().Case(x.sent.Deposit)
	if err != nil {
		rt.Fatal(err)
	}
	for _, c := range x.seats {
		if err := review.FromNothing(c.Workstation); err != nil {
			rt.Fatalf("%s: folded as it came, and at once: %v", c.who.Key.Name, err)
		}
		v, err := c.View().Case(x.sent.Deposit)
		switch {
		case err != nil:
			rt.Fatal(err)
		case full.Journal.IsZero() || slices.Contains(full.Granted, c.who.ID()):
			if a, b := told(full), told(v); !reflect.DeepEqual(a, b) {
				rt.Fatalf("%s shows\n%v\nand Ana\n%v", c.who.Key.Name, b, a)
			}
		case len(v.Granted) > 0: // left out: what she has is the beginning of it
			rt.Fatalf("%s is not to read on, and may write", c.who.Key.Name)
		default:
			all, some := marksOf(full), marksOf(v)
			if len(some) > len(all) || !slices.Equal(all[:len(some)], some) {
				rt.Fatalf("%s shows another beginning\n%v\n%v\n%v\n%v", c.who.Key.Name, some, told(v), all, told(full))
			}
		}
	}
	there := map[string]int{}
	for _, mk := range marksOf(full) {
		there[mk]++
	}
	for mark := range x.done {
		if there[mark] != 1 {
			rt.Fatalf("%q was acknowledged, and is there %d times", mark, there[mark])
		}
	}
	for mark, n := range there {
		if n != 1 || !x.done[mark] && !x.unsure[mark] {
			rt.Fatalf("%q is there %d times; acknowledged: %v", mark, n, x.done[mark])
		}
	}
	if len(full.Problems) != x.forged {
		rt.Fatalf("%d problems and %d forgeries: %v", len(full.Problems), x.forged, full.Problems)
	}
	x.legal(rt, full)
}

// told is what a case says, without what is a workstation's own.
func told(c *review.Case) []string {
	out := []string{fmt.Sprint(c.State, c.Close, c.Verification, c.Holder, c.Cover, c.Restricted, c.Granted, c.CodedIn, c.Erase != nil, len(c.FollowUps), len(c.Waiting))}
	for _, p := range c.Proposals {
		out = append(out, fmt.Sprint("proposal", p.Entry))
	}
	for _, e := range c.Entries {
		out = append(out, fmt.Sprint(e.ID, e.Kind, e.Void, e.Undone))
	}
	return out
}

// marksOf are the marks of what stands in a case, in order.
func marksOf(c *review.Case) []string {
	var out []string
	for _, e := range c.Entries {
		text := e.Note.Text + e.Change.Reason + e.Answer.Text
		if e.Step != nil {
			text = e.Step.Reason
		}
		if strings.HasPrefix(text, "PRACTICE mark") {
			out = append(out, text)
		}
	}
	return out
}

// legal walks the history by the rules as they are written down here a second time.
func (x *together) legal(rt *rapid.T, c *review.Case) {
	if c.Journal.IsZero() {
		return
	}
	state, holder := review.Triage, ""
	undone := map[vault.ID]review.Entry{}
	before := map[vault.ID]string{} // the state, or the holder, before an entry
	by := map[vault.ID]string{}
	ana := x.b.Ana.ID()
	for _, e := range c.Entries {
		if e.Void {
			continue
		}
		by[e.ID] = e.Author
		bad := func(why string) { rt.Fatalf("entry %d, %s: %s", e.Seq, e.Kind, why) }
		of := vault.ID{}
		if e.Step != nil && e.Step.Of != "" {
			of, _ = vault.ParseID(e.Step.Of)
		}
		switch e.Kind {
		case "claim":
			holder = e.Author
		case "join":
			if state == review.Closed {
				state = review.Reopened
			}
		case "state":
			if !slices.Contains(strings.Fields(legalSteps[state]), e.Change.To) {
				bad(state + " to " + e.Change.To)
			}
			before[e.ID], state = state, e.Change.To
		case "agree":
			if by[of] == e.Author || by[of] == "" {
				bad("one person is two")
			}
			if p := undoneOr(c, of); p.Step.What == review.NotVerified {
				if state != review.InReview {
					bad("not verified out of " + state)
				}
				state = review.NotVerified
			}
		case "assign":
			if e.Author != holder && e.Author != ana && c.Cover.By == "" && !covered(c, e.Seq) {
				bad("given by " + e.Author + ", held by " + holder)
			}
			before[e.ID], holder = holder, e.To
		case "restrict":
			if e.Author != ana {
				bad("by no lead")
			}
			if !slices.Contains(e.Step.People, holder) {
				bad("its holder is left out")
			}
		case "lift":
			if e.Author != ana {
				bad("by no lead")
			}
		case "undo":
			if by[of] != e.Author && e.Author != ana {
				bad("takes back a colleague's")
			}
			if _, twice := undone[of]; twice {
				bad("takes back twice")
			}
			target := undoneOr(c, of)
			undone[of] = target
			switch target.Kind {
			case "state":
				state = before[of]
			case "assign":
				holder = before[of]
			case "coding", "person":
			default:
				bad("takes back a " + target.Kind)
			}
		}
	}
	if state != c.State || holder != c.Holder {
		rt.Fatalf("the way leads to %s with %s, shown is %s with %s", state, holder, c.State, c.Holder)
	}
}

// covered reports whether somebody arranged a cover before an entry.
func covered(c *review.Case, seq uint64) bool {
	return slices.ContainsFunc(c.Entries, func(e review.Entry) bool { return e.Kind == "cover" && e.Seq < seq && !e.Void })
}

func undoneOr(c *review.Case, id vault.ID) review.Entry {
	for _, e := range c.Entries {
		if e.ID == id {
			if e.Step == nil {
				e.Step = &review.Step{}
			}
			return e
		}
	}
	return review.Entry{Step: &review.Step{}}
}

// checks sets how many times rapid tries.
func checks(t *testing.T, n int) {
	t.Helper()
	setFlag(t, "rapid.checks", strconv.Itoa(n))
	setFlag(t, "rapid.nofailfile", "true")
}
