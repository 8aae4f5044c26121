package review_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/review/figures"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/seal"
)

func on(day string) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return t.Add(9 * time.Hour)
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newsroom is an organisation with its figures founded and a programme in force
// from December 2026 on; it is 2 December.
type newsroom struct {
	*reviewtest.Org
	nino, mari, keti *reviewtest.Seat
	as               string // whom the server names for the next forged append
}

func newNewsroom(t *testing.T) *newsroom {
	t.Helper()
	o := reviewtest.New(t)
	n := &newsroom{Org: o, nino: o.Seat(o.Nino), mari: o.Seat(o.Mari), keti: o.Seat(o.Keti)}
	ok(t, n.mari.FoundFigures(ctx))
	ok(t, n.mari.ProposeProgramme(ctx, o.Programme("2026-12")))
	ok(t, n.keti.Sync(ctx, nil))
	v := n.keti.Figures()
	if len(v.Programmes) != 1 || v.Programmes[0].InForce {
		t.Fatalf("after one signature: %+v", v.Programmes)
	}
	ok(t, n.keti.SignProgramme(ctx, v.Programmes[0].Hash))
	if v := n.keti.Figures(); !v.Programmes[0].InForce || len(v.Problems) != 0 {
		t.Fatalf("after two signatures: %+v", v)
	}
	n.Later(on("2026-12-02"), n.nino, n.mari, n.keti)
	return n
}

func period(t *testing.T, s *reviewtest.Seat, name string) review.FiguresPeriod {
	t.Helper()
	for _, p := range s.Figures().Periods {
		if p.Period == name {
			return p
		}
	}
	t.Fatalf("no period %s", name)
	return review.FiguresPeriod{}
}

func refused(t *testing.T, err error, want ...string) {
	t.Helper()
	var r *figures.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("not refused by the gate: %v", err)
	}
	for _, w := range want {
		if !strings.Contains(r.Error(), w) {
			t.Errorf("reasons lack %q: %v", w, r)
		}
	}
	if len(r.Reasons) != len(want) {
		t.Errorf("%d reasons instead of %d: %v", len(r.Reasons), len(want), r)
	}
}

// The whole way of a figure: coding freeze, closing, the gate that refuses, two
// signatures, and what anybody can verify on the server.
func TestFiguresFromCaseToRelease(t *testing.T) {
	n := newNewsroom(t)
	for range 3 {
		n.CountedCase(n.nino.Workstation, nil)
	}
	_, id := n.CountedCase(n.nino.Workstation, nil)
	if c := find(t, n.nino.Workstation, id); c.Counted.Record == nil || c.Counted.Entry.IsZero() || !c.Counted.Record.CountMe {
		t.Fatalf("a case that closed with the consent is not counted: %+v", c.Counted)
	}
	if err := n.mari.ClosePeriod(ctx, "2026-12"); !errors.Is(err, figures.ErrNotOver) {
		t.Errorf("closing a period that runs: %v", err)
	}
	n.Later(on("2027-01-03"), n.nino, n.mari, n.keti)
	if p := period(t, n.mari, "2026-12"); p.Status != review.PeriodOver || !p.Next || p.Opens != "2027-01-14" {
		t.Errorf("a period that is over: %+v", p)
	}
	ok(t, n.mari.ClosePeriod(ctx, "2026-12"))
	ok(t, n.mari.ClosePeriod(ctx, "2026-12"))
	head := n.mari.Figures().Ledger
	ok(t, n.keti.Sync(ctx, nil))
	p := period(t, n.keti, "2026-12")
	if p.Status != review.PeriodClosed || p.Release == nil || n.keti.Figures().Ledger != head || len(n.keti.Figures().Problems) != 0 {
		t.Fatalf("closed: %+v", n.keti.Figures())
	}
	refused(t, n.keti.PublishRelease(ctx, "2026-12"), "may go out from 2027-01-14", "Two people must sign")
	n.Later(on("2027-01-14"), n.nino, n.mari, n.keti)
	ok(t, n.keti.SignRelease(ctx, "2026-12"))
	ok(t, n.keti.SignRelease(ctx, "2026-12"))
	refused(t, n.keti.PublishRelease(ctx, "2026-12"), "Two people must sign")
	ok(t, n.mari.SignRelease(ctx, "2026-12"))
	ok(t, n.keti.PublishRelease(ctx, "2026-12"))
	ok(t, n.keti.PublishRelease(ctx, "2026-12"))

	ids, bodies, err := n.Store.Releases(ctx)
	ok(t, err)
	if len(bodies) != 1 {
		t.Fatalf("%d releases on the server", len(bodies))
	}
	r, err := figures.Verify(bodies[0], n.Roster)
	if err != nil || r.Period != "2026-12" || r.Ledger != head.String() {
		t.Fatalf("what anybody verifies: %v, %s", err, r.Period)
	}
	for _, s := range []*reviewtest.Seat{n.mari, n.keti} {
		ok(t, s.Sync(ctx, nil))
		if p := period(t, s, "2026-12"); p.Status != review.PeriodPublished || p.ID != ids[0] || !bytes.Equal(p.Body, bodies[0]) || len(p.Signed) != 2 {
			t.Errorf("published: %+v", p)
		}
		if a := s.View().Alarms; len(a) != 0 {
			t.Errorf("alarms: %v", a)
		}
	}
	// The next month is thin and comes out all the same.
	n.Later(on("2027-02-15"), n.nino, n.mari, n.keti)
	ok(t, n.mari.ClosePeriod(ctx, "2027-01"))
	ok(t, n.mari.SignRelease(ctx, "2027-01"))
	ok(t, n.keti.SignRelease(ctx, "2027-01"))
	ok(t, n.mari.PublishRelease(ctx, "2027-01"))
	if p := period(t, n.mari, "2027-01"); p.Release.Former != ids[0].String() || p.Status != review.PeriodPublished {
		t.Errorf("the second release: %+v", p)
	}
}

