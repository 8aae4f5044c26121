package review_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	stdsync "sync"
	"sync/atomic"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/seal"
)

func TestTakeGrantsTheDeskAndRecovery(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	w := o.Workstation(o.Nino, nil)
	journal, err := w.Take(ctx, s.Deposit)
	if err != nil {
		t.Fatal(err)
	}
	c := find(t, w, s.Deposit)
	if c.ID != journal || c.State != review.Triage || c.Holder != o.Nino.ID() || c.Arrived != vault.DayOf(reviewtest.Start) {
		t.Errorf("after taking: %+v", c)
	}
	if want := o.Nino.ID() + " " + o.Ana.ID() + " recovery"; strings.Join(c.Granted, " ") != want {
		t.Errorf("granted to %v, want %s", c.Granted, want)
	}
	if again, err := w.Take(ctx, s.Deposit); err != nil || again != journal {
		t.Errorf("taking one's own case again: %v", err)
	}
	ana := o.Workstation(o.Ana, nil)
	if c := find(t, ana, s.Deposit); c.Holder != o.Nino.ID() || !c.Readable || c.Report.Answers.Story != s.Report.Answers.Story {
		t.Errorf("a colleague sees %+v", c)
	}
	var taken *review.TakenError
	if at, err := ana.Take(ctx, s.Deposit); !errors.As(err, &taken) || taken.By != "Advocate Nino" || at != journal {
		t.Errorf("taking a colleague's case: %v", err)
	}
	if luka := o.Workstation(o.Luka, nil); len(luka.View().Cases) != 0 {
		t.Error("another desk sees the case")
	}
}

func TestTakeLeavesOutWhomThePersonLeftOut(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Write("street", nil)
	b, err := s.Report.Encode()
	if err != nil {
		t.Fatal(err)
	}
	b = bytes.Replace(b, []byte(`"v":1`), []byte(`"v":1,"without":["`+o.Ana.ID()+`"]`), 1)
	sealed, err := seal.SealReport(b, []string{o.Recovery.Recipient(), o.Nino.Key.Intake[0].Identity.Recipient()}, 8)
	if err != nil {
		t.Fatal(err)
	}
	id, _ := o.Deposit("street", sealed)
	w := o.Workstation(o.Nino, nil)
	if _, err := w.Take(ctx, id); err != nil {
		t.Fatal(err)
	}
	if c := find(t, w, id); strings.Contains(strings.Join(c.Granted, " "), o.Ana.ID()) {
		t.Error("the case's key went to someone whom the person left out")
	}
	if ana := o.Workstation(o.Ana, nil); len(ana.View().Cases) != 0 {
		t.Error("someone whom the person left out sees the case")
	}
}

