package review_test

import (
	"errors"
	"net/http"
	"strings"
	stdsync "sync"
	"testing"
	"time"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// inbox is what the person's phone makes of the server's bucket.
func inbox(t *testing.T, s *reviewtest.Sent, o *reviewtest.Org, prefix string) seal.Replies {
	t.Helper()
	slots, err := o.Store.Bucket(ctx, prefix)
	if err != nil {
		t.Fatal(err)
	}
	who := seal.Answerers(o.Roster, func(string) bool { return false })
	return seal.ReadReplies(slots, s.Receipt.ThreadID(), s.Receipt.ReplyIdentity(), who)
}

func said(r seal.Replies) string {
	var out []string
	for _, m := range r.Said {
		out = append(out, m.Text)
	}
	return strings.Join(out, " | ")
}

// TestAnswer goes there and back: the desk answers, the person reads with her
// receipt and answers with nothing else, which joins her case.
func TestAnswer(t *testing.T) {
	o := reviewtest.New(t)
	o.Next(func(r *roster.Roster) { r.Policy.BucketBits = 5 })
	s, other := o.Send("street", nil), o.Send("street", nil)
	nino, ana := o.Workstation(o.Nino, nil), o.Workstation(o.Ana, nil)
	if err := nino.Answer(ctx, s.Deposit, "PRACTICE", 0); !errors.Is(err, review.ErrNotLegal) || !strings.Contains(err.Error(), "take the case first") {
		t.Fatalf("answering before taking: %v", err)
	}
	for _, x := range []*reviewtest.Sent{s, other} {
		if _, err := nino.Take(ctx, x.Deposit); err != nil {
			t.Fatal(err)
		}
	}
	long := strings.TrimSpace(strings.Repeat("PRACTICE. အကြောင်းပြန်ပါမည်။ ", 120))
	for _, step := range []struct {
		w    *review.Workstation
		text string
	}{{nino, " We read your report. \n"}, {ana, long}, {nino, "The lawyer comes on Monday."}} {
		if err := step.w.Answer(ctx, s.Deposit, step.text, 0); err != nil {
			t.Fatal(err)
		}
	}
	bucket := s.Receipt.Bucket()
	prefix := ""
	for i := range 5 {
		prefix += string(rune('0' + bucket[0]>>(7-i)&1))
	}
	got := inbox(t, s, o, prefix)
	if said(got) != "We read your report. | "+long+" | The lawyer comes on Monday." || got.Unconfirmed != 0 || got.RunOut != 0 {
		t.Fatalf("the person reads %q, %d unconfirmed", said(got), got.Unconfirmed)
	}
	if got.Said[0].Day != "2026-11-23" || got.Said[1].Author != o.Ana.ID() || len(got.States) < 4 {
		t.Errorf("said: %+v", got.Said)
	}
	if theirs := inbox(t, other, o, ""); len(theirs.Said)+theirs.Unconfirmed != 0 {
		t.Errorf("another person reads %+v", theirs)
	}
	far := strings.NewReplacer("0", "1", "1", "0").Replace(prefix)
	if slots, err := o.Store.Bucket(ctx, far); err != nil || len(slots) != 0 {
		t.Errorf("%d slots in another bucket: %v", len(slots), err)
	}

	// Her words alone: no id of the report, no number.
	message, err := seal.NewFollowUp("street", seal.Message{ID: strings.Repeat("ab", 16), Text: "PRACTICE: thank you", Withdraw: []string{"count-me"}}, s.Receipt.ThreadKey())
	if err != nil {
		t.Fatal(err)
	}
	if err := nino.SetState(ctx, s.Deposit, review.Change{To: review.Closed, Close: "lost-contact"}); err != nil {
		t.Fatal(err)
	}
	o.Deposit("street", o.Seal("street", message))
	sync(t, nino)
	c := find(t, nino, s.Deposit)
	if may, why := c.MayCount(); !c.Waits() || may || why != "the person took it back" || !c.Withdrawn("count-me") {
		t.Errorf("before it joined: waits %v, counts %v %q", c.Waits(), may, why)
	}
	if err := nino.Answer(ctx, s.Deposit, "Good.", 0); !errors.Is(err, review.ErrNotLegal) || !strings.Contains(err.Error(), "read it, then") {
		t.Fatalf("answering past a new message: %v", err)
	}
	if c = find(t, nino, s.Deposit); c.State != review.Reopened || len(c.FollowUps) != 1 || c.FollowUps[0].Text != "PRACTICE: thank you" || len(c.Problems) != 0 {
		t.Fatalf("after it joined: %s %+v %v", c.State, c.FollowUps, c.Problems)
	}
	if err := nino.Answer(ctx, s.Deposit, "Good.", len(c.FollowUps)); err != nil {
		t.Fatal(err)
	}
	if got = inbox(t, s, o, prefix); !strings.HasSuffix(said(got), " | Good.") || got.Unconfirmed != 0 {
		t.Errorf("the person reads %q", said(got))
	}
	sync(t, ana)
	var written []string
	for _, e := range find(t, ana, s.Deposit).Entries {
		if e.Kind == "answer" {
			written = append(written, e.Answer.Text)
		}
	}
	if strings.Join(written, " | ") != said(got) {
		t.Errorf("the case says that the desk said %q", written)
	}
	entries := find(t, ana, s.Deposit).Entries
	if last, days := ana.View().Kept(entries[len(entries)-1]); days != 60 || last.Format(time.DateOnly) != "2027-01-22" {
		t.Errorf("kept %d days, until %s", days, last)
	}
}

// A message whose sender knows no number comes after those that are numbered.
func TestMessagesWithoutNumbers(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	for _, m := range []seal.Message{{Text: "third"}, {Text: "fourth"}, {Seq: 2, Text: "second"}, {Seq: 1, Text: "first"}} {
		id, err := seal.NewReportID()
		if err != nil {
			t.Fatal(err)
		}
		m.ID = id
		b, err := seal.NewFollowUp("street", m, s.Receipt.ThreadKey())
		if err != nil {
			t.Fatal(err)
		}
		o.Deposit("street", o.Seal("street", b))
	}
	var got []string
	for _, u := range only(t, o.Workstation(o.Nino, nil)).FollowUps {
		got = append(got, u.Text)
	}
	if strings.Join(got, " ") != "first second third fourth" {
		t.Errorf("order: %v", got)
	}
}

func TestAnswerRefused(t *testing.T) {
	o := reviewtest.New(t)
	w := o.Workstation(o.Nino, nil)
	refused := func(id vault.ID, text, part string) {
		t.Helper()
		before, err := o.Store.FeedHead(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Answer(ctx, id, text, 9); !errors.Is(err, review.ErrNotLegal) || !strings.Contains(err.Error(), part) {
			t.Errorf("%.20q: %v, want a refusal with %q", text, err, part)
		}
		if after, err := o.Store.FeedHead(ctx); err != nil || after != before {
			t.Errorf("%.20q: something was written", text)
		}
	}
	taken := func(id vault.ID) vault.ID {
		t.Helper()
		if _, err := w.Take(ctx, id); err != nil {
			t.Fatal(err)
		}
		return id
	}
	s := o.Send("street", nil)
	taken(s.Deposit)
	refused(s.Deposit, " \n ", "empty")
	refused(s.Deposit, "a\xff", "not text")
	refused(s.Deposit, strings.Repeat("a", 17_000), "too long")
	refused(taken(o.ByHand("street", sealByHand(t, "PRACTICE", o.Nino.Key.Intake[0].Identity.Recipient()))), "Hello.", "by hand")
	refused(taken(o.Write("street", nil).Say(seal.Message{Text: "stray"})), "Hello.", "not here")
	if got := inbox(t, s, o, ""); len(got.States) != 0 {
		t.Errorf("%d slots were left", len(got.States))
	}
}

// Two advocates answer at the same moment: the slower one's answer is sealed
// again for the place that is left, and the person can confirm both.
func TestAnswersAtOnce(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	nino, ana := o.Workstation(o.Nino, nil), o.Workstation(o.Ana, nil)
	if _, err := nino.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	const each = 3
	var wg stdsync.WaitGroup
	errs := make([]error, 2)
	for i, w := range []*review.Workstation{nino, ana} {
		wg.Go(func() {
			for n := range each {
				errs[i] = errors.Join(errs[i], w.Answer(ctx, s.Deposit, "PRACTICE "+[]string{"nino", "ana"}[i]+string(rune('a'+n)), 0))
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if got := inbox(t, s, o, ""); len(got.Said) != 2*each || got.Unconfirmed != 0 {
		t.Errorf("%d answers, %d unconfirmed", len(got.Said), got.Unconfirmed)
	}
}

// attack 26, of an answer: the server's word is lost, the person gets it once.
func TestAttack26AnswerLostAcknowledgement(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	lossy := &swallow{inner: http.DefaultTransport}
	w := o.Workstation(o.Nino, &http.Client{Transport: lossy, Timeout: 10 * time.Second})
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	lossy.left = 100
	if err := w.Answer(ctx, s.Deposit, "PRACTICE: once", 0); !errors.Is(err, review.ErrUnsure) {
		t.Fatalf("with no answer at all: %v", err)
	}
	lossy.mu.Lock()
	lossy.left = 0
	lossy.mu.Unlock()
	if err := w.Answer(ctx, s.Deposit, "PRACTICE: once", 0); err != nil {
		t.Fatal(err)
	}
	if got := inbox(t, s, o, ""); said(got) != "PRACTICE: once" || got.Unconfirmed != 0 {
		t.Errorf("the person reads %q, %d unconfirmed", said(got), got.Unconfirmed)
	}
}
