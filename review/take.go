package review

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// TakenError tells that a colleague took the case first.
type TakenError struct {
	By   string   // display name, empty when the case can't be read
	Case vault.ID // where it is now
}

func (e *TakenError) Error() string {
	if e.By == "" {
		return "colleagues have taken this case, without sharing its key with you"
	}
	return e.By + " has taken this case"
}

// Take claims a case: it makes the case's key, and in one append the journal,
// the report re-sealed to that key, and the key for every advocate of the desk
// and for recovery. The case is then in triage, assigned to its taker, and has
// the journal's id, which Take returns. *TakenError when a colleague was
// quicker; taking one's own case again does nothing.
func (w *Workstation) Take(ctx context.Context, id vault.ID) (vault.ID, error) {
	w.acting.Lock()
	defer w.acting.Unlock()
	journal, err := w.takeCase(ctx, id)
	return journal, w.kept(ctx, err, id, "claim", struct{}{}, nil)
}

func (w *Workstation) takeCase(ctx context.Context, id vault.ID) (vault.ID, error) {
	for range attempts {
		if err := w.sync(ctx, nil); err != nil {
			return vault.ID{}, err
		}
		if err := w.upToDate(ctx); err != nil {
			return vault.ID{}, err
		}
		c, err := w.View().Case(id)
		switch {
		case err != nil:
			return vault.ID{}, err
		case !c.Readable:
			return vault.ID{}, &TakenError{Case: c.ID}
		case !c.Journal.IsZero() && len(c.Entries) > 0 && c.Entries[0].Author == w.Me():
			return c.Journal, nil
		case !c.Journal.IsZero():
			taken := &TakenError{Case: c.ID}
			if len(c.Entries) > 0 {
				taken.By = w.View().Name(c.Entries[0].Author)
			}
			return c.Journal, taken
		}
		a, err := w.claim(c)
		if err != nil {
			return vault.ID{}, err
		}
		err = w.send(ctx, intent{c.ID, "claim", vault.ID{}}, a)
		switch {
		case errors.Is(err, vault.ErrClaimed), errors.Is(err, vault.ErrConflict):
			continue
		case err != nil:
			return vault.ID{}, err
		}
		return a.Entry.Journal, w.settle(ctx)
	}
	return vault.ID{}, ErrBusy
}

// claim makes the first append of a case's journal.
func (w *Workstation) claim(c *Case) (vault.Append, error) {
	r := w.View().Roster
	if r == nil {
		return vault.Append{}, errNoRoster
	}
	desk, _ := r.Desk(c.Desk)
	if c.permit(Entry{Kind: "claim"}, w.now()) != nil || !desk.Has(w.Me()) {
		return vault.Append{}, notLegal("only an advocate of that desk can take its cases")
	}
	data := claimData{Desk: c.Desk, Report: c.Report.Raw, ByHand: c.Text, Flags: []string{}}
	for _, f := range c.Flags {
		data.Flags = append(data.Flags, string(f))
	}
	var claims []vault.ID
	size := 0
	for i, id := range c.Deposits {
		raw, ok := w.message(id)
		if size += len(raw); i > 0 && size > maxCarried || len(claims) == maxClaims {
			break // the rest joins later
		}
		claims = append(claims, id)
		data.Deposits = append(data.Deposits, id.String())
		if ok {
			data.FollowUps = append(data.FollowUps, raw)
		}
	}
	body, err := encode(data)
	if err != nil {
		return vault.Append{}, fmt.Errorf("writing entry: %w", err)
	}
	key, err := seal.NewIdentity()
	if err != nil {
		return vault.Append{}, fmt.Errorf("making the case's key: %w", err)
	}
	var journal vault.ID
	rand.Read(journal[:])
	a := vault.Append{Entry: vault.Entry{Journal: journal, Epoch: 1}, Claims: claims}
	if a.Grants, err = w.grants(r, c, map[uint32]seal.Identity{1: key}, journal); err != nil {
		return vault.Append{}, err
	}
	if !slices.ContainsFunc(a.Grants, func(g vault.Grant) bool { return g.To == w.Me() }) {
		return vault.Append{}, notLegal("the person chose that you should not open this")
	}
	return a, w.sealEntry(&a, r, "claim", body, key.Recipient())
}