// One batch gives one file for ever: computed anew a hundred times by a
// workstation that is opened again, by another keeper, from a copy of a
// workstation, and by one that begins from nothing at a server whose store was
// restored from its backup.
func TestFiguresAreTheSameForEver(t *testing.T) {
	n := newNewsroom(t)
	for range 3 {
		n.CountedCase(n.nino.Workstation, nil)
	}
	n.Later(on("2027-01-03"), n.nino, n.mari, n.keti)
	ok(t, n.mari.ClosePeriod(ctx, "2026-12"))
	first := vault.Sum(period(t, n.mari, "2026-12").Body)
	hashes := map[vault.ID]int{}
	ok(t, n.keti.Sync(ctx, nil))
	hashes[vault.Sum(period(t, n.keti, "2026-12").Body)]++

	ok(t, n.mari.Close())
	n.mari.Workstation = nil
	copied := t.TempDir()
	ok(t, os.CopyFS(copied, os.DirFS(n.mari.Dir)))
	for range 100 { // offline: nothing but the replica
		w, err := review.Open(ctx, review.Config{Dir: copied, Key: n.Mari.Key, Clock: n.Clock.Now})
		ok(t, err)
		for _, p := range w.Figures().Periods {
			if p.Period == "2026-12" {
				hashes[vault.Sum(p.Body)]++
			}
		}
		ok(t, w.Close())
	}

	n.Restore()
	n.Clock.Advance(time.Minute) // a sign-in code counts once
	hashes[vault.Sum(period(t, n.Seat(n.Keti), "2026-12").Body)]++
	if len(hashes) != 1 || hashes[first] != 102 {
		t.Errorf("%d different files; the first one came %d times", len(hashes), hashes[first])
	}
}

// Who takes her consent back before the cut-off is out, whichever way she says so.
func TestFiguresWithoutWhoTookItBack(t *testing.T) {
	n := newNewsroom(t)
	n.CountedCase(n.nino.Workstation, nil)
	// By a message from her phone, on which nobody has worked yet.
	sent, told := n.CountedCase(n.nino.Workstation, nil)
	sent.Say(seal.Message{Text: "PRACTICE: no more", Withdraw: []string{review.CountMe}})
	ok(t, n.nino.Sync(ctx, nil))
	if c := find(t, n.nino.Workstation, told); c.Counted.Record.CountMe || c.Counted.Entry.IsZero() || len(c.Waiting) != 1 {
		t.Errorf("what was taken back by message did not go to the figures: %+v", c.Counted)
	}
	// By word of mouth.
	_, id := n.CountedCase(n.nino.Workstation, nil)
	ok(t, n.nino.Withdraw(ctx, id, []string{review.CountMe}))
	c := find(t, n.nino.Workstation, id)
	if c.Counted.Record.N != 1 || c.Counted.Record.CountMe || c.Counted.Entry.IsZero() {
		t.Errorf("what was taken back did not go to the figures: %+v", c.Counted)
	}
	n.Later(on("2027-01-03"), n.nino, n.mari, n.keti)
	ok(t, n.mari.ClosePeriod(ctx, "2026-12"))
	members := n.mari.Members("2026-12")
	if len(members) != 1 || members[0] == c.Coding.RecordKey {
		t.Errorf("%d people in the batch", len(members))
	}
}
