package review_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// legalSteps is what may follow what when one person does it alone, written down a
// second time: the program's table is held against it.
var legalSteps = map[string]string{
	review.Triage:      "in-review action closed",
	review.InReview:    "verified action closed",
	review.Verified:    "action monitoring in-review closed",
	review.NotVerified: "action in-review closed",
	review.Action:      "monitoring in-review closed",
	review.Monitoring:  "action in-review closed",
	review.Closed:      "reopened",
	review.Reopened:    "action monitoring in-review closed",
}

// ways leads from triage to each state.
var ways = map[string][]review.Change{
	review.Triage:      nil,
	review.InReview:    {{To: review.InReview}},
	review.Verified:    {{To: review.InReview}, {To: review.Verified, Verification: "documented"}},
	review.NotVerified: {{To: review.InReview}},
	review.Action:      {{To: review.Action}},
	review.Monitoring:  {{To: review.Action}, {To: review.Monitoring}},
	review.Closed:      {{To: review.Closed, Close: "lost-contact"}},
	review.Reopened:    {{To: review.Closed, Close: "lost-contact"}, {To: review.Reopened, Reason: "PRACTICE"}},
}

// fullChange is a change with all that its target needs.
func fullChange(to string) review.Change {
	ch := review.Change{To: to, Reason: "PRACTICE reason"}
	switch to {
	case review.Closed:
		ch.Close = "withdrawn"
	case review.Verified:
		ch.Verification = "single-account"
	}
	return ch
}

// bench is an organisation with one person of each kind at a workstation: who
// holds the cases, another advocate of the desk, a lead, an advocate of another
// desk, a keeper of figures, and somebody of a partner organisation.
type bench struct {
	*reviewtest.Org
	t      *testing.T
	people map[string]*reviewtest.Person
	at     map[string]*review.Workstation
}

var kinds = []string{"holder", "advocate", "lead", "other", "keeper", "partner"}

func newBench(t *testing.T) *bench {
	t.Helper()
	o := reviewtest.New(t)
	o.Next(func(r *rosterT) {
		r.Desks = slices.Clone(r.Desks)
		r.Desks[0].People = []string{o.Nino.ID(), o.Ana.ID(), o.Luka.ID()}
		r.Desks[1].People = []string{o.Keti.ID()}
		r.People = slices.Clone(r.People)
		r.People[1].Roles = []string{roster.Advocate, roster.Lead, roster.Keeper}
		r.People[4].Roles = []string{roster.Advocate}
	})
	rita := o.Hire("p-00000000000000aa", "Partner Rita", roster.Partner)
	b := &bench{Org: o, t: t, people: map[string]*reviewtest.Person{"partner": rita, "holder": o.Nino, "advocate": o.Luka, "lead": o.Ana, "other": o.Keti, "keeper": o.Mari},
		at: map[string]*review.Workstation{}}
	b.open("holder", "advocate", "lead")
	return b
}

// open opens workstations of kinds of people, those of the desk being open.
func (b *bench) open(kinds ...string) {
	b.t.Helper()
	for _, k := range kinds {
		b.at[k] = b.Workstation(b.people[k], nil)
	}
}

// with is the bench in a test of its own.
func (b *bench) with(t *testing.T) *bench {
	c := *b
	c.t = t
	return &c
}

func (b *bench) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// in makes a case that the holder brought into a state.
func (b *bench) in(state string, change func(*seal.Report)) vault.ID {
	b.t.Helper()
	s := b.Send("street", change)
	if state == review.New {
		return s.Deposit
	}
	id, err := b.at["holder"].Take(ctx, s.Deposit)
	b.ok(err)
	b.reach(id, state)
	return id
}

func (b *bench) reach(id vault.ID, state string) {
	b.t.Helper()
	for _, ch := range ways[state] {
		b.ok(b.at["holder"].SetState(ctx, id, ch))
	}
	if state == review.NotVerified {
		p := b.proposed(id, review.NotVerified)
		b.ok(b.at["lead"].Agree(ctx, id, p))
		sync(b.t, b.at["holder"])
	}
}

// proposed is a proposal that the holder makes.
func (b *bench) proposed(id vault.ID, what string) vault.ID {
	b.t.Helper()
	b.ok(b.at["holder"].Propose(ctx, id, what, "PRACTICE reason"))
	c := find(b.t, b.at["holder"], id)
	return c.Proposals[len(c.Proposals)-1].Entry
}

