package review_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

func TestRestrict(t *testing.T) {
	b := newBench(t)
	s := b.Send("street", nil)
	nino, ana, luka := b.at["holder"], b.at["lead"], b.at["advocate"]
	id, err := nino.Take(ctx, s.Deposit)
	b.ok(err)
	two := []string{b.Nino.ID(), b.Ana.ID()}
	notLegal(t, nino.Restrict(ctx, id, two, "PRACTICE"), "only a lead")
	notLegal(t, ana.Restrict(ctx, id, nil, "PRACTICE"), "choose who")
	notLegal(t, ana.Restrict(ctx, id, two, " "), "reason")
	notLegal(t, ana.Restrict(ctx, id, []string{b.Ana.ID()}, "PRACTICE"), "hand it over first")
	notLegal(t, ana.Restrict(ctx, id, []string{b.Nino.ID()}, "PRACTICE"), "has to be a lead")
	notLegal(t, ana.Restrict(ctx, id, append(two, b.Mari.ID()), "PRACTICE"), "does not work on cases")
	notLegal(t, luka.AskToRestrict(ctx, id, two, "PRACTICE"), "only the person who holds")
	b.ok(nino.AskToRestrict(ctx, id, two, "PRACTICE: it is about a friend of Luka"))
	sync(t, ana)
	if c := find(t, ana, id); !c.WaitsFor(b.Ana.ID(), true) || c.WaitsFor(b.Luka.ID(), false) {
		t.Error("what a lead is asked for waits for others, or not for her")
	}
	notLegal(t, ana.Agree(ctx, id, waits(ana, id)), "not something")
	b.ok(ana.Restrict(ctx, id, []string{b.Ana.ID(), b.Nino.ID(), b.Ana.ID()}, "PRACTICE: it is about a friend of Luka"))
	b.ok(nino.AddNote(ctx, id, review.Note{Text: "PRACTICE for two"}))
	sync(t, ana)
	for _, w := range []*review.Workstation{nino, ana} {
		c := find(t, w, id)
		if !slices.Equal(c.Restricted, two) || !slices.Equal(c.Granted, append(slices.Clone(two), "recovery")) || len(c.Problems) != 0 || len(c.Proposals) != 0 || c.Entries[len(c.Entries)-1].Note.Text != "PRACTICE for two" {
			t.Errorf("the two see %v %v %v", c.Restricted, c.Granted, c.Problems)
		}
	}
	// Who is not among them reads what she could before, and nothing since.
	sync(t, luka)
	c := find(t, luka, id)
	if len(c.Granted) != 0 || len(c.Problems) != 1 || c.Report.ID != s.Report.ID || strings.Contains(entriesText(c), "for two") {
		t.Errorf("she sees %v %v", c.Granted, c.Problems)
	}
	for _, err := range []error{
		luka.AddNote(ctx, id, review.Note{Text: "PRACTICE"}), luka.SetState(ctx, id, fullChange(review.InReview)),
	} {
		if !errors.Is(err, review.ErrNotYours) {
			t.Errorf("she acts on it: %v", err)
		}
	}
	// What she sends past her program, under the key that she had, the server refuses.
	head, err := b.Store.Head(ctx, id)
	b.ok(err)
	if _, err := b.Store.Append(ctx, b.Luka.ID(), vault.Append{Entry: vault.Entry{Journal: id, Epoch: 1, Seq: head.Seq + 1, Prev: head.Entry, Sealed: []byte("x")}}); !errors.Is(err, vault.ErrEpoch) {
		t.Errorf("an entry under the former key: %v", err)
	}
	// A later message of the person joins the case, and joins are for the two.
	s.Say(seal.Message{Text: "PRACTICE: one more thing"})
	b.ok(nino.Join(ctx, id))

	// One more is named: she reads all of it, from the first entry on.
	three := []string{b.Nino.ID(), b.Ana.ID(), b.Keti.ID()}
	b.ok(ana.Restrict(ctx, id, three, "PRACTICE: Keti knows the court"))
	b.open("other")
	keti := b.at["other"]
	if c := find(t, keti, id); c.Report.ID != s.Report.ID || !strings.Contains(entriesText(c), "for two") || len(c.Problems) != 0 || len(c.FollowUps) != 1 {
		t.Errorf("she who was named later sees %+v %v", entriesText(c), c.Problems)
	}
	b.ok(keti.AddNote(ctx, id, review.Note{Text: "PRACTICE from the other desk"}))

	// And open again.
	notLegal(t, nino.Lift(ctx, id, "PRACTICE"), "only a lead")
	b.ok(ana.Lift(ctx, id, "PRACTICE: settled"))
	notLegal(t, ana.Lift(ctx, id, "PRACTICE"), "not restricted")
	b.ok(nino.AddNote(ctx, id, review.Note{Text: "PRACTICE for all"}))
	sync(t, luka)
	if c := find(t, luka, id); c.Restricted != nil || len(c.Problems) != 0 || !strings.Contains(entriesText(c), "for two") || !slices.Contains(c.Granted, b.Luka.ID()) {
		t.Errorf("open again, she sees %v %v", entriesText(c), c.Problems)
	}
	b.ok(luka.AddNote(ctx, id, review.Note{Text: "PRACTICE back"}))
	for _, w := range b.at {
		sync(t, w)
		b.ok(review.FromNothing(w))
	}
}

