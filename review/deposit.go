package review

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// standing says what became of a deposit.
type standing int

const (
	unopened standing = iota
	opened
	notForUs // sealed, as it should be, to others
	refused  // can't be taken in; reason says why
)

// deposit is one sealed report, follow-up or text as far as it was opened.
type deposit struct {
	id      vault.ID
	pos     uint64
	desk    string
	day     vault.Day
	byHand  bool
	claimed vault.ID // journal, zero while unclaimed

	standing standing
	reason   string
	alarm    bool
	report   *seal.Report
	follow   *seal.FollowUp
	text     string
}

// openDeposits opens what was sent to this person's desks and is not yet held
// in a journal that she can read. Opening changes nothing anywhere.
func (w *Workstation) openDeposits(ctx context.Context, progress func(done, total uint64)) error {
	var todo []*deposit
	for _, d := range w.ix.order {
		if d.standing == unopened && w.ix.mine(w.key.Person, d) {
			todo = append(todo, d)
		}
	}
	results := make([]deposit, len(todo))
	var done atomic.Uint64
	err := parallel(ctx, len(todo), func(i int) error {
		stored, _, err := w.store.Deposit(ctx, todo[i].id)
		if err != nil {
			return fmt.Errorf("reading a deposit: %w", err)
		}
		results[i] = *todo[i]
		w.openDeposit(&results[i], stored)
		if n := done.Add(1); n%64 == 0 {
			progress(w.ix.pos+n, w.ix.pos+uint64(len(todo)))
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, d := range todo {
		*d = results[i]
		w.ix.clusters.deposit(d)
	}
	return nil
}

// mine reports whether d is for a desk of person and still has to be opened.
func (ix *index) mine(person string, d *deposit) bool {
	if j := ix.journals[d.claimed]; j != nil && j.claims[d.id] {
		return false
	}
	for _, s := range ix.rosters.steps {
		if r := ix.rosters.version(s.version); r != nil {
			if desk, ok := r.Desk(d.desk); ok && slices.Contains(desk.People, person) {
				return true
			}
		}
	}
	return false
}

// openDeposit opens one and sets its standing.
func (w *Workstation) openDeposit(d *deposit, stored vault.Deposit) {
	plain, err := w.unseal(d, stored)
	switch {
	case errors.Is(err, seal.ErrNotForUs):
		d.standing = notForUs
		return
	case err != nil:
		d.refuse("It is not sealed the way a report is ("+plainReason(err)+").", false)
		return
	case d.byHand:
		d.standing, d.text = opened, string(plain)
		return
	}
	report, follow, err := parseAny(plain, d.desk)
	switch {
	case err != nil:
		d.refuse("It could be opened, but what is inside is not a report ("+plainReason(err)+").", false)
	case report != nil && report.Desk != d.desk:
		d.refuse("It was written to the desk “"+report.Desk+"” and the server filed it under another.", true)
	default:
		d.standing, d.report, d.follow = opened, report, follow
	}
}

// parseAny reads what was in a deposit as the report or the follow-up it says it is.
func parseAny(plain []byte, desk string) (*seal.Report, *seal.FollowUp, error) {
	r, err := seal.ParseReport(plain)
	if err == nil {
		return &r, nil, nil
	}
	if f, err := seal.ParseFollowUp(plain, desk); err == nil {
		return nil, &f, nil
	}
	return nil, nil, err
}

func (d *deposit) refuse(reason string, alarm bool) {
	d.standing, d.reason, d.alarm = refused, reason, alarm
}

// unseal tries the slots that the desk had when the deposit came, then those
// that any list of people gave it: a sender may hold an older list.
func (w *Workstation) unseal(d *deposit, stored vault.Deposit) ([]byte, error) {
	ids := w.identities()
	if len(ids) == 0 {
		return nil, seal.ErrNotForUs
	}
	if d.byHand {
		return seal.OpenByHand(stored.Report, ids...)
	}
	var slots []int
	l := w.ix.rosters
	for i := len(l.steps) - 1; i >= 0; i-- {
		if desk, ok := l.by[l.steps[i].version].Desk(d.desk); ok && !slices.Contains(slots, desk.Slots) {
			slots = append(slots, desk.Slots)
		}
	}
	err := fmt.Errorf("the desk “%s” is not on the list of people", d.desk)
	for _, n := range slots {
		var plain []byte
		plain, err = seal.OpenReport(stored.Report, n, ids...)
		if !errors.Is(err, seal.ErrShape) {
			return plain, err
		}
	}
	return nil, err
}
