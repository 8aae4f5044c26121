package review_test

import (
	"encoding/json"
	"strings"
	"testing"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// attack 16: the server, who learned from somebody where to seal to, leaves
// answers of its own in the person's bucket.
func TestAttack16ForgedAnswer(t *testing.T) {
	o := reviewtest.New(t)
	s := o.Send("street", nil)
	w := o.Workstation(o.Nino, nil)
	if _, err := w.Take(ctx, s.Deposit); err != nil {
		t.Fatal(err)
	}
	if err := w.Answer(ctx, s.Deposit, "PRACTICE: genuine", 0); err != nil {
		t.Fatal(err)
	}
	slots, err := o.Store.Bucket(ctx, "")
	if err != nil {
		t.Fatal(err)
	}
	forge := func(change func(*seal.Reply), by *reviewtest.Person) {
		t.Helper()
		r := seal.Reply{Thread: s.Receipt.ThreadID(), Desk: "street", N: 1, Former: vault.Sum(slots[0]).String(), Author: o.Nino.ID(), Roster: 1, Day: "2026-11-23", Text: "FORGED"}
		change(&r)
		made, err := seal.SealReply(r, s.Report.Thread.Reply, by.Key.Signing)
		if err != nil {
			t.Fatal(err)
		}
		slots = append(slots, made...)
	}
	forge(func(*seal.Reply) {}, o.Luka)                                               // in Nino's name
	forge(func(r *seal.Reply) { r.Author = "p-00000000000000ff" }, o.Luka)            // in nobody's
	forge(func(r *seal.Reply) { r.Author = o.Mari.ID() }, o.Mari)                     // a keeper's
	forge(func(r *seal.Reply) { r.Thread = strings.Repeat("0", 32) }, o.Nino)         // said to another
	forge(func(r *seal.Reply) { r.N, r.Former = 0, "" }, o.Nino)                      // instead of the first
	forge(func(r *seal.Reply) { r.N, r.Former = 2, strings.Repeat("0", 64) }, o.Nino) // after something hidden
	got := seal.ReadReplies(slots, s.Receipt.ThreadID(), s.Receipt.ReplyIdentity(), seal.Answerers(o.Roster, func(string) bool { return false }))
	if said(got) != "PRACTICE: genuine" || got.Unconfirmed != 6 {
		t.Errorf("the person reads %q, %d unconfirmed", said(got), got.Unconfirmed)
	}
	out := seal.ReadReplies(slots[:1], s.Receipt.ThreadID(), s.Receipt.ReplyIdentity(), seal.Answerers(o.Roster, func(p string) bool { return p == o.Nino.ID() }))
	if len(out.Said) != 0 || out.Unconfirmed != 1 {
		t.Errorf("of one who was shut out the person reads %q", said(out))
	}
}

// What a colleague leaves for the person without writing it into the case, or
// not as it was left, is not taken for an answer of the desk.
func TestAnswerThatTheCaseDoesNotSay(t *testing.T) {
	answer := func(t *testing.T, change func(h *held, b *seal.EntryBody, a *vault.Append, data *review.Answer)) (*review.Case, *held) {
		t.Helper()
		h := take(t)
		c := find(t, h.work, h.journal)
		slots, err := seal.SealReply(seal.Reply{Thread: c.Report.Thread.ID, Desk: "street", Author: h.org.Ana.ID(), Roster: 1, Day: "2026-11-23", Text: "PRACTICE"}, c.Report.Thread.Reply, h.org.Ana.Key.Signing)
		if err != nil {
			t.Fatal(err)
		}
		h.put(t, h.org.Ana, h.note(t, h.org.Ana, h.org.Ana, func(b *seal.EntryBody, a *vault.Append) {
			a.Replies = []vault.Reply{{Slot: slots[0]}}
			data := review.Answer{Text: "PRACTICE", Slots: []string{vault.Sum(slots[0]).String()}}
			b.Kind = "answer"
			change(h, b, a, &data)
			b.Effects = a.Effects().String()
			if b.Kind == "answer" {
				if b.Data, err = json.Marshal(data); err != nil {
					t.Fatal(err)
				}
			}
		}))
		sync(t, h.work)
		return find(t, h.work, h.journal), h
	}
	if c, _ := answer(t, func(*held, *seal.EntryBody, *vault.Append, *review.Answer) {}); len(c.Problems) != 0 || len(c.Entries) != 2 || c.Entries[1].Answer.Text != "PRACTICE" {
		t.Fatalf("a good one: %+v", c.Problems)
	}
	for name, x := range map[string]struct {
		change func(h *held, b *seal.EntryBody, a *vault.Append, data *review.Answer)
		part   string
		alarm  bool
	}{
		"with a note": {func(_ *held, b *seal.EntryBody, _ *vault.Append, _ *review.Answer) { b.Kind = "note" }, "does not say", true},
		"other slots": {func(_ *held, _ *seal.EntryBody, _ *vault.Append, d *review.Answer) {
			d.Slots = []string{strings.Repeat("0", 64)}
		}, "not shown", true},
		"no slots":    {func(_ *held, _ *seal.EntryBody, a *vault.Append, d *review.Answer) { a.Replies, d.Slots = nil, nil }, "not shown", true},
		"no words":    {func(_ *held, _ *seal.EntryBody, _ *vault.Append, d *review.Answer) { d.Text = " " }, "not shown", true},
		"wrong place": {func(_ *held, _ *seal.EntryBody, _ *vault.Append, d *review.Answer) { d.N = 7 }, "does not follow", false},
		"wrong box": {func(h *held, _ *seal.EntryBody, a *vault.Append, _ *review.Answer) {
			c, err := h.work.View().Case(h.journal)
			if err != nil {
				t.Fatal(err)
			}
			a.Replies[0].Prefix = "0"
			if c.Report.Thread.Bucket[0] < '8' {
				a.Replies[0].Prefix = "1"
			}
		}, "another box", false},
	} {
		t.Run(name, func(t *testing.T) {
			c, h := answer(t, x.change)
			if len(c.Problems) != 1 || c.Problems[0].Alarm != x.alarm || !strings.Contains(c.Problems[0].Text, x.part) {
				t.Errorf("problems: %+v", c.Problems)
			}
			if err := h.work.Answer(ctx, h.journal, "PRACTICE: after", 0); err != nil {
				t.Fatal(err)
			}
			c = find(t, h.work, h.journal)
			if e := c.Entries[len(c.Entries)-1]; e.Answer.Text != "PRACTICE: after" || e.Answer.N != 0 {
				t.Errorf("the next answer: %+v", e)
			}
		})
	}
}
