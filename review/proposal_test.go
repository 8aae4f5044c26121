package review_test

import (
	"errors"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// What needs a second person, on one organisation; the last changes who is in it.
func TestSecondPerson(t *testing.T) {
	b := newBench(t)
	t.Run("not verified takes two", func(t *testing.T) { notVerifiedTakesTwo(t, b.with(t)) })
	t.Run("lapses with the state", func(t *testing.T) { proposalLapsesWithTheState(t, b.with(t)) })
	t.Run("agreeing reads first", func(t *testing.T) { agreeingReadsFirst(t, b.with(t)) })
	t.Run("erasure", func(t *testing.T) { erasureIsAgreedByTwo(t, b.with(t)) })
	t.Run("the proposer has left", func(t *testing.T) { proposerHasLeft(t, b.with(t)) })
}

// notLegal checks a refusal for people, with part in it.
func notLegal(t *testing.T, err error, part string) {
	t.Helper()
	if !errors.Is(err, review.ErrNotLegal) || !strings.Contains(err.Error(), part) {
		t.Errorf("%v, want a refusal with %q", err, part)
	}
}

func notVerifiedTakesTwo(t *testing.T, b *bench) {
	id := b.in(review.InReview, nil)
	nino, ana, luka := b.at["holder"], b.at["lead"], b.at["advocate"]
	notLegal(t, nino.Propose(ctx, id, review.NotVerified, " "), "reason")
	notLegal(t, nino.Propose(ctx, id, "made-up", "PRACTICE"), "not something")
	p := b.proposed(id, review.NotVerified)
	notLegal(t, nino.Propose(ctx, id, review.NotVerified, "PRACTICE again"), "already")
	notLegal(t, nino.Agree(ctx, id, p), "somebody else")
	notLegal(t, ana.Agree(ctx, id, vault.ID{1}), "does not wait")
	if c := find(t, ana, id); !c.WaitsFor(b.Ana.ID(), false) || c.WaitsFor(b.Nino.ID(), true) || c.WaitsFor(b.Keti.ID(), true) || c.Proposals[0].Reason != "PRACTICE reason" {
		t.Errorf("what waits, and for whom: %+v", c.Proposals)
	}
	// Whatever her program writes, one person is not two.
	b.ok(nino.Write(ctx, id, "agree", m{"of": p.String()}))
	if c := find(t, nino, id); c.State != review.InReview || len(c.Proposals) != 1 || len(c.Problems) != 1 {
		t.Errorf("one person twice: %s %v", c.State, c.Problems)
	}
	notLegal(t, ana.Decline(ctx, id, p, ""), "reason")
	b.ok(ana.Decline(ctx, id, p, "PRACTICE: ask the clinic first"))
	notLegal(t, luka.Agree(ctx, id, p), "does not wait")
	p = b.proposed(id, review.NotVerified)
	b.ok(luka.Agree(ctx, id, p))
	notLegal(t, ana.Agree(ctx, id, p), "does not wait")
	sync(t, nino)
	if c := find(t, nino, id); c.State != review.NotVerified || len(c.Proposals) != 0 || len(c.Problems) != 1 {
		t.Errorf("two people agreed: %s %v %v", c.State, c.Proposals, c.Problems)
	}
}

// What was proposed about a state is moot once the state has changed, also
// when it came back to what it was.
func proposalLapsesWithTheState(t *testing.T, b *bench) {
	id := b.in(review.InReview, nil)
	p := b.proposed(id, review.NotVerified)
	b.ok(b.at["holder"].SetState(ctx, id, fullChange(review.Action)))
	b.ok(b.at["holder"].SetState(ctx, id, fullChange(review.InReview)))
	notLegal(t, b.at["lead"].Agree(ctx, id, p), "does not wait")
}

func agreeingReadsFirst(t *testing.T, b *bench) {
	s := b.Send("street", nil)
	id, err := b.at["holder"].Take(ctx, s.Deposit)
	b.ok(err)
	b.reach(id, review.InReview)
	p := b.proposed(id, review.NotVerified)
	s.Say(seal.Message{Text: "PRACTICE: there was a witness"})
	notLegal(t, b.at["lead"].Agree(ctx, id, p), "read it, then decide")
	b.ok(b.at["lead"].Agree(ctx, id, p))
}

// A second person stands beside the first: not beside somebody who is gone.
func proposerHasLeft(t *testing.T, b *bench) {
	id := b.in(review.InReview, nil)
	p := b.proposed(id, review.NotVerified)
	b.Next(func(r *rosterT) {
		r.People = append([]roster.Person(nil), r.People...)
		r.People[0].Roles = []string{roster.Keeper}
	})
	notLegal(t, b.at["lead"].Agree(ctx, id, p), "does not work on cases any more")
	b.ok(b.at["lead"].Write(ctx, id, "agree", m{"of": p.String()}))
	if c := find(t, b.at["lead"], id); c.State != review.InReview {
		t.Errorf("agreed with somebody who had left: %s", c.State)
	}
}

// What two people agree to erase is what both had before them, and nothing that
// came since.
func erasureIsAgreedByTwo(t *testing.T, b *bench) {
	s := b.Send("street", nil)
	nino, ana := b.at["holder"], b.at["lead"]
	id, err := nino.Take(ctx, s.Deposit)
	b.ok(err)
	p := b.proposed(id, review.Erase)
	notLegal(t, nino.Agree(ctx, id, p), "somebody else")
	s.Say(seal.Message{Text: "PRACTICE: please keep it"})
	notLegal(t, ana.Agree(ctx, id, p), "read it")
	notLegal(t, ana.Agree(ctx, id, p), "written into the case since")
	b.ok(ana.Decline(ctx, id, p, "PRACTICE"))
	p = b.proposed(id, review.Erase)
	b.ok(ana.AddNote(ctx, id, review.Note{Text: "PRACTICE: wait"}))
	notLegal(t, ana.Agree(ctx, id, p), "written into the case since")
	b.ok(ana.Decline(ctx, id, p, "PRACTICE"))
	problems := len(find(t, ana, id).Problems)
	for _, bad := range []m{
		{"what": "erase", "reason": "PRACTICE: without the message", "deposits": []string{s.Deposit.String()}},
		{"what": "erase", "reason": "PRACTICE: unsigned", "deposits": find(t, nino, id).Claimed()},
	} {
		b.ok(nino.Write(ctx, id, "propose", bad))
		if c := find(t, nino, id); len(c.Problems) != problems+1 || len(c.Proposals) != 0 {
			t.Errorf("%v: %v %v", bad, c.Problems, c.Proposals)
		}
		problems++
	}
	p = b.proposed(id, review.Erase)
	b.ok(ana.Agree(ctx, id, p))
	for _, w := range []*review.Workstation{ana, nino, b.at["advocate"]} {
		sync(t, w)
		var gone *review.ErasedError
		for _, id := range []vault.ID{id, s.Deposit} {
			if _, err := w.View().Case(id); !errors.As(err, &gone) || gone.Erased.By != [2]string{b.Nino.ID(), b.Ana.ID()} || len(gone.Erased.Deposits) != 2 {
				t.Errorf("after two agreed: %v", err)
			}
		}
		if v := w.View(); len(v.Alarms) > 0 {
			t.Errorf("alarms: %v", v.Alarms)
		}
	}
	if err := nino.Propose(ctx, id, review.Erase, "PRACTICE"); !errors.Is(err, review.ErrErased) {
		t.Errorf("acting on an erased case: %v", err)
	}
}
