package review_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// Hand-over and taking back, on one organisation; the last changes who is in it.
func TestHandOverAndUndo(t *testing.T) {
	b := newBench(t)
	t.Run("hand-over", func(t *testing.T) { handOver(t, b.with(t)) })
	t.Run("undo", func(t *testing.T) { undo(t, b.with(t)) })
	t.Run("of an agreement", func(t *testing.T) { undoOfAnAgreement(t, b.with(t)) })
	t.Run("the holder has left", func(t *testing.T) { holderHasLeft(t, b.with(t)) })
}

func handOver(t *testing.T, b *bench) {
	id := b.in(review.Triage, nil)
	nino, luka := b.at["holder"], b.at["advocate"]
	notLegal(t, nino.HandOver(ctx, id, b.Luka.ID(), "", "PRACTICE"), "reason")
	notLegal(t, nino.HandOver(ctx, id, b.Luka.ID(), "PRACTICE", " "), "what is open")
	notLegal(t, nino.HandOver(ctx, id, b.Nino.ID(), "PRACTICE", "PRACTICE"), "already")
	notLegal(t, nino.HandOver(ctx, id, b.Keti.ID(), "PRACTICE", "PRACTICE"), "does not hold this case's key")
	notLegal(t, nino.HandOver(ctx, id, roster.Recovery, "PRACTICE", "PRACTICE"), "does not hold")
	notLegal(t, luka.HandOver(ctx, id, b.Luka.ID(), "PRACTICE", ""), "only the person who holds the case")
	b.ok(nino.HandOver(ctx, id, b.Luka.ID(), "PRACTICE: I change desks", "PRACTICE: call on Friday"))
	sync(t, luka)
	c := find(t, luka, id)
	if e := c.Entries[len(c.Entries)-1]; c.Holder != b.Luka.ID() || e.Step.Open != "PRACTICE: call on Friday" || e.Step.Reason == "" {
		t.Errorf("after the hand-over: %s %+v", c.Holder, e.Step)
	}
	notLegal(t, nino.HandOver(ctx, id, b.Nino.ID(), "PRACTICE", "PRACTICE"), "only the person who holds")
	b.ok(b.at["lead"].HandOver(ctx, id, b.Nino.ID(), "PRACTICE: she fell ill", ""))
}

// Nobody has to wait for somebody who has left.
func holderHasLeft(t *testing.T, b *bench) {
	id := b.in(review.Triage, nil)
	b.Next(func(r *rosterT) {
		r.People = slices.Clone(r.People)
		r.People[0].Roles = []string{roster.Keeper}
	})
	b.ok(b.at["advocate"].HandOver(ctx, id, b.Luka.ID(), "PRACTICE: Nino left", ""))
	c := find(t, b.at["advocate"], id)
	if c.Holder != b.Luka.ID() || len(c.Problems) != 0 {
		t.Errorf("%s %v", c.Holder, c.Problems)
	}
	notLegal(t, b.at["advocate"].Undo(ctx, id, c.Entries[len(c.Entries)-1].ID, "PRACTICE"), "no longer on the list")
}