func entriesText(c *review.Case) string {
	var out []string
	for _, e := range c.Entries {
		out = append(out, e.Kind+" "+e.Note.Text)
	}
	return strings.Join(out, "; ")
}

// begun is an entry that begins an epoch, as anybody could make it: with a key
// of her own, made out to whom she likes.
func (b *bench) begun(id vault.ID, by *reviewtest.Person, epoch uint32, kind string, data any, to ...*reviewtest.Person) {
	b.t.Helper()
	key, err := seal.NewIdentity()
	b.ok(err)
	head, err := b.Store.Head(ctx, id)
	b.ok(err)
	raw, err := review.Canonical(data)
	b.ok(err)
	a := vault.Append{Entry: vault.Entry{Journal: id, Epoch: epoch, Seq: head.Seq + 1, Prev: head.Entry}}
	for _, p := range to {
		g, err := seal.SealGrant(id, epoch, p.ID(), p.Key.Personal.Recipient(), key, by.ID(), by.Key.Signing)
		b.ok(err)
		a.Grants = append(a.Grants, g)
	}
	g, err := seal.SealGrant(id, epoch, "recovery", b.Recovery.Recipient(), key, by.ID(), by.Key.Signing)
	b.ok(err)
	a.Grants = append(a.Grants, g)
	a.Entry.Sealed, err = seal.SealEntry(seal.EntryBody{
		Journal: id.String(), Epoch: epoch, Seq: a.Entry.Seq, Prev: head.Entry.String(), Author: by.ID(), Roster: b.Roster.Version,
		Time: b.Clock.Now(), Kind: kind, Effects: a.Effects().String(), Data: json.RawMessage(raw),
	}, key.Recipient(), by.Key.Signing)
	b.ok(err)
	_, err = b.Store.Append(ctx, by.ID(), a)
	b.ok(err)
}

