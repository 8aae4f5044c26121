package review_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/seal"
)

var ctx = context.Background()

// only returns the one case that a workstation shows.
func only(t *testing.T, w *review.Workstation) *review.Case {
	t.Helper()
	cases := w.View().Cases
	if len(cases) != 1 {
		t.Fatalf("%d cases, want 1", len(cases))
	}
	return cases[0]
}

func sync(t *testing.T, w *review.Workstation) {
	t.Helper()
	if err := w.Sync(ctx, nil); err != nil {
		t.Fatalf("syncing: %v", err)
	}
}

func find(t *testing.T, w *review.Workstation, id vault.ID) *review.Case {
	t.Helper()
	c, err := w.View().Case(id)
	if err != nil {
		t.Fatalf("finding case: %v", err)
	}
	return c
}

func hasFlag(c *review.Case, f review.Flag) bool {
	for _, x := range c.Flags {
		if x == f {
			return true
		}
	}
	return false
}

func TestOpeningClaimsNothing(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	head, err := o.Store.FeedHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []*reviewtest.Person{o.Nino, o.Ana} {
		c := only(t, o.Workstation(p, nil))
		if c.ID != s.Deposit || c.State != review.New || !c.Journal.IsZero() || c.Report.Answers.Story != s.Report.Answers.Story {
			t.Errorf("%s sees %+v", p.Key.Name, c)
		}
	}
	after, err := o.Store.FeedHead(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if after != head {
		t.Error("looking at a report wrote something")
	}
	if w := o.Workstation(o.Luka, nil); len(w.View().Cases) != 0 || len(w.View().Quarantine) != 0 {
		t.Error("someone of another desk sees the report")
	}
}

func TestUrgentFirst(t *testing.T) {
	o := reviewtest.New(t)
	for _, u := range []string{"not-urgent", "deadline-soon", "danger-now", "in-custody-now"} {
		o.Send("street", func(r *seal.Report) { r.Answers.Urgency = u })
	}
	var got []string
	for _, c := range o.Workstation(o.Nino, nil).View().Cases {
		got = append(got, c.Urgency)
	}
	if want := "danger-now in-custody-now deadline-soon not-urgent"; strings.Join(got, " ") != want {
		t.Errorf("order %v, want %s", got, want)
	}
}

func TestRepeatsAreOneCase(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	b, err := s.Report.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, _ := o.Deposit("street", o.Seal("street", b)) // the server, or a phone, sends it re-wrapped
	w := o.Workstation(o.Nino, nil)
	c := only(t, w)
	if c.ID != s.Deposit || !hasFlag(c, review.FlagRepeated) || find(t, w, again) != c {
		t.Errorf("repeat not merged: %+v", c)
	}
	journal, err := w.Take(ctx, again)
	if err != nil {
		t.Fatal(err)
	}
	late, _ := o.Deposit("street", o.Seal("street", b))
	sync(t, w)
	if c = only(t, w); c.ID != journal || len(c.Waiting) != 1 {
		t.Errorf("late repeat not shown as waiting: %+v", c)
	}
	if err := w.AddNote(ctx, journal, review.Note{Text: "PRACTICE"}); err != nil {
		t.Fatal(err)
	}
	if c = find(t, w, late); c.ID != journal || len(c.Waiting) != 0 || c.Entries[1].Kind != "join" || c.Entries[2].Kind != "note" {
		t.Errorf("late repeat did not join: %+v", c.Entries)
	}
}

// attack 4: a malformed stanza, a bad padding, deep nesting: each is
// quarantined with a reason, and the rest goes on.
func TestAttack04QuarantineGoesOn(t *testing.T) {
	o := reviewtest.New(t)
	before := o.Send("street", nil)

	// X25519 half of one stanza set to the point zero: no key unwraps it.
	stanza := bytes.Clone(o.Write("street", nil).Sealed)
	at := bytes.Index(stanza, []byte("mlkem768x25519 ")) + len("mlkem768x25519 ")
	argument, err := base64.RawStdEncoding.DecodeString(string(stanza[at : at+1494]))
	if err != nil {
		t.Fatal(err)
	}
	clear(argument[len(argument)-32:])
	base64.RawStdEncoding.Encode(stanza[at:], argument)
	bad, _ := o.Deposit("street", stanza)

	cut := o.Write("street", nil).Sealed
	flipped := bytes.Clone(cut)
	flipped[len(flipped)-1] ^= 1
	damaged, _ := o.Deposit("street", flipped)

	deep := `{"v":1,"kind":"report","report":"00000000000000000000000000000000","x":` + strings.Repeat("[", 1e5) + strings.Repeat("]", 1e5) + "}"
	nested, _ := o.Deposit("street", o.Seal("street", []byte(deep)))
	noJSON, _ := o.Deposit("street", o.Seal("street", []byte("PRACTICE \x00\xff")))
	after := o.Send("street", nil)

	w := o.Workstation(o.Nino, nil)
	if n := len(w.View().Cases); n != 2 {
		t.Fatalf("%d cases, want the 2 good ones", n)
	}
	find(t, w, before.Deposit)
	find(t, w, after.Deposit)
	reasons := map[vault.ID]string{}
	for _, q := range w.View().Quarantine {
		reasons[q.ID] = q.Reason
	}
	for id, want := range map[vault.ID]string{bad: "seals is malformed", damaged: "altered", nested: "not a report", noJSON: "not a report"} {
		if !strings.Contains(reasons[id], want) {
			t.Errorf("quarantine says %q, want something with %q", reasons[id], want)
		}
	}
	if len(reasons) != 4 {
		t.Errorf("%d in quarantine, want 4", len(reasons))
	}
}

// attack 12: a report that the server files under another desk is not shown there.
func TestAttack12RefiledUnderAnotherDesk(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Write("custody", nil)
	id, _ := o.Deposit("street", s.Sealed)
	w := o.Workstation(o.Ana, nil) // at both desks, so her key opens it
	if len(w.View().Cases) != 0 {
		t.Fatal("a report written to another desk is shown as a case")
	}
	q := w.View().Quarantine
	if len(q) != 1 || q[0].ID != id || !q[0].Alarm {
		t.Errorf("quarantine: %+v", q)
	}
}

// attack 14: sealed to somebody since removed: accepted, opened, flagged.
func TestAttack14SealedToOlderRoster(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Write("street", nil)
	expired := o.Write("street", func(r *seal.Report) { r.Flags = []string{"expired-roster", "unfinished"} })
	o.Next(func(r *rosterT) {
		r.Desks = append([]deskT(nil), r.Desks...)
		r.Desks[0].People = []string{o.Ana.ID()}
	})
	late, _ := o.Deposit("street", s.Sealed)
	old, _ := o.Deposit("street", expired.Sealed)
	w := o.Workstation(o.Ana, nil)
	if c := find(t, w, late); !hasFlag(c, review.FlagLate) || hasFlag(c, review.FlagExpiredRoster) {
		t.Errorf("flags of a late report: %v", c.Flags)
	}
	if c := find(t, w, old); !hasFlag(c, review.FlagExpiredRoster) || !hasFlag(c, review.FlagUnfinished) {
		t.Errorf("flags of one sealed with an expired roster: %v", c.Flags)
	}
	if _, err := w.Take(ctx, late); err != nil {
		t.Fatal(err)
	}
	if c := find(t, w, late); !hasFlag(c, review.FlagLate) || c.State != review.Triage {
		t.Errorf("after taking: %v %s", c.Flags, c.State)
	}
	nino := o.Workstation(o.Nino, nil)
	if c := find(t, nino, late); c.Readable {
		t.Error("someone who left the desk holds a case that was taken after")
	}
}

// attack 16: a follow-up that the sender's thread key did not sign is shown as failed.
func TestAttack16ForgedFollowUp(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	other, err := seal.NewReceipt()
	if err != nil {
		t.Fatal(err)
	}
	forged, err := seal.NewFollowUp("street", seal.Message{ID: s.Report.ID, Of: s.Report.ID, Seq: 1, Text: "forged"}, other.ThreadKey())
	if err != nil {
		t.Fatal(err)
	}
	forged = bytes.Replace(forged, []byte(other.ThreadID()), []byte(s.Report.Thread.ID), 1)
	bad, _ := o.Deposit("street", o.Seal("street", forged))
	s.Say(seal.Message{Text: "genuine", Withdraw: []string{"count-me"}})
	strayed := o.Write("street", nil)
	stray := strayed.Say(seal.Message{Text: "my report never came"})

	w := o.Workstation(o.Nino, nil)
	c := find(t, w, s.Deposit)
	if len(c.FollowUps) != 1 || c.FollowUps[0].Text != "genuine" || c.FollowUps[0].Withdraw[0] != "count-me" {
		t.Errorf("messages: %+v", c.FollowUps)
	}
	if len(c.Problems) != 1 || !c.Problems[0].Alarm {
		t.Errorf("problems: %+v", c.Problems)
	}
	if q := w.View().Quarantine; len(q) != 1 || q[0].ID != bad {
		t.Errorf("quarantine: %+v", q)
	}
	x := find(t, w, stray)
	if x.Origin != review.Stray || x.FollowUps[0].Text != "my report never came" {
		t.Errorf("stray message: %+v", x)
	}
	journal, err := w.Take(ctx, stray)
	if err != nil {
		t.Fatal(err)
	}
	ana := o.Workstation(o.Ana, nil)
	if x = find(t, ana, journal); x.Origin != review.Stray || len(x.FollowUps) != 1 || x.FollowUps[0].Text != "my report never came" {
		t.Errorf("stray case as a colleague sees it: %+v", x)
	}
}

func TestByHand(t *testing.T) {
	o := reviewtest.New(t)
	sealed := sealByHand(t, "PRACTICE. Written by hand.\n", o.Nino.Key.Intake[0].Identity.Recipient())
	id := o.ByHand("street", sealed)
	w := o.Workstation(o.Nino, nil)
	if c := find(t, w, id); c.Origin != review.ByHand || c.Text != "PRACTICE. Written by hand.\n" {
		t.Fatalf("by hand: %+v", c)
	}
	ana := o.Workstation(o.Ana, nil)
	if v := ana.View(); len(v.Cases) != 0 || len(v.Quarantine) != 0 || v.Others != 1 {
		t.Errorf("one not sealed to her: %d cases, %d in quarantine, %d to others", len(v.Cases), len(v.Quarantine), v.Others)
	}
	journal, err := w.Take(ctx, id)
	if err != nil {
		t.Fatal(err)
	}
	sync(t, ana)
	if c := find(t, ana, journal); c.Origin != review.ByHand || c.Text != "PRACTICE. Written by hand.\n" {
		t.Errorf("by hand, after a colleague took it: %+v", c)
	}
}

func TestAttachment(t *testing.T) {
	o := reviewtest.New(t)
	content := bytes.Repeat([]byte("PRACTICE picture "), 1<<17) // three blobs
	var blobs [][]byte
	s := o.Send("street", func(r *seal.Report) { blobs = reviewtest.Attach(o, r, "image/jpeg", content) })
	w := o.Workstation(o.Nino, nil)
	status := func() review.Attachment { t.Helper(); return find(t, w, s.Deposit).Attachments[0] }
	if a := status(); a.Status != review.Announced {
		t.Errorf("before anything came: %s", a.Status)
	}
	if _, _, err := w.Attachment(ctx, s.Deposit, 0); !errors.Is(err, review.ErrNotComplete) {
		t.Errorf("opening what has not come: %v", err)
	}
	names := s.Deliver(blobs[:1])
	for _, b := range blobs[1:] {
		names = append(names, vault.Sum(b).String())
	}
	s.Say(seal.Message{Attachments: []seal.BlobNames{{N: 0, Blobs: names}}})
	sync(t, w)
	if a := status(); a.Status != review.Arriving || a.Have != 1 || a.Parts != len(blobs) {
		t.Errorf("with one part: %+v", a)
	}
	s.Deliver(blobs[1:])
	sync(t, w)
	if a := status(); a.Status != review.Complete {
		t.Errorf("with all parts: %s", a.Status)
	}
	got, _, err := w.Attachment(ctx, s.Deposit, 0)
	if err != nil || !bytes.Equal(got, content) {
		t.Fatalf("opening: %v, %d bytes", err, len(got))
	}
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	ana := o.Workstation(o.Ana, nil)
	if got, _, err = ana.Attachment(ctx, s.Deposit, 0); err != nil || !bytes.Equal(got, content) {
		t.Errorf("a colleague opening it from the case: %v", err)
	}
}

// attack 5: parts in another order or cut do not become a file.
func TestAttack05AttachmentCut(t *testing.T) {
	o := reviewtest.New(t)
	content := bytes.Repeat([]byte("PRACTICE picture "), 1<<17)
	var blobs [][]byte
	s := o.Send("street", func(r *seal.Report) { blobs = reviewtest.Attach(o, r, "image/jpeg", content) })
	names := s.Deliver(blobs)
	s.Say(seal.Message{Attachments: []seal.BlobNames{{N: 0, Blobs: names[:len(names)-1]}}})
	w := o.Workstation(o.Nino, nil)
	b, _, err := w.Attachment(ctx, s.Deposit, 0)
	if err == nil || b != nil {
		t.Fatal("a file appeared from a cut list of parts")
	}
	if a := find(t, w, s.Deposit).Attachments[0]; a.Status != review.Failed {
		t.Errorf("status after failing: %s", a.Status)
	}
}

// A later message brings a file of its own: it is opened and checked as those
// of the report are, before the case is taken and after, by a colleague too.
func TestFileOfALaterMessage(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	file := func(text string) (seal.BlobNames, []byte) {
		content := bytes.Repeat([]byte(text), 1<<17)
		r := s.Report
		r.Attachments = nil
		names := s.Deliver(reviewtest.Attach(o, &r, "image/jpeg", content))
		return seal.BlobNames{N: 0, Blobs: names, New: &r.Attachments[0]}, content
	}
	first, a := file("PRACTICE first ")
	second, b := file("PRACTICE second ")
	s.Say(seal.Message{Attachments: []seal.BlobNames{first}})
	s.Say(seal.Message{Text: "PRACTICE", Attachments: []seal.BlobNames{second}})
	cut := second
	cut.Blobs = cut.Blobs[:len(cut.Blobs)-1]
	s.Say(seal.Message{Attachments: []seal.BlobNames{cut}})
	w := o.Workstation(o.Nino, nil)
	check := func(w *review.Workstation) {
		t.Helper()
		c := find(t, w, s.Deposit)
		if len(c.Attachments) != 3 {
			t.Fatalf("%d files", len(c.Attachments))
		}
		for i, want := range [][]byte{a, b} {
			if got, _, err := w.Attachment(ctx, s.Deposit, c.Attachments[i].N); err != nil || !bytes.Equal(got, want) {
				t.Errorf("file %d: %v, %d bytes", i, err, len(got))
			}
		}
		if got, _, err := w.Attachment(ctx, s.Deposit, c.Attachments[2].N); err == nil || got != nil {
			t.Error("a file appeared from a cut list of parts")
		}
		if got := find(t, w, s.Deposit).Attachments[2].Status; got != review.Failed {
			t.Errorf("the cut one is %s", got)
		}
	}
	check(w)
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	check(w)
	check(o.Workstation(o.Ana, nil))
	// One more, after it was taken.
	third, _ := file("PRACTICE third ")
	s.Say(seal.Message{Attachments: []seal.BlobNames{third}})
	sync(t, w)
	if n := len(find(t, w, s.Deposit).Attachments); n != 4 {
		t.Errorf("after one more message: %d files", n)
	}
}