// waits is the proposal that waits in a case.
func waits(w *review.Workstation, id vault.ID) vault.ID {
	c, err := w.View().Case(id)
	if err != nil || len(c.Proposals) == 0 {
		return vault.ID{}
	}
	return c.Proposals[len(c.Proposals)-1].Entry
}

// standing is how a case stands, to be compared.
func standing(c *review.Case) string {
	done := 0
	for _, e := range c.Entries {
		if !e.Void {
			done++
		}
	}
	return fmt.Sprint(c.State, c.Close, c.Verification, c.Holder, c.CodedIn, c.People, c.Consent(), c.Granted, len(c.Deposits), c.Proposals, c.Erase != nil, c.Cover, c.Restricted, c.Shared, c.Tasks, c.Custody, c.Risk, c.Relations, done)
}

// forge puts an entry into a case as a person's, sealed with the case's key
// whether she holds it or not: what a colleague's or a bought program could do.
func (b *bench) forge(id vault.ID, by *reviewtest.Person, kind string, data any) {
	b.t.Helper()
	key := b.at["holder"].Key(id)
	head, err := b.Store.Head(ctx, id)
	b.ok(err)
	raw, err := review.Canonical(data)
	b.ok(err)
	a := vault.Append{Entry: vault.Entry{Journal: id, Epoch: head.Epoch, Seq: head.Seq + 1, Prev: head.Entry}}
	a.Entry.Sealed, err = seal.SealEntry(seal.EntryBody{
		Journal: id.String(), Epoch: head.Epoch, Seq: a.Entry.Seq, Prev: head.Entry.String(), Author: by.ID(), Roster: b.Roster.Version,
		Time: b.Clock.Now(), Kind: kind, Effects: a.Effects().String(), Data: json.RawMessage(raw),
	}, key.Recipient(), by.Key.Signing)
	b.ok(err)
	_, err = b.Store.Append(ctx, by.ID(), a)
	b.ok(err)
}

// deed is a row of the table as the test has it: in which state it is tried,
// who may, and how.
type deed struct {
	row   string // kind, and what it is about
	state string
	may   string // kinds of people
	do    func(w *review.Workstation, id vault.ID) error
	kind  string
	data  func(c *review.Case) any // nil: can't be forged apart from what it commits with
	first func(b *bench, id vault.ID)
	alone bool // the case is not shared with the partner before it is tried
}

// agreeing is a report of somebody who agrees that partners have it.
func agreeing(r *seal.Report) { r.Consent = []string{"legal-help", "count-me", review.Share} }

func stateDeed(from, to string) deed {
	return deed{row: "state " + to, state: from, may: "holder advocate lead", kind: "state",
		do:   func(w *review.Workstation, id vault.ID) error { return w.SetState(ctx, id, fullChange(to)) },
		data: func(*review.Case) any { return fullChange(to) }}
}

// leave is two weeks that somebody covers.
func leave(by *reviewtest.Person) review.Cover {
	return review.Cover{From: "2026-11-20", Until: "2026-12-04", By: by.ID()}
}

// undoDeed takes back what an advocate wrote: she may, and a lead.
func undoDeed(kind, by string, first func(b *bench, id vault.ID)) deed {
	last := func(c *review.Case) vault.ID { return c.Entries[len(c.Entries)-1].ID }
	var entry vault.ID // the one that is taken back
	return deed{row: "undo " + kind, state: review.Triage, may: by + " lead", kind: "undo",
		first: func(b *bench, id vault.ID) {
			first(b, id)
			c, err := b.at[by].View().Case(id)
			b.ok(err)
			entry = last(c)
		},
		do: func(w *review.Workstation, id vault.ID) error { return w.Undo(ctx, id, entry, "PRACTICE") },
		data: func(c *review.Case) any {
			for _, e := range c.Entries {
				if e.Kind == kind {
					return m{"of": e.ID.String(), "reason": "PRACTICE"}
				}
			}
			panic("nothing to take back")
		}}
}

type m = map[string]any