// attack 33: only a lead begins an epoch, and one for those whom she names.
// Whoever else does stops the case from being written to, seals nobody's next
// entry to her key, and a lead mends it.
func TestAttack33OnlyALeadBeginsAnEpoch(t *testing.T) {
	b := newBench(t)
	nino, ana := b.at["holder"], b.at["lead"]
	all := []string{b.Nino.ID(), b.Ana.ID()}
	step := func(people ...string) review.Step { return review.Step{Reason: "PRACTICE", People: people} }
	for _, x := range []struct {
		name string
		do   func(id vault.ID)
	}{
		{"an advocate", func(id vault.ID) { b.begun(id, b.Luka, 2, "restrict", step(all...), b.Nino, b.Ana) }},
		{"who does not hold the case", func(id vault.ID) { b.begun(id, b.Keti, 2, "restrict", step(all...), b.Nino, b.Ana) }},
		{"a lead, with a key for one whom she does not name", func(id vault.ID) { b.begun(id, b.Ana, 2, "restrict", step(b.Ana.ID()), b.Ana, b.Luka) }},
		{"a lead, without a key for one whom she names", func(id vault.ID) { b.begun(id, b.Ana, 2, "restrict", step(all...), b.Ana) }},
		{"a lead, without a reason", func(id vault.ID) {
			b.begun(id, b.Ana, 2, "restrict", review.Step{Reason: " ", People: all}, b.Nino, b.Ana)
		}},
		{"a lead, for a keeper", func(id vault.ID) { b.begun(id, b.Ana, 2, "restrict", step(b.Mari.ID()), b.Mari) }},
		{"a lead, by a note", func(id vault.ID) { b.begun(id, b.Ana, 2, "note", m{"text": "PRACTICE"}, b.Nino, b.Ana) }},
		{"a lead, by a lift", func(id vault.ID) { b.begun(id, b.Ana, 2, "lift", step(), b.Nino, b.Ana) }},
	} {
		t.Run(x.name, func(t *testing.T) {
			id := b.in(review.Triage, nil)
			x.do(id)
			sync(t, nino)
			c := find(t, nino, id)
			if c.Restricted != nil || c.State != review.Triage || len(c.Entries) != 1 || len(c.Problems) == 0 {
				t.Fatalf("it counts: %v %v", c.Restricted, entriesText(c))
			}
			if err := nino.AddNote(ctx, id, review.Note{Text: "PRACTICE"}); !errors.Is(err, review.ErrNotYours) {
				t.Errorf("something is sealed to a key that nobody stands for: %v", err)
			}
			b.ok(ana.Restrict(ctx, id, all, "PRACTICE: mended"))
			b.ok(nino.AddNote(ctx, id, review.Note{Text: "PRACTICE goes on"}))
			if c := find(t, nino, id); !slices.Equal(c.Restricted, all) || !strings.Contains(entriesText(c), "goes on") {
				t.Errorf("after a lead mended it: %v", entriesText(c))
			}
		})
	}
	// In the same epoch nobody restricts, lifts, or lets others in.
	id := b.in(review.Triage, nil)
	b.ok(nino.Write(ctx, id, "restrict", step(all...)))
	b.ok(ana.Write(ctx, id, "restrict", step(all...)))
	if c := find(t, ana, id); c.Restricted != nil || len(c.Problems) != 2 {
		t.Errorf("without a key of its own: %v %v", c.Restricted, c.Problems)
	}
	b.ok(ana.Restrict(ctx, id, all, "PRACTICE"))
	b.ok(nino.Write(ctx, id, "lift", review.Step{Reason: "PRACTICE"}))
	key := nino.Key(id)
	head, err := b.Store.Head(ctx, id)
	b.ok(err)
	a := vault.Append{Entry: vault.Entry{Journal: id, Epoch: 2, Seq: head.Seq + 1, Prev: head.Entry}}
	g, err := seal.SealGrant(id, 2, b.Luka.ID(), b.Luka.Key.Personal.Recipient(), key, b.Nino.ID(), b.Nino.Key.Signing)
	b.ok(err)
	a.Grants = []vault.Grant{g}
	a.Entry.Sealed, err = seal.SealEntry(seal.EntryBody{Journal: id.String(), Epoch: 2, Seq: a.Entry.Seq, Prev: head.Entry.String(), Author: b.Nino.ID(),
		Roster: b.Roster.Version, Time: b.Clock.Now(), Kind: "note", Effects: a.Effects().String(), Data: json.RawMessage(`{"text":"PRACTICE"}`)}, key.Recipient(), b.Nino.Key.Signing)
	b.ok(err)
	_, err = b.Store.Append(ctx, b.Nino.ID(), a)
	b.ok(err)
	sync(t, ana)
	c := find(t, ana, id)
	if slices.Contains(c.Granted, b.Luka.ID()) || !slices.Equal(c.Restricted, all) || len(c.Problems) != 4 || !c.Problems[3].Alarm {
		t.Errorf("let in past the restriction: %v %v", c.Granted, c.Problems)
	}
	luka := b.at["advocate"]
	sync(t, luka)
	if err := luka.AddNote(ctx, id, review.Note{Text: "PRACTICE"}); !errors.Is(err, review.ErrNotYours) {
		t.Errorf("and writes: %v", err)
	}
}

