package review_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"peerwitness/review"
	"peerwitness/review/reviewtest"
	"peerwitness/vault"
	"peerwitness/vault/codebook"
	"peerwitness/vault/seal"
)

// A workstation folds only what an action or a message touches. After any
// history it must show what folding everything at once would show.
func TestFoldedAsItCameIsFoldedAtOnce(t *testing.T) {
	done, files, forged := 0, 0, 0
	for seed := range uint64(4) {
		h := &history{t: t, o: reviewtest.New(t), d: rand.New(rand.NewPCG(seed, 1))}
		h.works = []*review.Workstation{h.o.Workstation(h.o.Ana, nil), h.o.Workstation(h.o.Nino, nil), h.o.Workstation(h.o.Luka, nil), h.o.Workstation(h.o.Mari, nil)}
		if err := h.works[3].FoundFigures(context.Background()); err != nil {
			t.Fatal(err)
		}
		for step := range 90 {
			what := h.step()
			w := h.works[h.d.IntN(len(h.works))]
			if err := w.Sync(context.Background(), nil); err != nil {
				t.Fatal(err)
			}
			for i, w := range h.works {
				if err := review.FromNothing(w); err != nil {
					t.Fatalf("seed %d, step %d (%s), workstation %d: %v", seed, step, what, i, err)
				}
			}
		}
		done, files, forged = done+h.done, files+h.files, forged+h.forged
	}
	if done < 40 || files < 2 || forged < 8 {
		t.Errorf("%d actions, %d files, %d forged messages: too little happened", done, files, forged)
	}
}

// history makes things happen.
type history struct {
	t     *testing.T
	o     *reviewtest.Org
	d     *rand.Rand
	works []*review.Workstation
	sent  []*reviewtest.Sent
	waits []func() // blobs and messages that are late

	done, files, forged int
}

func (h *history) some() *reviewtest.Sent { return h.sent[h.d.IntN(len(h.sent))] }

// step lets one thing happen and names it.
func (h *history) step() string {
	if len(h.sent) == 0 || h.d.IntN(5) == 0 {
		return h.report()
	}
	if h.d.IntN(4) == 0 {
		return h.message()
	}
	return h.action()
}

func (h *history) report() string {
	desk := []string{"street", "custody"}[h.d.IntN(2)]
	switch h.d.IntN(6) {
	case 0: // the same report once more, sealed anew
		if len(h.sent) > 0 {
			s := h.some()
			b, err := s.Report.Encode()
			if err != nil {
				h.t.Fatal(err)
			}
			h.o.Deposit(s.Report.Desk, h.o.Seal(s.Report.Desk, b))
			return "report again"
		}
	case 1: // something that is no report, or is for others
		if h.d.IntN(2) == 0 {
			sealed, err := seal.SealReport([]byte(`{}`), []string{h.o.Recovery.Recipient()}, 8)
			if err != nil {
				h.t.Fatal(err)
			}
			h.o.Deposit(desk, sealed)
			return "report for others"
		}
		h.o.Deposit(desk, h.o.Seal(desk, []byte(`{"v":1,"kind":"else"}`)))
		return "no report"
	case 2: // the thread of another report, under an id of its own
		if len(h.sent) > 0 {
			other := h.some()
			s := h.o.Send(desk, func(r *seal.Report) { r.Thread = other.Report.Thread })
			s.Receipt = other.Receipt
			h.sent = append(h.sent, s)
			return "report of a known thread"
		}
	case 3: // with a file, whose parts come later
		var blobs [][]byte
		s := h.o.Send(desk, func(r *seal.Report) { blobs = reviewtest.Attach(h.o, r, "text/plain", []byte("PRACTICE file")) })
		h.sent = append(h.sent, s)
		h.waits = append(h.waits, func() {
			names := s.Deliver(blobs)
			s.Say(seal.Message{Attachments: []seal.BlobNames{{N: 0, Blobs: names}}})
			h.files++
		})
		return "report with a file"
	}
	urgency := []string{"danger-now", "deadline-soon", "not-urgent"}[h.d.IntN(3)]
	h.sent = append(h.sent, h.o.Send(desk, func(r *seal.Report) {
		r.Answers.Urgency, r.Practice = urgency, h.d.IntN(3) == 0
	}))
	return "report"
}