func deeds(b *bench) []deed {
	person := review.NewPersonKey()
	task := review.Task{ID: review.NewTaskID(), Kind: review.KindVisit, State: review.TaskOpen}
	held := review.Custody{Since: "2026-11-23T06:15Z", Hours: 48}
	risk := review.Risk{Of: []string{"job"}, Done: []string{}}
	bag := review.Export{V: 1, Variant: review.ExportFull, Manifest: strings.Repeat("ab", 32), LeftOut: []string{}, For: "PRACTICE court", Why: "PRACTICE"}
	var other vault.ID
	return []deed{
		{row: "claim triage", state: review.New, may: "holder advocate lead",
			do: func(w *review.Workstation, id vault.ID) error { _, err := w.Take(ctx, id); return err }},
		{row: "join", state: review.InReview, may: "holder advocate lead",
			do: func(w *review.Workstation, id vault.ID) error { return w.Join(ctx, id) }},
		{row: "note", state: review.Closed, may: "holder advocate lead partner", kind: "note",
			do: func(w *review.Workstation, id vault.ID) error {
				return w.AddNote(ctx, id, review.Note{Text: "PRACTICE"})
			},
			data: func(*review.Case) any { return m{"text": "PRACTICE"} }},
		{row: "coding", state: review.Triage, may: "holder advocate lead", kind: "coding",
			do: func(w *review.Workstation, id vault.ID) error {
				return w.SetCoding(ctx, id, reviewtest.Coding("extortion"), b.Book(), nil)
			},
			data: func(*review.Case) any {
				k := reviewtest.Coding("extortion")
				k.V, k.Codebook, k.RecordKey = 1, b.Book().Hash.String(), strings.Repeat("ab", 32)
				raw, err := k.Encode()
				b.ok(err)
				return json.RawMessage(raw)
			}},
		{row: "consent", state: review.Triage, may: "holder advocate lead", kind: "consent",
			do:   func(w *review.Workstation, id vault.ID) error { return w.Withdraw(ctx, id, []string{"legal-help"}) },
			data: func(*review.Case) any { return review.Withdrawal{Withdraw: []string{"legal-help"}, Told: "by-mouth"} }},
		{row: "person", state: review.Triage, may: "holder advocate lead", kind: "person",
			do: func(w *review.Workstation, id vault.ID) error {
				return w.LinkPerson(ctx, id, person, review.RoleReporter, "PRACTICE Heron")
			},
			data: func(*review.Case) any {
				return review.PersonLink{Person: person, Role: review.RoleReporter, As: "PRACTICE Heron", Linked: true}
			}},
		{row: "answer", state: review.Triage, may: "holder advocate lead",
			do: func(w *review.Workstation, id vault.ID) error { return w.Answer(ctx, id, "PRACTICE answer", 9) }},
		{row: "count", state: review.Triage, may: "holder advocate lead",
			first: func(b *bench, id vault.ID) {
				b.ok(b.at["keeper"].FoundFigures(ctx))
				b.CodeCase(b.at["holder"], id, "extortion")
			},
			do: func(w *review.Workstation, id vault.ID) error { return w.Count(ctx, id) }},
		{row: "task", state: review.Triage, may: "holder advocate lead", kind: "task",
			do:   func(w *review.Workstation, id vault.ID) error { return w.SetTask(ctx, id, task) },
			data: func(*review.Case) any { return task }},
		{row: "custody", state: review.Triage, may: "holder advocate lead", kind: "custody",
			do:   func(w *review.Workstation, id vault.ID) error { return w.SetCustody(ctx, id, held) },
			data: func(*review.Case) any { return held }},
		{row: "risk", state: review.Triage, may: "holder advocate lead", kind: "risk",
			do:   func(w *review.Workstation, id vault.ID) error { return w.SetRisk(ctx, id, risk) },
			data: func(*review.Case) any { return risk }},
		{row: "relation", state: review.Triage, may: "holder advocate lead", kind: "relation",
			first: func(b *bench, _ vault.ID) { other = b.in(review.Triage, nil) },
			do: func(w *review.Workstation, id vault.ID) error {
				sync(b.t, w)
				if _, err := w.View().Case(other); err != nil || !find(b.t, w, other).Readable {
					other = id // who can't read the other one has nothing to relate to
				}
				return w.Relate(ctx, id, other, review.AsRelated)
			},
			data: func(*review.Case) any { return review.Relation{Case: strings.Repeat("ab", 32), As: review.AsRelated} }},
		{row: "taken-out", state: review.Triage, may: "holder",
			do: func(w *review.Workstation, id vault.ID) error {
				return w.TakeOut(ctx, id, review.TakenOut{Format: review.CSV, Fields: []string{"case", "state"}})
			}},
		{row: "export", state: review.Triage, may: "holder advocate lead", kind: "export",
			do: func(w *review.Workstation, id vault.ID) error {
				sync(b.t, w)
				c, err := w.View().Case(id)
				if err != nil {
					return err
				}
				_, err = w.RecordExport(ctx, id, c.Last(), bag)
				return err
			},
			data: func(*review.Case) any { return bag }},
		{row: "assign", state: review.Triage, may: "holder lead", kind: "assign",
			do: func(w *review.Workstation, id vault.ID) error {
				return w.HandOver(ctx, id, b.Ana.ID(), "PRACTICE", "PRACTICE")
			},
			data: func(*review.Case) any { return review.Step{To: b.Ana.ID(), Reason: "PRACTICE"} }},
		{row: "cover", state: review.Triage, may: "holder lead", kind: "cover",
			do: func(w *review.Workstation, id vault.ID) error {
				return w.CoverOne(ctx, id, b.Nino.ID(), leave(b.Ana))
			},
			data: func(*review.Case) any {
				k := leave(b.Ana)
				return review.Step{From: k.From, Until: k.Until, By: k.By}
			}},
		{row: "propose restrict", state: review.Action, may: "holder lead", kind: "propose",
			do: func(w *review.Workstation, id vault.ID) error {
				return w.AskToRestrict(ctx, id, []string{b.Nino.ID(), b.Ana.ID()}, "PRACTICE")
			},
			data: func(*review.Case) any {
				return review.Step{What: review.Restrict, Reason: "PRACTICE", People: []string{b.Nino.ID(), b.Ana.ID()}}
			}},
		{row: "restrict", state: review.Action, may: "lead", kind: "restrict",
			do: func(w *review.Workstation, id vault.ID) error {
				return w.Restrict(ctx, id, []string{b.Nino.ID(), b.Ana.ID()}, "PRACTICE")
			},
			data: func(*review.Case) any {
				return review.Step{Reason: "PRACTICE", People: []string{b.Nino.ID(), b.Ana.ID()}}
			}},
		{row: "lift", state: review.Action, may: "lead", kind: "lift",
			first: func(b *bench, id vault.ID) {
				b.ok(b.at["lead"].Restrict(ctx, id, []string{b.Nino.ID(), b.Ana.ID(), b.Luka.ID()}, "PRACTICE"))
				sync(b.t, b.at["holder"])
			},
			do:   func(w *review.Workstation, id vault.ID) error { return w.Lift(ctx, id, "PRACTICE") },
			data: func(*review.Case) any { return review.Step{Reason: "PRACTICE"} }},
		{row: "share", state: review.Triage, may: "holder lead", kind: "share", alone: true,
			do: func(w *review.Workstation, id vault.ID) error {
				return w.ShareCase(ctx, id, b.people["partner"].ID(), "PRACTICE")
			},
			data: func(*review.Case) any { return review.Step{To: b.people["partner"].ID(), Reason: "PRACTICE"} }},
		{row: "unshare", state: review.Triage, may: "lead", kind: "unshare",
			do: func(w *review.Workstation, id vault.ID) error {
				return w.EndShare(ctx, id, b.people["partner"].ID(), "PRACTICE")
			},
			data: func(*review.Case) any {
				return review.Step{To: b.people["partner"].ID(), Reason: "PRACTICE", People: []string{b.Nino.ID(), b.Ana.ID(), b.Luka.ID()}}
			}},
		undoDeed("state", "advocate", func(b *bench, id vault.ID) { b.ok(b.at["advocate"].SetState(ctx, id, fullChange(review.InReview))) }),
		undoDeed("assign", "holder", func(b *bench, id vault.ID) {
			b.ok(b.at["holder"].HandOver(ctx, id, b.Luka.ID(), "PRACTICE", "PRACTICE"))
		}),
		undoDeed("coding", "advocate", func(b *bench, id vault.ID) { b.CodeCase(b.at["advocate"], id, "extortion") }),
		undoDeed("person", "advocate", func(b *bench, id vault.ID) {
			b.ok(b.at["advocate"].LinkPerson(ctx, id, person, review.RoleReporter, "PRACTICE Heron"))
		}),
		stateDeed(review.Triage, review.InReview), stateDeed(review.Verified, review.InReview),
		stateDeed(review.InReview, review.Verified),
		stateDeed(review.Triage, review.Action), stateDeed(review.Action, review.Monitoring),
		stateDeed(review.InReview, review.Closed), stateDeed(review.Closed, review.Reopened),
		{row: "propose not-verified", state: review.InReview, may: "holder advocate lead", kind: "propose",
			do: func(w *review.Workstation, id vault.ID) error {
				return w.Propose(ctx, id, review.NotVerified, "PRACTICE")
			},
			data: func(*review.Case) any { return m{"what": "not-verified", "reason": "PRACTICE"} }},
		{row: "agree not-verified", state: review.InReview, may: "advocate lead", kind: "agree",
			first: func(b *bench, id vault.ID) { b.proposed(id, review.NotVerified) },
			do:    func(w *review.Workstation, id vault.ID) error { return w.Agree(ctx, id, waits(b.at["holder"], id)) },
			data:  func(c *review.Case) any { return m{"of": c.Proposals[0].Entry.String()} }},
		{row: "propose erase", state: review.Closed, may: "holder advocate lead", kind: "propose",
			do: func(w *review.Workstation, id vault.ID) error { return w.Propose(ctx, id, review.Erase, "PRACTICE") },
			data: func(c *review.Case) any {
				return m{"what": "erase", "reason": "PRACTICE", "deposits": []string{c.Deposits[0].String()}}
			}},
		{row: "agree erase", state: review.Closed, may: "advocate lead", kind: "agree",
			first: func(b *bench, id vault.ID) { b.proposed(id, review.Erase) },
			do:    func(w *review.Workstation, id vault.ID) error { return w.Agree(ctx, id, waits(b.at["holder"], id)) },
			data:  func(c *review.Case) any { return m{"of": c.Proposals[0].Entry.String()} }},
		{row: "decline", state: review.InReview, may: "holder advocate lead", kind: "decline",
			first: func(b *bench, id vault.ID) { b.proposed(id, review.NotVerified) },
			do: func(w *review.Workstation, id vault.ID) error {
				return w.Decline(ctx, id, waits(b.at["holder"], id), "PRACTICE")
			},
			data: func(c *review.Case) any { return m{"of": c.Proposals[0].Entry.String(), "reason": "PRACTICE"} }},
	}
}