func TestCaseLife(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", func(r *seal.Report) { r.Answers.Affected.Age = "15-17" })
	w := o.Workstation(o.Nino, nil)
	do := func(ch review.Change) error { t.Helper(); return w.SetState(ctx, s.Deposit, ch) }
	refused := func(ch review.Change, part string) {
		t.Helper()
		if err := do(ch); !errors.Is(err, review.ErrNotLegal) || !strings.Contains(err.Error(), part) {
			t.Errorf("%+v: %v, want a refusal with %q", ch, err, part)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	refused(review.Change{To: review.InReview}, "take the case first")
	_, err := w.Take(ctx, s.Deposit)
	must(err)
	refused(review.Change{To: review.InReview}, "safeguarding")
	must(w.AddNote(ctx, s.Deposit, review.Note{Text: "PRACTICE: guardian told", Safeguarding: true}))
	refused(review.Change{To: review.Monitoring}, "can't go")
	must(do(review.Change{To: review.InReview}))
	refused(review.Change{To: review.NotVerified, Reason: "PRACTICE"}, "can't go") // nobody does that alone
	refused(review.Change{To: review.Verified}, "rests on")
	refused(review.Change{To: review.Closed}, "closing reasons")
	refused(review.Change{To: review.Closed, Close: "made-up"}, "closing reasons")
	refused(review.Change{To: review.Action, Close: "resolved"}, "only closing")
	must(do(review.Change{To: review.Verified, Verification: "documented"}))
	refused(review.Change{To: review.Closed, Close: "resolved"}, "code the case first")
	o.CodeCase(w, s.Deposit, "extortion")
	must(do(review.Change{To: review.Closed, Close: "resolved", Reason: "PRACTICE: fine returned"}))
	if c := find(t, w, s.Deposit); c.State != review.Closed || c.Close != "resolved" || c.Verification != "documented" || c.Open() {
		t.Errorf("closed case: %+v", c)
	}
	refused(review.Change{To: review.Reopened}, "reason")
	if err := w.AddNote(ctx, s.Deposit, review.Note{Text: " \n"}); !errors.Is(err, review.ErrNotLegal) {
		t.Errorf("empty note: %v", err)
	}
	must(w.HandOver(ctx, s.Deposit, o.Ana.ID(), "PRACTICE leave", "PRACTICE nothing"))
	if err := w.HandOver(ctx, s.Deposit, o.Luka.ID(), "PRACTICE", "PRACTICE"); !errors.Is(err, review.ErrNotLegal) {
		t.Errorf("giving it to someone without the key: %v", err)
	}
	s.Say(seal.Message{Text: "PRACTICE: it happened again"})
	ana := o.Workstation(o.Ana, nil)
	if c := find(t, ana, s.Deposit); !c.Waits() || c.State != review.Closed || c.Holder != o.Ana.ID() {
		t.Errorf("a message to a closed case: %+v", c)
	}
	must(ana.Join(ctx, s.Deposit))
	sync(t, w)
	if c := find(t, w, s.Deposit); c.State != review.Reopened || len(c.FollowUps) != 1 || !c.FollowUps[0].Joined || len(c.Problems) != 0 {
		t.Errorf("after the message joined: %+v", c)
	}
}

func TestClosingDoesNotBuryANewMessage(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	w := o.Workstation(o.Nino, nil)
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	o.CodeCase(w, s.Deposit, "extortion")
	s.Say(seal.Message{Text: "PRACTICE: wait"})
	ch := review.Change{To: review.Closed, Close: "resolved"}
	if err := w.SetState(ctx, s.Deposit, ch); !errors.Is(err, review.ErrNotLegal) || !strings.Contains(err.Error(), "new message") {
		t.Fatalf("closing over an unread message: %v", err)
	}
	if c := find(t, w, s.Deposit); c.State != review.Triage || len(c.FollowUps) != 1 || !c.FollowUps[0].Joined {
		t.Errorf("the message is not in the case: %+v", c)
	}
	if err := w.SetState(ctx, s.Deposit, ch); err != nil {
		t.Errorf("closing after it was read: %v", err)
	}
}

// attack 26: two advocates open, take and change the same case at once: one
// case, no entry lost.
func TestAttack26BothAtOnce(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	nino, ana := o.Workstation(o.Nino, nil), o.Workstation(o.Ana, nil)
	both := func(do func(w *review.Workstation, name string) error) (failed []error) {
		t.Helper()
		var wg stdsync.WaitGroup
		errs := make([]error, 2)
		for i, w := range []*review.Workstation{nino, ana} {
			wg.Go(func() { errs[i] = do(w, []string{"nino", "ana"}[i]) })
		}
		wg.Wait()
		for _, err := range errs {
			if err != nil {
				failed = append(failed, err)
			}
		}
		return failed
	}
	lost := both(func(w *review.Workstation, _ string) error { _, err := w.Take(ctx, s.Deposit); return err })
	var taken *review.TakenError
	if len(lost) != 1 || !errors.As(lost[0], &taken) || taken.By == "" {
		t.Fatalf("one must take it and the other be told by whom: %v", lost)
	}
	const each = 3
	if lost = both(func(w *review.Workstation, name string) error {
		for n := range each {
			if err := w.AddNote(ctx, s.Deposit, review.Note{Text: name + " " + string(rune('a'+n))}); err != nil {
				return err
			}
		}
		return nil
	}); len(lost) != 0 {
		t.Fatalf("notes at once: %v", lost)
	}
	if lost = both(func(w *review.Workstation, _ string) error {
		return w.SetState(ctx, s.Deposit, review.Change{To: review.Closed, Close: "lost-contact"})
	}); len(lost) != 1 || !errors.Is(lost[0], review.ErrNotLegal) {
		t.Fatalf("closing at once must work for one: %v", lost)
	}
	for _, w := range []*review.Workstation{nino, ana} {
		sync(t, w)
		c := only(t, w)
		notes := map[string]int{}
		for _, e := range c.Entries {
			if e.Kind == "note" {
				notes[e.Note.Text]++
			}
		}
		if len(notes) != 2*each || len(c.Entries) != 1+2*each+1 || c.State != review.Closed || len(c.Problems) != 0 {
			t.Errorf("entries %d, notes %v, state %s, problems %v", len(c.Entries), notes, c.State, c.Problems)
		}
		for text, n := range notes {
			if n != 1 {
				t.Errorf("note %q is there %d times", text, n)
			}
		}
	}
}

// swallow loses answers to appends after the server gave them.
type swallow struct {
	mu    stdsync.Mutex
	left  int
	sent  [][]byte
	inner http.RoundTripper
}

func (s *swallow) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/append") {
		return s.inner.RoundTrip(r)
	}
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	resp, err := s.inner.RoundTrip(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, b)
	if s.left > 0 && err == nil {
		s.left--
		resp.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return resp, err
}

// attack 26, second half: a lost answer, asked for again, gives nothing twice.
func TestAttack26LostAnswer(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	lossy := &swallow{inner: http.DefaultTransport}
	w := o.Workstation(o.Nino, &http.Client{Transport: lossy, Timeout: 10 * time.Second})

	lossy.left = 2
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatalf("taking with two lost answers: %v", err)
	}
	if len(lossy.sent) != 3 || !bytes.Equal(lossy.sent[0], lossy.sent[1]) || !bytes.Equal(lossy.sent[1], lossy.sent[2]) {
		t.Fatalf("%d sendings, not of the same bytes", len(lossy.sent))
	}
	lossy.left = 100 // every answer is lost until told otherwise
	note := review.Note{Text: "PRACTICE: called the station"}
	if err := w.AddNote(ctx, s.Deposit, note); !errors.Is(err, review.ErrUnsure) {
		t.Fatalf("with no answer at all: %v", err)
	}
	lossy.mu.Lock()
	lossy.left = 0
	lossy.mu.Unlock()
	if err := w.AddNote(ctx, s.Deposit, note); err != nil {
		t.Fatalf("doing it again: %v", err)
	}
	sync(t, w)
	c := only(t, w)
	if len(c.Entries) != 2 || c.Entries[1].Note.Text != note.Text {
		t.Errorf("entries: %+v", c.Entries)
	}
	if err := w.AddNote(ctx, s.Deposit, note); err != nil {
		t.Fatal(err)
	}
	if c = only(t, w); len(c.Entries) != 3 {
		t.Errorf("the same words on purpose a second time: %d entries, want 3", len(c.Entries))
	}
}

