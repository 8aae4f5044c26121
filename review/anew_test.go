package review_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	gosync "sync"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// seat is a workstation in a folder that stays.
type seat struct {
	*review.Workstation
	o   *reviewtest.Org
	p   *reviewtest.Person
	dir string
}

func sitDown(o *reviewtest.Org, p *reviewtest.Person) *seat {
	s := &seat{o: o, p: p, dir: o.T.TempDir()}
	s.open(nil)
	return s
}

// open opens it, signed in, and syncs if the server lets it.
func (s *seat) open(hc *http.Client) {
	s.o.T.Helper()
	w, err := review.Open(ctx, review.Config{Dir: s.dir, Key: s.p.Key, Client: s.o.Client(s.p, hc), Root: s.o.Roster.Fingerprint(), Clock: s.o.Clock.Now})
	if err != nil {
		s.o.T.Fatal(err)
	}
	s.Workstation = w
	s.o.T.Cleanup(func() {
		if s.Workstation == w {
			w.Close()
		}
	})
	_ = w.Sync(ctx, nil)
}

// shut closes it.
func (s *seat) shut() {
	s.o.T.Helper()
	if err := s.Workstation.Close(); err != nil {
		s.o.T.Fatal(err)
	}
	s.Workstation = nil
}

func (s *seat) again() {
	s.o.T.Helper()
	s.shut()
	s.open(nil)
}

// attack 31: an old backup is restored. Each workstation says so and keeps what it
// has; on its person's word it puts back what is missing, whoever begins, all at
// once, and every case is as it was.
func TestAttack31OldBackupRestored(t *testing.T) {
	o := reviewtest.New(t)
	early := o.Send("street", nil)
	nino, ana, luka := sitDown(o, o.Nino), sitDown(o, o.Ana), sitDown(o, o.Luka)
	_, err := nino.Take(ctx, early.Deposit)
	ok(t, err)
	backup := o.Backup()

	// All of this comes after the backup.
	ok(t, nino.AddNote(ctx, early.Deposit, review.Note{Text: "PRACTICE: after the backup"}))
	late := o.Send("street", nil)
	_, err = nino.Take(ctx, late.Deposit)
	ok(t, err)
	sync(t, luka.Workstation) // who is not told of what follows
	o.Next(func(*roster.Roster) {})
	ok(t, nino.Answer(ctx, late.Deposit, "PRACTICE: an answer", 0))
	untaken := o.Send("street", nil)
	sync(t, ana.Workstation)
	sync(t, nino.Workstation)
	before, err := o.Store.FeedHead(ctx)
	ok(t, err)

	seats := []*seat{nino, ana, luka}
	for _, s := range seats {
		s.shut()
	}
	o.RestoreFrom(backup)
	for _, s := range seats {
		s.open(nil)
		if err := s.Sync(ctx, nil); !errors.Is(err, vault.ErrFork) {
			t.Fatalf("syncing with the restored server: %v", err)
		}
		v := s.View()
		if v.Anew == nil || v.Anew.Agreed || v.Anew.Ready || len(v.Alarms) != 1 || !strings.Contains(v.Alarms[0], "began anew") {
			t.Errorf("what is said: %+v, %q", v.Anew, v.Alarms)
		}
	}
	find(t, ana.Workstation, untaken.Deposit)
	if err := nino.AddNote(ctx, late.Deposit, review.Note{Text: "PRACTICE: too soon"}); !errors.Is(err, vault.ErrFork) {
		t.Errorf("acting before: %v", err)
	}
	if head, err := o.Store.FeedHead(ctx); err != nil || head.Pos >= before.Pos {
		t.Fatalf("something was sent unasked: %+v, %v", head, err)
	}

	var all gosync.WaitGroup
	for _, s := range seats {
		all.Go(func() {
			var last uint64
			if err := s.PutBack(ctx, func(done, total uint64) { last = total - done }); err != nil || last != 0 {
				t.Errorf("putting back: %v, %d left", err, last)
			}
		})
	}
	all.Wait()
	head, err := o.Store.FeedHead(ctx)
	ok(t, err)
	if head.Pos != before.Pos {
		t.Errorf("%d entries where there were %d", head.Pos, before.Pos)
	}
	for _, s := range seats {
		if v := s.View(); v.Anew == nil || !v.Anew.Ready || len(v.Anew.Aside) > 0 {
			t.Errorf("after it: %+v", v.Anew)
		}
		s.again()
		sync(t, s.Workstation)
		if v := s.View(); v.Anew != nil || len(v.Alarms) > 0 || len(v.Quarantine) > 0 {
			t.Errorf("opened again: %+v %q %+v", v.Anew, v.Alarms, v.Quarantine)
		}
		if _, err := os.Stat(filepath.Join(s.dir, "before-1", "replica")); err != nil {
			t.Errorf("what it had is not kept: %v", err)
		}
		if err := s.PutBack(ctx, nil); !errors.Is(err, review.ErrNotAnew) {
			t.Errorf("putting back once more: %v", err)
		}
	}
	for _, s := range []*seat{nino, ana} {
		if c := find(t, s.Workstation, early.Deposit); len(c.Entries) != 2 || c.Entries[1].Note.Text != "PRACTICE: after the backup" || len(c.Problems) > 0 {
			t.Errorf("the early case: %+v", c)
		}
		if c := find(t, s.Workstation, late.Deposit); len(c.Entries) != 2 || c.Entries[1].Kind != "answer" || len(c.Problems) > 0 || c.Arrived == 0 {
			t.Errorf("the late case: %+v", c)
		}
	}
	ok(t, ana.AddNote(ctx, late.Deposit, review.Note{Text: "PRACTICE: work goes on"}))
}