// attack 33, at the desk: each row of the table, tried by everybody, through
// the program and past it. Who may not changes nothing, whatever her program sends.
func TestAttack33DeskRowByRow(t *testing.T) {
	b := newBench(t)
	b.open("other", "keeper", "partner")
	tried := []string{"counted"} // comes with count
	for _, d := range deeds(b) {
		tried = append(tried, d.row)
		t.Run(d.row, func(t *testing.T) { b.with(t).tryRow(t, d) })
	}
	for _, row := range review.Rows() {
		if !slices.Contains(tried, row) {
			t.Errorf("nobody tries %q", row)
		}
	}
}

// weakest is who may by the least; she stands for all who may, but with ROWS set.
func weakest(may string) string {
	for _, who := range []string{"advocate", "holder", "lead"} {
		if strings.Contains(may, who) {
			return who
		}
	}
	return ""
}

func (b *bench) tryRow(t *testing.T, d deed) {
	prepared := func(share bool) vault.ID {
		id := b.in(d.state, agreeing)
		if share && d.state != review.New && !d.alone {
			b.ok(b.at["holder"].ShareCase(ctx, id, b.people["partner"].ID(), "PRACTICE"))
		}
		if d.first != nil {
			d.first(b, id)
		}
		return id
	}
	id := prepared(true)
	judge := b.at["lead"]
	sync(t, judge)
	before := standing(find(t, judge, id))
	for _, who := range kinds {
		w := b.at[who]
		if strings.Contains(d.may, who) {
			if who != weakest(d.may) && os.Getenv("ROWS") == "" {
				continue
			}
			mine := prepared(d.row == "unshare")
			sync(t, judge)
			was := standing(find(t, judge, mine))
			if err := d.do(w, mine); err != nil {
				t.Errorf("%s may: %v", who, err)
			}
			sync(t, judge)
			if d.row == "agree erase" {
				if _, err := judge.View().Case(mine); !errors.Is(err, review.ErrErased) {
					t.Errorf("%s may, and it is not erased: %v", who, err)
				}
				continue
			}
			c := find(t, judge, mine)
			if len(c.Problems) > 0 || d.row != "join" && standing(c) == was {
				t.Errorf("%s may, and it has no effect: %v", who, c.Problems)
			}
			continue
		}
		if err := d.do(w, id); err == nil {
			t.Errorf("%s may not, and did", who)
		} else if !errors.Is(err, review.ErrNotLegal) && !errors.Is(err, review.ErrNotYours) && !errors.Is(err, review.ErrNoCase) {
			t.Errorf("%s: refused as %v", who, err)
		}
		if d.data != nil {
			b.forge(id, b.people[who], d.kind, d.data(find(t, judge, id)))
		}
		sync(t, judge)
		c := find(t, judge, id)
		if after := standing(c); after != before {
			t.Errorf("%s may not, and changed\n%s to\n%s", who, before, after)
		}
		if d.data != nil && len(c.Problems) == 0 {
			t.Errorf("%s: what her program wrote is not shown as a problem", who)
		}
	}
}