func TestLeaveCover(t *testing.T) {
	b := newBench(t)
	nino, luka := b.at["holder"], b.at["advocate"]
	var open []vault.ID
	for range 3 {
		open = append(open, b.in(review.Action, nil))
	}
	closed := b.in(review.Closed, nil)
	days := func(from, until int, by *reviewtest.Person) review.Cover {
		day := func(n int) string { return b.Clock.Now().AddDate(0, 0, n).Format(time.DateOnly) }
		return review.Cover{From: day(from), Until: day(until), By: by.ID()}
	}
	for part, k := range map[string]review.Cover{
		"before the first": days(9, 2, b.Luka), "a year": days(0, 400, b.Luka), "somebody else": days(0, 9, b.Nino),
		"key": days(0, 9, b.Keti), "first and the last": {From: "tomorrow", Until: "2026-12-01", By: b.Luka.ID()},
	} {
		done, err := nino.CoverLeave(ctx, b.Nino.ID(), k, nil)
		if err != nil || done.Done != 0 || len(done.Why) != 3 {
			t.Fatalf("%+v: %+v %v", k, done, err)
		}
		notLegal(t, done.Why[0], part)
	}
	// Given up after the first; asked for again it goes on.
	k := days(2, 9, b.Luka)
	given, giveUp := context.WithCancel(ctx)
	done, err := nino.CoverLeave(given, b.Nino.ID(), k, func(review.Covered) { giveUp() })
	if !errors.Is(err, context.Canceled) || done.All != 3 || done.Done != 1 {
		t.Fatalf("given up: %+v %v", done, err)
	}
	steps := 0
	done, err = nino.CoverLeave(ctx, b.Nino.ID(), k, func(review.Covered) { steps++ })
	if err != nil || done.All != 3 || done.Done != 3 || steps != 2 {
		t.Fatalf("again: %+v %v, %d steps", done, err, steps)
	}
	sync(t, luka)
	notLegal(t, luka.HandOver(ctx, open[0], b.Luka.ID(), "PRACTICE", ""), "only the person who holds")
	b.Clock.Advance(72 * time.Hour)
	today := vault.DayOf(b.Clock.Now())
	if c := find(t, luka, open[0]); !c.Covers(b.Luka.ID(), today) || c.Covers(b.Luka.ID(), today-3) || c.Holder != b.Nino.ID() || find(t, luka, closed).Cover != (review.Cover{}) {
		t.Errorf("cover: %+v", c.Cover)
	}
	luka = b.Workstation(b.Luka, nil)
	b.ok(luka.HandOver(ctx, open[0], b.Luka.ID(), "PRACTICE: it can't wait", ""))
	if c := find(t, luka, open[0]); c.Holder != b.Luka.ID() || c.Cover != (review.Cover{}) || len(c.Problems) != 0 {
		t.Errorf("while she covers she can take it on: %s %v", c.Holder, c.Problems)
	}
	ana := b.Workstation(b.Ana, nil)
	done, err = ana.CoverLeave(ctx, b.Nino.ID(), review.Cover{}, nil)
	if err != nil || done.Done != 2 || find(t, ana, open[1]).Cover != (review.Cover{}) {
		t.Errorf("a lead ends it: %+v %v", done, err)
	}
	b.Clock.Advance(240 * time.Hour)
}