// Somebody wrote into a case before its last entries were back: those are not
// forgotten but listed, and what they were is kept.
func TestPutBackTooLate(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	nino, ana := sitDown(o, o.Nino), sitDown(o, o.Ana)
	journal, err := nino.Take(ctx, s.Deposit)
	ok(t, err)
	sync(t, ana.Workstation)
	backup := o.Backup()
	ok(t, nino.AddNote(ctx, s.Deposit, review.Note{Text: "PRACTICE: lost"}))
	sync(t, nino.Workstation)
	nino.shut()
	ana.shut()
	o.RestoreFrom(backup)
	ana.open(nil)
	ok(t, ana.PutBack(ctx, nil)) // she has nothing to put back
	ana.again()
	ok(t, ana.AddNote(ctx, s.Deposit, review.Note{Text: "PRACTICE: went on"}))

	nino.open(nil)
	ok(t, nino.PutBack(ctx, nil))
	for range 2 {
		nino.again()
		sync(t, nino.Workstation)
		v := nino.View()
		if v.Anew == nil || len(v.Anew.Aside) != 1 || v.Anew.Aside[0].Journal != journal || v.Anew.Aside[0].Author != nino.Me() || len(v.Alarms) != 1 {
			t.Fatalf("the list: %+v, %q", v.Anew, v.Alarms)
		}
	}
	if c := find(t, nino.Workstation, s.Deposit); len(c.Entries) != 2 || c.Entries[1].Note.Text != "PRACTICE: went on" {
		t.Errorf("the case: %+v", c.Entries)
	}
	old, err := review.Open(ctx, review.Config{Dir: filepath.Join(nino.dir, "before-1"), Key: o.Nino.Key, Clock: o.Clock.Now})
	ok(t, err)
	if c := find(t, old, s.Deposit); len(c.Entries) != 2 || c.Entries[1].Note.Text != "PRACTICE: lost" {
		t.Errorf("what it was: %+v", c.Entries)
	}
	ok(t, old.Close())
	ok(t, nino.ForgetAside(ctx))
	nino.again()
	sync(t, nino.Workstation)
	if v := nino.View(); v.Anew != nil || len(v.Alarms) > 0 {
		t.Errorf("after it was seen to: %+v, %q", v.Anew, v.Alarms)
	}
}

// A server that begins anew again and again gets what is missing three times in a
// month, each time on the person's word, and is told no more.
func TestPutBackIsBounded(t *testing.T) {
	o := reviewtest.New(t)
	backup := o.Backup()
	nino := sitDown(o, o.Nino)
	o.Send("street", nil)
	sync(t, nino.Workstation)
	for range 3 {
		nino.shut()
		o.RestoreFrom(backup)
		nino.open(nil)
		ok(t, nino.PutBack(ctx, nil))
		ok(t, nino.PutBack(ctx, nil)) // asked for again: nothing is left to send
		if v := nino.View(); !v.Anew.Ready {
			t.Errorf("not ready: %+v", v.Anew)
		}
	}
	nino.shut()
	o.RestoreFrom(backup)
	nino.open(nil)
	head, err := o.Store.FeedHead(ctx)
	ok(t, err)
	if err := nino.PutBack(ctx, nil); !errors.Is(err, review.ErrTooOften) || !nino.View().Anew.TooOften {
		t.Errorf("the fourth time: %v, %+v", err, nino.View().Anew)
	}
	if now, err := o.Store.FeedHead(ctx); err != nil || now != head {
		t.Errorf("it got something: %v", err)
	}
	o.Clock.Advance(31 * 24 * time.Hour)
	nino.again()
	ok(t, nino.PutBack(ctx, nil))
	nino.again()
	sync(t, nino.Workstation)
	only(t, nino.Workstation)
}
