package review_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
)

// liar passes everything on and tells of another head of the feed.
type liar struct{ head string }

func (l *liar) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && l.head != "" && strings.HasSuffix(r.URL.Path, "/feed") {
		resp.Body.Close()
		resp.Header.Set("Peerwitness-Head", l.head)
		resp.Header.Del("Content-Length")
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(nil)), 0
	}
	return resp, err
}

// attack 12: the server takes a case's last entries back, hides them, or shows
// others in their place. The workstation says so, keeps what it has, and writes
// nothing on top.
func TestAttack12RolledBackOrHiddenTail(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	l := &liar{}
	w := o.Workstation(o.Nino, &http.Client{Transport: l, Timeout: 10 * time.Second})
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	before, err := o.Store.FeedHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.AddNote(ctx, s.Deposit, review.Note{Text: "PRACTICE: the last entry"}); err != nil {
		t.Fatal(err)
	}
	held, err := o.Store.FeedHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for name, head := range map[string]string{
		"as it was before": fmt.Sprintf("%d %s", before.Pos, before.Hash),
		"nothing at all":   fmt.Sprintf("0 %s", vault.ID{}),
		"another ending":   fmt.Sprintf("%d %s", held.Pos, before.Hash),
	} {
		l.head = head
		if err := w.Sync(ctx, nil); !errors.Is(err, vault.ErrFork) {
			t.Errorf("%s: syncing: %v", name, err)
		}
		if v := w.View(); len(v.Alarms) != 1 || !strings.Contains(v.Alarms[0], "another history") {
			t.Errorf("%s: alarms %v", name, v.Alarms)
		}
		if c := find(t, w, s.Deposit); len(c.Entries) != 2 || c.Entries[1].Note.Text != "PRACTICE: the last entry" || c.Report.ID != s.Report.ID {
			t.Errorf("%s: what was here is gone: %+v", name, c.Entries)
		}
		if err := w.Answer(ctx, s.Deposit, "PRACTICE", 0); !errors.Is(err, vault.ErrFork) {
			t.Errorf("%s: answering: %v", name, err)
		}
	}
	if after, err := o.Store.FeedHead(ctx); err != nil || after != held {
		t.Errorf("something was written on top: %v", err)
	}
	l.head = ""
	sync(t, w)
	if v := w.View(); len(v.Alarms) != 0 {
		t.Errorf("after the server came round: %v", v.Alarms)
	}
}

// attack 12: a report or a message that the server sends again, with another
// wrapping under a new id, is one with the first, before and after somebody
// took the case.
func TestAttack12RewrappedUnderANewID(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	plain := mustEncode(t, s)
	rewrap := func() vault.ID { id, _ := o.Deposit("street", o.Seal("street", plain)); return id }
	early := rewrap()
	w := o.Workstation(o.Nino, nil)
	if c := only(t, w); c.ID != s.Deposit || !hasFlag(c, review.FlagRepeated) {
		t.Errorf("before taking: %+v", c.Flags)
	}
	journal, err := w.Take(ctx, early)
	if err != nil {
		t.Fatal(err)
	}
	late := rewrap()
	sync(t, w)
	if err := w.Join(ctx, late); err != nil {
		t.Fatal(err)
	}
	for _, x := range []*review.Workstation{w, o.Workstation(o.Ana, nil)} {
		c := only(t, x)
		if c.ID != journal || find(t, x, late) != c || find(t, x, early) != c || c.Entries[0].Kind != "claim" || len(c.Waiting) != 0 || c.Report.ID != s.Report.ID {
			t.Errorf("after taking: %+v", c)
		}
	}
}

// attack 12: a replica that was put in the place of the workstation's own, or a
// server that begins again from an older copy, shows an older ledger of the
// figures than this person has seen. Her folder remembers.
func TestAttack12LedgerRolledBack(t *testing.T) {
	n := newNewsroom(t)
	n.CountedCase(n.nino.Workstation, nil)
	before, err := n.Store.FeedHead(ctx)
	ok(t, err)
	n.Later(on("2027-01-15"), n.nino, n.mari, n.keti)
	ok(t, n.mari.ClosePeriod(ctx, "2026-12"))
	ok(t, n.mari.Close())
	n.mari.Workstation = nil

	folder := filepath.Join(n.mari.Dir, "replica")
	ok(t, os.RemoveAll(folder))
	old, err := vault.OpenBolt(folder, n.Clock.Now)
	ok(t, err)
	ok(t, old.Follow(ctx, before.Generation))
	records, err := n.Store.Feed(ctx, 0, int(before.Pos))
	ok(t, err)
	var objects [][]byte
	for _, r := range records {
		b, err := n.Store.Object(ctx, r)
		ok(t, err)
		objects = append(objects, b)
	}
	ok(t, old.Apply(ctx, records, objects))
	ok(t, old.Close())

	for range 2 { // it is not forgotten by being shown once
		w, err := review.Open(ctx, review.Config{Dir: n.mari.Dir, Key: n.Mari.Key, Clock: n.Clock.Now})
		ok(t, err)
		if a := w.View().Alarms; len(a) != 1 || !strings.Contains(a[0], "another ledger of the figures") {
			t.Errorf("alarms: %v", a)
		}
		ok(t, w.Close())
	}
	n.mari.Open() // the server shows the rest after all
	if a := n.mari.View().Alarms; len(a) != 0 || period(t, n.mari, "2026-12").Status != review.PeriodClosed {
		t.Errorf("after the server came round: %v", a)
	}
}