func TestNewColleagueGetsTheKeyWithTheNextEntry(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	w := o.Workstation(o.Nino, nil)
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	luka := o.Workstation(o.Luka, nil)
	o.Next(func(r *rosterT) {
		r.Desks = append([]deskT(nil), r.Desks...)
		r.Desks[0].People = []string{o.Nino.ID(), o.Ana.ID(), o.Luka.ID()}
	})
	sync(t, luka)
	if len(luka.View().Cases) != 0 {
		t.Fatal("a case is shown before its key was given")
	}
	if err := w.AddNote(ctx, s.Deposit, review.Note{Text: "PRACTICE"}); err != nil {
		t.Fatal(err)
	}
	sync(t, luka)
	if c := only(t, luka); len(c.Entries) != 2 || c.Report.ID != s.Report.ID || len(c.Problems) != 0 {
		t.Errorf("a new colleague sees %+v", c)
	}
	if err := luka.AddNote(ctx, s.Deposit, review.Note{Text: "PRACTICE too"}); err != nil {
		t.Fatal(err)
	}
	sync(t, w)
	if c := only(t, w); len(c.Entries) != 3 || c.Entries[2].Author != o.Luka.ID() || len(c.Problems) != 0 {
		t.Errorf("her entry as others see it: %+v %v", c.Entries, c.Problems)
	}
}

func TestOffline(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	dir := t.TempDir()
	open := func(online bool) *review.Workstation {
		t.Helper()
		cfg := review.Config{Dir: dir, Key: o.Nino.Key, Clock: o.Clock.Now}
		if online {
			cfg.Client = o.Client(o.Nino, nil)
		}
		w, err := review.Open(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := open(true)
	sync(t, w)
	if _, err := review.Open(ctx, review.Config{Dir: dir, Key: o.Nino.Key}); !errors.Is(err, vault.ErrLocked) {
		t.Errorf("the folder twice at once: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	w = open(false)
	defer w.Close()
	if c := only(t, w); c.Report.Answers.Story != s.Report.Answers.Story {
		t.Error("offline, the report can't be read")
	}
	if w.View().Synced.IsZero() {
		t.Error("the time of the last sync is forgotten")
	}
	if err := w.Sync(ctx, nil); !errors.Is(err, review.ErrOffline) {
		t.Errorf("syncing offline: %v", err)
	}
	if _, err := w.Take(ctx, s.Deposit); !errors.Is(err, review.ErrOffline) {
		t.Errorf("taking offline: %v", err)
	}
}

// dying is a context that ends when it has been asked a number of times.
type dying struct {
	context.Context
	left atomic.Int64
	end  context.CancelFunc
}

func (d *dying) Done() <-chan struct{} {
	if d.left.Add(-1) <= 0 {
		d.end()
	}
	return d.Context.Done()
}

func (d *dying) Err() error {
	if d.left.Add(-1) <= 0 {
		d.end()
	}
	return d.Context.Err()
}

// A sync that is given up, at whatever moment, loses nothing: the next one has
// every entry.
func TestSyncGivenUpLosesNothing(t *testing.T) {
	h := take(t)
	ana := h.org.Workstation(h.org.Ana, nil)
	for at := range int64(40) {
		if err := h.work.AddNote(ctx, h.journal, review.Note{Text: "PRACTICE"}); err != nil {
			t.Fatal(err)
		}
		inner, end := context.WithCancel(ctx)
		d := &dying{Context: inner, end: end}
		d.left.Store(at + 1)
		_ = ana.Sync(d, nil) // given up, or through
		end()
		sync(t, ana)
		if c := only(t, ana); len(c.Entries) != int(at)+2 || len(c.Problems) != 0 {
			t.Fatalf("given up at %d: %d entries of %d, %v", at, len(c.Entries), at+2, c.Problems)
		}
	}
}