func undo(t *testing.T, b *bench) {
	b.open("keeper")
	b.ok(b.at["keeper"].FoundFigures(ctx))
	s := b.Send("street", nil)
	nino, ana, luka := b.at["holder"], b.at["lead"], b.at["advocate"]
	id, err := nino.Take(ctx, s.Deposit)
	b.ok(err)
	last := func() (last vault.ID) { // but for what follows of it in the figures
		for _, e := range find(t, nino, id).Entries {
			if e.Kind != "count" && e.Kind != "counted" {
				last = e.ID
			}
		}
		return last
	}
	now := func() *review.Case { sync(t, nino); return find(t, nino, id) }

	// A change of state, with what it rested on.
	b.ok(nino.SetState(ctx, id, fullChange(review.InReview)))
	reviewed := last()
	b.ok(nino.SetState(ctx, id, fullChange(review.Verified)))
	verified := last()
	notLegal(t, nino.Undo(ctx, id, reviewed, "PRACTICE"), "changed again")
	notLegal(t, nino.Undo(ctx, id, verified, ""), "reason")
	notLegal(t, luka.Undo(ctx, id, verified, "PRACTICE"), "only who wrote it")
	b.ok(nino.Undo(ctx, id, verified, "PRACTICE: wrong case"))
	notLegal(t, nino.Undo(ctx, id, verified, "PRACTICE"), "already")
	notLegal(t, nino.Undo(ctx, id, last(), "PRACTICE"), "can't be taken back")
	if c := now(); c.State != review.InReview || c.Verification != "" || c.Entries[2].Undone != last() || c.Entries[2].Change.To != review.Verified {
		t.Errorf("after undoing: %s %q %+v", c.State, c.Verification, c.Entries[2])
	}
	b.ok(ana.Undo(ctx, id, reviewed, "PRACTICE: one more step back"))
	if c := now(); c.State != review.Triage {
		t.Errorf("the one before: %s", c.State)
	}

	// A coding; the key by which figures know the case stays.
	b.CodeCase(nino, id, "extortion")
	first := last()
	b.CodeCase(nino, id, "harassment")
	b.ok(nino.Undo(ctx, id, last(), "PRACTICE"))
	if c := now(); c.Coding.Main().Code != "extortion" || c.CodedIn != first {
		t.Errorf("coding: %+v", c.Coding)
	}
	b.ok(nino.SetState(ctx, id, review.Change{To: review.Closed, Close: "resolved"}))
	closing := last()
	notLegal(t, nino.Undo(ctx, id, first, "PRACTICE"), "closed and needs its coding")
	b.ok(nino.Undo(ctx, id, closing, "PRACTICE"))
	notLegal(t, nino.Undo(ctx, id, first, "PRACTICE"), "in the figures")

	// A case that is not in the figures can lose its only coding.
	other := b.in(review.Triage, func(r *seal.Report) { r.Consent = nil })
	b.CodeCase(nino, other, "extortion")
	c := find(t, nino, other)
	key := c.Coding.RecordKey
	b.ok(nino.SetState(ctx, other, review.Change{To: review.Closed, Close: "resolved"}))
	b.ok(nino.SetState(ctx, other, fullChange(review.Reopened)))
	opened := find(t, nino, other).Entries
	b.ok(nino.Undo(ctx, other, c.CodedIn, "PRACTICE"))
	notLegal(t, nino.Undo(ctx, other, opened[len(opened)-1].ID, "PRACTICE"), "code it first")
	b.CodeCase(nino, other, "harassment")
	if c := find(t, nino, other); c.Coding.RecordKey != key || len(c.Problems) != 0 {
		t.Errorf("coded anew under another key: %v", c.Problems)
	}

	// An assignment, a link, a link taken back, a working name.
	b.ok(nino.HandOver(ctx, id, b.Luka.ID(), "PRACTICE", "PRACTICE"))
	b.ok(nino.Undo(ctx, id, last(), "PRACTICE: wrong colleague"))
	if c := now(); c.Holder != b.Nino.ID() {
		t.Errorf("holder: %s", c.Holder)
	}
	p := review.NewPersonKey()
	b.ok(nino.LinkPerson(ctx, id, p, review.RoleAffected, "PRACTICE Heron"))
	b.ok(nino.LinkPerson(ctx, id, p, review.RoleAffected, "PRACTICE Crane"))
	b.ok(nino.Undo(ctx, id, last(), "PRACTICE"))
	if c := now(); len(c.People) != 1 || c.People[0].As != "PRACTICE Heron" {
		t.Errorf("working name: %+v", c.People)
	}
	b.ok(nino.UnlinkPerson(ctx, id, p, review.RoleAffected))
	b.ok(nino.Undo(ctx, id, last(), "PRACTICE"))
	if c := now(); len(c.People) != 1 || !c.People[0].Linked {
		t.Errorf("link: %+v", c.People)
	}

	// What the person did, or was told, stays.
	b.ok(nino.Answer(ctx, id, "PRACTICE answer", 0))
	notLegal(t, ana.Undo(ctx, id, last(), "PRACTICE"), "can't be taken back")
	b.ok(nino.SetState(ctx, id, review.Change{To: review.Closed, Close: "lost-contact"}))
	b.ok(nino.SetState(ctx, id, fullChange(review.Reopened)))
	reopened := last()
	s.Say(seal.Message{Text: "PRACTICE"})
	notLegal(t, nino.Undo(ctx, id, reopened, "PRACTICE"), "read it, then close")
	b.ok(nino.Undo(ctx, id, reopened, "PRACTICE"))
	s.Say(seal.Message{Text: "PRACTICE again"})
	b.ok(nino.Join(ctx, id))
	c = now()
	if c.State != review.Reopened || len(c.Problems) != 0 {
		t.Fatalf("a message to a closed case: %s %v", c.State, c.Problems)
	}
	for _, e := range c.Entries {
		if e.Kind == "join" {
			notLegal(t, nino.Undo(ctx, id, e.ID, "PRACTICE"), "can't be taken back")
		}
	}
}

// Two people's agreement is not one person's to take back.
func undoOfAnAgreement(t *testing.T, b *bench) {
	id := b.in(review.NotVerified, nil)
	c := find(t, b.at["lead"], id)
	notLegal(t, b.at["lead"].Undo(ctx, id, c.Entries[len(c.Entries)-1].ID, "PRACTICE"), "two people agreed")
	b.ok(b.at["lead"].Write(ctx, id, "undo", m{"of": c.Entries[len(c.Entries)-1].ID.String(), "reason": "PRACTICE"}))
	if c = find(t, b.at["lead"], id); c.State != review.NotVerified || len(c.Problems) != 1 {
		t.Errorf("%s %v", c.State, c.Problems)
	}
}
