package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"peerwitness/review"
	"peerwitness/vault"
	"peerwitness/vault/access"
	"peerwitness/vault/seal"
)

// hand is an advocate at work in the demo's year: a script that calls her
// workstation's methods as her pages do.
type hand struct {
	y      *year
	a      *advocate
	client *access.Client
	work   *review.Workstation
	todo   map[int][]task
}

// task is something she does to a case on a certain day.
type task struct {
	tale int
	do   func(ctx context.Context, n int, t *tale) error
}

// newHand does what an advocate does on her first day: takes the operator's
// code, sets up a second factor, opens her workstation, publishes her first
// certificate.
func (y *year) newHand(ctx context.Context, a *advocate) (*hand, error) {
	h := &hand{y: y, a: a, client: access.NewClient(y.base, y.hc), todo: map[int][]task{}}
	err := y.enrol(ctx, a, y.clock.now)
	if err != nil {
		return nil, err
	}
	h.work, err = review.Open(ctx, review.Config{
		Dir: y.d.deskDir(a), Key: a.key, Client: h.client, Root: y.d.root, Clock: y.clock.now,
	})
	if err != nil {
		return nil, err
	}
	return h, h.morning(ctx, true)
}

// deskDir is an advocate's workstation's folder.
func (d *demo) deskDir(a *advocate) string { return filepath.Join(d.dir, "desk-"+a.key.Person) }

// morning signs her in, and now and then looks after her certificate.
func (h *hand) morning(ctx context.Context, renew bool) error {
	now := h.y.clock.now()
	code, err := h.a.code(now)
	if err != nil {
		return err
	}
	if err := h.client.SignIn(ctx, h.a.key.Person, h.a.key.Signing, code, now); err != nil {
		return err
	}
	if !renew {
		return nil
	}
	_, err = h.work.Renew(ctx, func(k seal.KeyFile) error {
		if err := review.SaveKeyFile(h.a.file, k, demoPassphrase, demoWork); err != nil {
			return err
		}
		h.a.key = k
		return nil
	})
	return err
}

// workday does what is due on day n. Each task takes 20 seconds of the year's time.
func (h *hand) workday(ctx context.Context, n int) error {
	for _, t := range h.todo[n] {
		h.y.clock.advance(20 * time.Second)
		if err := t.do(ctx, t.tale, h.y.tales[t.tale]); err != nil {
			return fmt.Errorf("report %d: %w", t.tale, err)
		}
	}
	return nil
}

// plan puts what she does about a tale on her working days, in order.
func (h *hand) plan(n int, t *tale) {
	on := func(day int, do func(context.Context, int, *tale) error) {
		if day < 0 {
			return
		}
		if day = h.y.cal.worksFrom(day); day < h.y.cal.days() {
			h.todo[day] = append(h.todo[day], task{n, do})
		}
	}
	on(t.take, h.take)
	on(t.answered, h.answer)
	on(t.said.day, h.read)
	on(t.told, h.withdraw)
	on(t.close, h.close)
}

// take takes a case, codes it, and says who its person is where she is known.
func (h *hand) take(ctx context.Context, n int, t *tale) error {
	id, err := h.work.Take(ctx, h.y.sent[n].id)
	if err != nil {
		return err
	}
	if slices.Contains(minors, t.age()) {
		note := review.Note{Text: "PRACTICE safeguarding note: spoke with the person about who may be told.", Safeguarding: true}
		if err := h.work.AddNote(ctx, id, note); err != nil {
			return err
		}
	}
	if review.ClosesUncoded(t.reason) && t.reason != "lost-contact" {
		return nil
	}
	if err := h.work.SetCoding(ctx, id, t.coding(h.y.cal, false), h.y.book, nil); err != nil {
		return err
	}
	if t.before < 0 {
		return nil
	}
	key, known := h.y.known.LoadOrStore(t.name, review.NewPersonKey())
	if !known {
		if err := h.work.LinkPerson(ctx, h.y.sent[t.before].id, key.(string), review.RoleAffected, t.name); err != nil {
			return err
		}
	}
	return h.work.LinkPerson(ctx, id, key.(string), review.RoleAffected, t.name)
}

func (h *hand) answer(ctx context.Context, n int, t *tale) error {
	id := h.y.sent[n].id
	c, err := h.work.View().Case(id)
	if err != nil {
		return err
	}
	return h.work.Answer(ctx, id, t.answer, len(c.FollowUps))
}

// read takes in what the person sent since. That opens a closed case again.
func (h *hand) read(ctx context.Context, n int, t *tale) error {
	id := h.y.sent[n].id
	if err := h.work.Join(ctx, id); err != nil {
		return err
	}
	c, err := h.work.View().Case(id)
	if err != nil || c.State != review.Reopened {
		return err
	}
	return h.work.SetState(ctx, id, review.Change{To: review.Closed, Close: t.reason, Reason: "PRACTICE: read what came later, nothing more to do."})
}

func (h *hand) withdraw(ctx context.Context, n int, _ *tale) error {
	return h.work.Withdraw(ctx, h.y.sent[n].id, []string{review.CountMe})
}

// close ends a case: it is confirmed where it could be, and coded anew where
// services came to an end only now.
func (h *hand) close(ctx context.Context, n int, t *tale) error {
	id := h.y.sent[n].id
	c, err := h.work.View().Case(id)
	if err != nil {
		return err
	}
	coded := c.Coding != nil
	if coded && t.verified != "" {
		if err := h.change(ctx, id, review.Change{To: review.InReview}, review.Change{To: review.Verified, Verification: t.verified}); err != nil {
			return err
		}
	}
	if coded && t.recoded() {
		if err := h.work.SetCoding(ctx, id, t.coding(h.y.cal, true), h.y.book, nil); err != nil {
			return err
		}
	}
	return h.change(ctx, id, review.Change{To: review.Closed, Close: t.reason, Reason: "PRACTICE: nothing more to do."})
}

func (h *hand) change(ctx context.Context, id vault.ID, all ...review.Change) error {
	for _, ch := range all {
		if err := h.work.SetState(ctx, id, ch); err != nil {
			return err
		}
	}
	return nil
}