// Every state against every state: one person alone makes exactly the steps
// that are written down, in the program and past it.
func TestAttack33EveryStep(t *testing.T) {
	b := newBench(t)
	w := b.at["holder"]
	for from := range legalSteps {
		id := b.in(from, nil)
		allowed := strings.Fields(legalSteps[from])
		offered := review.Steps(from)
		slices.Sort(offered)
		if want := slices.Sorted(slices.Values(allowed)); !slices.Equal(offered, want) {
			t.Errorf("from %s: offered %v, want %v", from, offered, want)
		}
		for to := range legalSteps {
			if slices.Contains(allowed, to) {
				continue
			}
			if err := w.SetState(ctx, id, fullChange(to)); !errors.Is(err, review.ErrNotLegal) {
				t.Errorf("from %s to %s: %v", from, to, err)
			}
			b.ok(w.Write(ctx, id, "state", fullChange(to)))
			if c := find(t, w, id); c.State != from || !c.Entries[len(c.Entries)-1].Void {
				t.Errorf("from %s to %s past the program: %s", from, to, c.State)
			}
		}
		for _, to := range allowed {
			if to != allowed[0] && os.Getenv("ROWS") == "" {
				continue
			}
			id := b.in(from, nil)
			b.ok(w.SetState(ctx, id, fullChange(to)))
			if c := find(t, w, id); c.State != to || len(c.Problems) > 0 {
				t.Errorf("from %s to %s: %s %v", from, to, c.State, c.Problems)
			}
		}
	}
}