func (h *history) message() string {
	s := h.some()
	switch n := h.d.IntN(6); {
	case n == 0 && len(h.waits) > 0:
		h.waits[0]()
		h.waits = h.waits[1:]
		return "parts of a file"
	case n == 1: // signed by somebody else
		other, id := h.some(), vault.Sum([]byte{byte(h.forged), byte(h.d.IntN(256))}).String()[:32]
		b, err := seal.NewFollowUp(s.Report.Desk, seal.Message{ID: id, Seq: 1, Text: "PRACTICE"}, other.Receipt.ThreadKey())
		if err != nil {
			h.t.Fatal(err)
		}
		if h.d.IntN(2) == 0 {
			b = bytes.ReplaceAll(b, []byte(other.Report.Thread.ID), []byte(s.Report.Thread.ID))
		}
		h.o.Deposit(s.Report.Desk, h.o.Seal(s.Report.Desk, b))
		h.forged++
		return "message under another's key"
	case n == 2: // nobody knows the report
		h.o.Write("street", nil).Say(seal.Message{Text: "PRACTICE"})
		return "message to an unknown report"
	case n == 3: // the message goes first
		late := h.o.Write("street", nil)
		late.Say(seal.Message{Text: "PRACTICE"})
		h.waits = append(h.waits, func() {
			late.Deposit, late.Ticket = h.o.Deposit("street", late.Sealed)
			h.sent = append(h.sent, late)
		})
		return "message before its report"
	}
	s.Say(seal.Message{Text: "PRACTICE", Withdraw: []string{"count-me"}})
	return "message"
}

// action does something to a case, legal or not.
func (h *history) action() string {
	ctx, w, id := context.Background(), h.works[h.d.IntN(len(h.works))], h.some().Deposit
	var err error
	what := []string{"take", "take", "take", "note", "code", "link", "move", "close", "answer", "withdraw", "join", "count", "codebook"}[h.d.IntN(13)]
	switch what {
	case "take":
		_, err = w.Take(ctx, id)
	case "note":
		err = w.AddNote(ctx, id, review.Note{Text: "PRACTICE note"})
	case "code":
		err = w.SetCoding(ctx, id, reviewtest.Coding("extortion"), h.o.Book(), nil)
	case "link":
		err = w.LinkPerson(ctx, id, vault.Sum([]byte{byte(h.d.IntN(3))}).String()[:32], review.RoleAffected, "PRACTICE Heron")
	case "move":
		err = w.SetState(ctx, id, review.Change{To: review.InReview})
	case "close":
		err = w.SetState(ctx, id, review.Change{To: review.Closed, Close: "lost-contact"})
	case "answer":
		err = w.Answer(ctx, id, "PRACTICE answer", 9)
	case "withdraw":
		err = w.Withdraw(ctx, id, []string{review.CountMe})
	case "join":
		err = w.Join(ctx, id)
	case "count":
		err = w.Count(ctx, id)
	case "codebook":
		b := *h.o.Book()
		b.Hash = vault.Sum([]byte{byte(h.d.IntN(256))})
		w.UseCodebook((*codebook.Codebook)(&b))
		h.o.Send("street", nil)
	}
	var taken *review.TakenError
	switch {
	case err == nil:
		h.done++
	case errors.Is(err, review.ErrBusy): // reports of one thread, each taken with a message that fits the other
	case !errors.Is(err, review.ErrNotLegal) && !errors.Is(err, review.ErrNoCase) && !errors.Is(err, review.ErrNotYours) && !errors.As(err, &taken):
		h.t.Fatalf("%s: %v", what, err)
	}
	return what
}