// Whom the person left out is not named either.
func TestRestrictKeepsOutWhomThePersonLeftOut(t *testing.T) {
	b := newBench(t)
	s := b.Write("street", nil)
	raw, err := s.Report.Encode()
	b.ok(err)
	raw = []byte(strings.Replace(string(raw), `"v":1`, `"v":1,"without":["`+b.Luka.ID()+`"]`, 1))
	deposit, _ := b.Deposit("street", b.Seal("street", raw))
	id, err := b.at["holder"].Take(ctx, deposit)
	b.ok(err)
	notLegal(t, b.at["lead"].Restrict(ctx, id, []string{b.Nino.ID(), b.Ana.ID(), b.Luka.ID()}, "PRACTICE"), "should not open this")
	b.begun(id, b.Ana, 2, "restrict", review.Step{Reason: "PRACTICE", People: []string{b.Nino.ID(), b.Ana.ID(), b.Luka.ID()}}, b.Nino, b.Ana, b.Luka)
	sync(t, b.at["holder"])
	if c := find(t, b.at["holder"], id); c.Restricted != nil || len(c.Problems) == 0 {
		t.Errorf("a lead's program named her: %v", c.Restricted)
	}
}

// A lead who is left out can't name herself again, and what her program sends
// past that is mended by the one who is named.
func TestRestrictedWithoutThisLead(t *testing.T) {
	b := newBench(t)
	b.Next(func(r *rosterT) {
		r.People = slices.Clone(r.People)
		r.People[2].Roles = []string{roster.Advocate, roster.Lead} // Luka, too
	})
	id := b.in(review.Triage, nil)
	ana, luka, nino := b.at["lead"], b.at["advocate"], b.at["holder"]
	b.ok(luka.Restrict(ctx, id, []string{b.Nino.ID(), b.Luka.ID()}, "PRACTICE: it is about Ana"))
	for _, err := range []error{
		ana.AddNote(ctx, id, review.Note{Text: "PRACTICE"}), ana.Restrict(ctx, id, []string{b.Ana.ID(), b.Nino.ID()}, "PRACTICE"), ana.Lift(ctx, id, "PRACTICE"),
	} {
		if !errors.Is(err, review.ErrNotYours) {
			t.Errorf("she who was left out: %v", err)
		}
	}
	if ana.CanMend(find(t, ana, id)) {
		t.Error("a restriction without her is shown as damage")
	}
	b.ok(nino.AddNote(ctx, id, review.Note{Text: "PRACTICE"}))
	b.begun(id, b.Ana, 3, "restrict", review.Step{Reason: "PRACTICE", People: []string{b.Nino.ID(), b.Ana.ID()}}, b.Nino, b.Ana)
	sync(t, luka)
	if c := find(t, luka, id); !luka.CanMend(c) || nino.CanMend(c) {
		t.Error("the one who is named can't mend it, or an advocate can")
	}
	b.ok(luka.Restrict(ctx, id, []string{b.Nino.ID(), b.Luka.ID()}, "PRACTICE"))
	b.ok(nino.AddNote(ctx, id, review.Note{Text: "PRACTICE goes on"}))
}
