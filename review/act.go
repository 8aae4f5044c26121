package review

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// attempts bounds how often an action is made anew on a case that changed.
const attempts = 8

// SetState changes a case's state. It fails with ErrNotLegal when the case, as
// it stands by then, cannot make the change.
func (w *Workstation) SetState(ctx context.Context, id vault.ID, ch Change) error {
	ch.Reason = strings.TrimSpace(ch.Reason)
	return w.act(ctx, id, "state", ch, func(c *Case, joined bool) error {
		if joined && ch.To == Closed {
			return notLegal("a new message from the person came in and is now in the case: read it, then close")
		}
		return nil
	})
}

// AddNote writes a note into a case.
func (w *Workstation) AddNote(ctx context.Context, id vault.ID, n Note) error {
	n.Text = strings.TrimSpace(n.Text)
	return w.act(ctx, id, "note", n, func(*Case, bool) error {
		switch {
		case n.Text == "":
			return notLegal("the note is empty")
		case len(n.Text) > maxText:
			return notLegal("the note is too long; split it in two")
		}
		return nil
	})
}

// Join takes what the person sent since, messages and repeats, into a case
// that is already held. Without anything waiting it does nothing.
func (w *Workstation) Join(ctx context.Context, id vault.ID) error {
	return w.act(ctx, id, "join", nil, nil)
}

// act carries one action out: it syncs, checks the action against the case as
// it is then, signs, seals and appends. When a colleague was quicker it starts
// over from what she left; without a network the action waits, with ErrKept.
// Whatever the person sent meanwhile joins first;
// legal is told so. Data with a method onCase is filled in from the case that
// the entry follows. What the action changes in the figures is written after it.
func (w *Workstation) act(ctx context.Context, id vault.ID, kind string, data any, legal func(c *Case, joined bool) error) error {
	body, err := encode(data)
	if err != nil {
		return fmt.Errorf("writing entry: %w", err)
	}
	w.acting.Lock()
	defer w.acting.Unlock()
	err = w.carryOut(ctx, id, kind, data, body, legal)
	if err == nil {
		w.keepCounted(ctx, id)
		if kind == "assign" || kind == "lift" || kind == "undo" {
			w.keepSign(ctx, id)
		}
	}
	return w.kept(ctx, err, id, kind, data, legal)
}

// carryOut is act, without what follows from it. The caller holds acting.
func (w *Workstation) carryOut(ctx context.Context, id vault.ID, kind string, data any, body []byte, legal func(c *Case, joined bool) error) error {
	joined, wish := false, vault.Sum(body)
	for range attempts {
		c, err := w.fresh(ctx, id)
		if err != nil {
			return err
		}
		what := intent{c.Journal, kind, wish}
		if w.alreadyDone(what) {
			return nil
		}
		if len(c.Waiting) > 0 {
			joined = joined || c.Waits() // a repeat is no news
			err = w.join(ctx, c)
		} else if legal == nil {
			return c.permit(Entry{Kind: kind}, w.now())
		} else {
			var replies []vault.Reply
			full := data
			if d, ok := data.(interface{ onCase(*Case) any }); ok {
				full = d.onCase(c)
				if body, err = encode(full); err != nil {
					return fmt.Errorf("writing entry: %w", err)
				}
			}
			if s, ok := full.(Step); ok {
				if full, err = w.signErasure(kind, s, c); err == nil {
					body, err = encode(full)
				}
				if err != nil {
					return fmt.Errorf("writing entry: %w", err)
				}
			}
			if err = c.permitNow(c.draft(kind, full), w.now()); err == nil {
				err = legal(c, joined)
			}
			if err != nil {
				return err
			}
			if a, ok := data.(answering); ok {
				if body, replies, err = a.leave(w, c); err != nil {
					return err
				}
			}
			if kind == "share" {
				s := full.(Step)
				if err := c.shareable(s, w.now(), w.View().SealedTo(c)); err != nil {
					return err
				}
				c = c.shared(s.To)
			}
			err = w.append(ctx, c, what, kind, body, nil, replies)
			if err == nil {
				return w.settle(ctx)
			}
		}
		if err != nil && !errors.Is(err, vault.ErrConflict) && !errors.Is(err, vault.ErrClaimed) {
			return err
		}
	}
	return ErrBusy
}

// draft is the case's next entry as far as the table asks, before it is written.
func (c *Case) draft(kind string, data any) Entry {
	e := Entry{Kind: kind, Seq: c.head.Seq + 1}
	switch d := data.(type) {
	case Change:
		e.Change = d
	case Step:
		e.Step = &d
	case Note:
		e.Note = d
	case Task:
		e.Task = d
	case PersonLink:
		e.Person = d
	}
	return e
}

// fresh syncs and returns the case as it stands now, if it can be worked on.
func (w *Workstation) fresh(ctx context.Context, id vault.ID) (*Case, error) {
	if err := w.sync(ctx, nil); err != nil {
		return nil, err
	}
	if err := w.upToDate(ctx); err != nil {
		return nil, err
	}
	c, err := w.View().Case(id)
	switch {
	case err != nil:
		return nil, err
	case w.View().Roster == nil:
		return nil, errNoRoster
	case c.Journal.IsZero() && c.Readable:
		return nil, notLegal("take the case first")
	case !c.Readable || c.key == "" || !slices.Contains(c.Granted, w.Me()):
		return nil, ErrNotYours
	}
	return c, nil
}

// settle shows what was just done. If the server can't be asked now, the next
// sync shows it; the action stands either way.
func (w *Workstation) settle(ctx context.Context) error {
	if err := w.sync(ctx, nil); err != nil && !errors.Is(err, ErrOffline) && ctx.Err() == nil {
		return err
	}
	return nil
}