// A role that somebody lost counts no more, though she signs under the list
// from before; one that she got later does not count for an older one.
func TestAttack33RoleOfTheTime(t *testing.T) {
	b := newBench(t)
	id := b.in(review.Triage, nil)
	old := b.Roster.Version
	b.Next(func(r *rosterT) {
		r.People = slices.Clone(r.People)
		for i, p := range r.People {
			switch p.ID {
			case b.Luka.ID():
				r.People[i].Roles = []string{roster.Keeper}
			case b.Mari.ID():
				r.People[i].Roles = []string{roster.Advocate}
			}
		}
	})
	for _, by := range []*reviewtest.Person{b.Luka, b.Mari} {
		held := &held{org: b.Org, work: b.at["lead"], journal: id, key: b.at["holder"].Key(id)}
		held.put(t, by, held.note(t, by, by, func(e *seal.EntryBody, _ *vault.Append) {
			e.Kind, e.Data, e.Roster = "state", json.RawMessage(`{"to":"in-review"}`), old
		}))
	}
	w := b.at["lead"]
	sync(t, w)
	if c := find(t, w, id); c.State != review.Triage || len(c.Problems) != 2 {
		t.Errorf("state %s, problems %v", c.State, c.Problems)
	}
}

// PROTOCOL.md tells others of the same table.
func TestProtocolHasTheTable(t *testing.T) {
	text, err := os.ReadFile("../PROTOCOL.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, ok := strings.Cut(string(text), "| kind | about | from | who | needs |\n|---|---|---|---|---|\n")
	if !ok {
		t.Fatal("there is no table of kinds in PROTOCOL.md")
	}
	rows, _, _ := strings.Cut(after, "\n\n")
	if want := strings.Join(review.Table(), "\n"); strings.TrimSpace(rows) != want {
		t.Errorf("PROTOCOL.md's table differs; the program's is\n%s", want)
	}
}
