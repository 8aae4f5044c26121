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

// A later message of a restricted case's person reaches its holder, and is no
// new case to anybody at the desk, be it somebody who came after the restriction
// and never had a key of it.
func TestRestrictedCasesMessagesReachTheHolder(t *testing.T) {
	b := newBench(t)
	s := b.Send("street", nil)
	nino, ana, luka := b.at["holder"], b.at["lead"], b.at["advocate"]
	id, err := nino.Take(ctx, s.Deposit)
	b.ok(err)
	b.ok(ana.Restrict(ctx, id, []string{b.Nino.ID(), b.Ana.ID()}, "PRACTICE"))
	late := b.Hire("p-00000000000000cc", "Advocate Late", roster.Advocate)
	b.Next(func(r *rosterT) {
		r.Desks = slices.Clone(r.Desks)
		r.Desks[0].People = append(slices.Clone(r.Desks[0].People), late.ID())
	})
	b.Certify(late)
	dato := b.Workstation(late, nil)
	message := s.Say(seal.Message{Text: "PRACTICE kestrel"})
	other := b.Write("street", nil).Say(seal.Message{Text: "PRACTICE of somebody else"})

	sync(t, dato)
	c := find(t, dato, message)
	if c.With != b.Nino.ID() || c.Readable || len(c.FollowUps) != 0 || len(c.Waiting) != 0 {
		t.Errorf("to a colleague who came later: %+v", c)
	}
	var taken *review.TakenError
	if _, err := dato.Take(ctx, message); !errors.As(err, &taken) {
		t.Errorf("and she takes it: %v", err)
	}
	if c := find(t, dato, other); c.With != "" || !c.Readable || len(c.FollowUps) != 1 {
		t.Errorf("a message of somebody else: %+v", c)
	}
	sync(t, luka)
	if c := find(t, luka, id); c.With != b.Nino.ID() || len(c.FollowUps) != 0 || c.Waits() {
		t.Errorf("to a colleague who had the key before: %+v", c.FollowUps)
	}
	sync(t, nino)
	if c := find(t, nino, id); len(c.FollowUps) != 1 || c.FollowUps[0].Text != "PRACTICE kestrel" || c.With != "" || !c.Waits() {
		t.Errorf("to its holder: %+v", c.FollowUps)
	}
	b.ok(nino.Join(ctx, id))

	// It goes on to the next holder, and over when the case is open again.
	b.ok(nino.HandOver(ctx, id, b.Ana.ID(), "PRACTICE", "PRACTICE"))
	second := s.Say(seal.Message{Text: "PRACTICE again"})
	sync(t, dato)
	if c := find(t, dato, second); c.With != b.Ana.ID() {
		t.Errorf("after it was handed over: %q", c.With)
	}
	for _, w := range []*review.Workstation{dato, luka} {
		b.ok(review.FromNothing(w))
	}
	b.ok(ana.Lift(ctx, id, "PRACTICE"))
	b.ok(ana.AddNote(ctx, id, review.Note{Text: "PRACTICE"}))
	sync(t, dato)
	if c := find(t, dato, second); c.With != "" || c.ID != id || !strings.Contains(entriesText(c), "PRACTICE") {
		t.Errorf("open again: %+v", c)
	}
	// A restart opens the signs anew.
	b.ok(review.FromNothing(dato))
}

// A sign that can't be trusted hides nothing, and one whose holder can't open
// what comes leaves the message to the desk: late never means lost.
func TestMessagesAreHiddenForNobodysSake(t *testing.T) {
	b := newBench(t)
	nino := b.at["holder"]
	put := func(s *reviewtest.Sent, by *reviewtest.Person, data string, spoil func(a *vault.Append)) {
		t.Helper()
		journal, key, ok := review.SignOf(s.Report.Thread.ID)
		if !ok {
			t.Fatal("no sign for a thread")
		}
		a := vault.Append{Entry: vault.Entry{Journal: journal, Epoch: 1}}
		if head, err := b.Store.Head(ctx, journal); err == nil {
			a.Entry.Seq, a.Entry.Prev = head.Seq+1, head.Entry
		}
		var err error
		a.Entry.Sealed, err = seal.SealEntry(seal.EntryBody{Journal: journal.String(), Epoch: 1, Seq: a.Entry.Seq, Prev: a.Entry.Prev.String(), Author: by.ID(), Roster: b.Roster.Version,
			Time: b.Clock.Now(), Kind: "restricted", Effects: a.Effects().String(), Data: json.RawMessage(data)}, key.Recipient(), by.Key.Signing)
		b.ok(err)
		if spoil != nil {
			spoil(&a)
		}
		_, err = b.Store.Append(ctx, by.ID(), a)
		b.ok(err)
	}
	is := func(holder *reviewtest.Person) string {
		return `{"journal":"` + strings.Repeat("ab", 32) + `","holder":"` + holder.ID() + `"}`
	}
	for name, do := range map[string]func(s *reviewtest.Sent){
		"by an advocate":            func(s *reviewtest.Sent) { put(s, b.Luka, is(b.Luka), nil) },
		"by a keeper":               func(s *reviewtest.Sent) { put(s, b.Mari, is(b.Ana), nil) },
		"for one of another desk":   func(s *reviewtest.Sent) { put(s, b.Ana, is(b.Keti), nil) },
		"for one who does not work": func(s *reviewtest.Sent) { put(s, b.Ana, is(b.Mari), nil) },
		"of no form":                func(s *reviewtest.Sent) { put(s, b.Ana, `{"journal":"x","holder":"y"}`, nil) },
		"with more than there is":   func(s *reviewtest.Sent) { put(s, b.Ana, strings.Replace(is(b.Ana), "{", `{"more":1,`, 1), nil) },
		"that can't be opened": func(s *reviewtest.Sent) {
			put(s, b.Ana, is(b.Ana), func(a *vault.Append) { a.Entry.Sealed = []byte("x") })
		},
		"taken back": func(s *reviewtest.Sent) { put(s, b.Ana, is(b.Ana), nil); put(s, b.Ana, `{}`, nil) },
	} {
		s := b.Write("street", nil)
		do(s)
		m := s.Say(seal.Message{Text: "PRACTICE"})
		sync(t, nino)
		if c := find(t, nino, m); c.With != "" || !c.Readable || len(c.FollowUps) != 1 {
			t.Errorf("a sign %s hides a message: %+v", name, c)
		}
	}
	s := b.Write("street", nil)
	put(s, b.Ana, is(b.Ana), nil)
	m := s.Say(seal.Message{Text: "PRACTICE"})
	sync(t, nino)
	if c := find(t, nino, m); c.With != b.Ana.ID() {
		t.Errorf("a good one does not: %+v", c)
	}
	for _, bad := range []string{"", "ab", strings.Repeat("ab", 32), "zz" + strings.Repeat("ab", 15)} {
		if _, _, ok := review.SignOf(bad); ok {
			t.Errorf("%q is a thread", bad)
		}
	}
}