// join appends an entry that takes in waiting deposits.
func (w *Workstation) join(ctx context.Context, c *Case) error {
	data := joinData{FollowUps: []json.RawMessage{}}
	var claims []vault.ID
	size := 0
	for _, id := range c.Waiting {
		raw, ok := w.message(id)
		if size += len(raw); size > maxCarried && len(claims) > 0 || len(claims) == maxClaims {
			break // the rest with the next entry
		}
		claims = append(claims, id)
		data.Deposits = append(data.Deposits, id.String())
		if ok {
			data.FollowUps = append(data.FollowUps, raw)
		}
	}
	body, err := encode(data)
	if err != nil {
		return fmt.Errorf("writing entry: %w", err)
	}
	return w.append(ctx, c, intent{c.Journal, "join", vault.Sum(body)}, "join", body, claims, nil)
}

// What one entry carries of waiting deposits: bytes, and how many.
const (
	maxCarried = 2 << 20
	maxClaims  = vault.MaxClaims / 2
)

// message returns a follow-up's JSON as it was sealed.
func (w *Workstation) message(id vault.ID) (json.RawMessage, bool) {
	w.syncing <- struct{}{}
	defer w.release()
	d := w.ix.deposits[id]
	if d == nil || d.follow == nil {
		return nil, false
	}
	return d.follow.Raw, true
}

// append signs, seals and sends the entry that follows the case's head.
// Advocates who joined the desk since get the case's key with it.
func (w *Workstation) append(ctx context.Context, c *Case, what intent, kind string, body []byte, claims []vault.ID, replies []vault.Reply) error {
	r := w.View().Roster
	if r == nil || r.Version < c.lastRoster {
		return errNoRoster
	}
	a := vault.Append{
		Entry:  vault.Entry{Journal: c.Journal, Epoch: c.head.Epoch, Seq: c.head.Seq + 1, Prev: c.head.Entry},
		Claims: claims, Replies: replies,
	}
	if !w.Partner() {
		var err error
		if a.Grants, err = w.grants(r, c, c.keys, c.Journal); err != nil {
			return err
		}
	}
	if err := w.sealEntry(&a, r, kind, body, c.key.Recipient()); err != nil {
		return err
	}
	return w.send(ctx, what, a)
}

var errNoRoster = notLegal("there is no valid list of people to act by; ask your lead for the new one, and check this computer's date")

// sealEntry fills in the sealed part of an append whose effects are complete.
func (w *Workstation) sealEntry(a *vault.Append, r *roster.Roster, kind string, body []byte, recipient string) error {
	sealed, err := seal.SealEntry(seal.EntryBody{
		Journal: a.Entry.Journal.String(), Epoch: a.Entry.Epoch, Seq: a.Entry.Seq, Prev: a.Entry.Prev.String(),
		Author: w.key.Person, Roster: r.Version, Time: w.clock().UTC().Truncate(time.Second),
		Kind: kind, Effects: a.Effects().String(), Data: body,
	}, recipient, w.key.Signing)
	if err != nil {
		return fmt.Errorf("sealing entry: %w", err)
	}
	a.Entry.Sealed = sealed
	return nil
}

// grants makes out the case's keys, of each epoch, to everyone who should hold
// them and does not yet: the desk's advocates and leads that are on the roster,
// were not shut out and whom the person did not leave out, and recovery. Of a
// restricted case those who are named. Besides, the partners who have the case.
// What one append can't carry goes with the next.
func (w *Workstation) grants(r *roster.Roster, c *Case, keys map[uint32]seal.Identity, journal vault.ID) ([]vault.Grant, error) {
	holders, err := w.holders(r, c)
	if err != nil {
		return nil, err
	}
	var out []vault.Grant
	for _, epoch := range slices.Backward(slices.Sorted(maps.Keys(keys))) {
		for _, p := range holders {
			if c.held[epoch][p.ID] || len(out) == vault.MaxGrants {
				continue
			}
			g, err := seal.SealGrant(journal, epoch, p.ID, p.Personal, keys[epoch], w.key.Person, w.key.Signing)
			if err != nil {
				return nil, fmt.Errorf("making out the case's key: %w", err)
			}
			out = append(out, g)
		}
	}
	return out, nil
}

// holders are those who should hold a case's keys, recovery first.
func (w *Workstation) holders(r *roster.Roster, c *Case) ([]roster.Person, error) {
	to := c.Restricted
	if to == nil {
		desk, ok := r.Desk(c.Desk)
		if !ok {
			return nil, notLegal("the desk is no longer on the list of people")
		}
		to = desk.People
	}
	out := []roster.Person{{ID: roster.Recovery, Personal: r.Recovery}}
	for _, id := range to {
		p, ok := r.Person(id)
		if ok && worksOnCases(p) && !w.shutOut(id) && !slices.Contains(c.LeftOut(), id) {
			out = append(out, p)
		}
	}
	for _, id := range c.partners(r) {
		if p, ok := r.Person(id); ok && !w.shutOut(id) {
			out = append(out, p)
		}
	}
	return out, nil
}

// shutOut reports whether a person was revoked.
func (w *Workstation) shutOut(person string) bool {
	w.syncing <- struct{}{}
	defer w.release()
	_, out := w.ix.revoked[person]
	return out
}

// LeftOut are the people whom the sender chose not to let open it.
func (c *Case) LeftOut() []string {
	var r struct {
		Without []string `json:"without"`
	}
	if len(c.Report.Raw) > 0 && json.Unmarshal(c.Report.Raw, &r) != nil {
		return nil
	}
	return r.Without
}
