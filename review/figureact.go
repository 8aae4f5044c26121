package review

import (
	"context"
	"errors"
	"fmt"

	"peerwitness/review/figures"
	"peerwitness/vault"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// FoundFigures founds the figures journal, once for the organisation: in one
// append its key, made out to every keeper and to recovery, and the first noise
// key, sealed. It takes a keeper, and at least two on the list of people. Where
// somebody was quicker, hers is the journal and nothing is left to do.
func (w *Workstation) FoundFigures(ctx context.Context) error {
	w.acting.Lock()
	defer w.acting.Unlock()
	for range attempts {
		r, err := w.keeping(ctx)
		if err != nil {
			return err
		}
		id, founded := w.figurePlace()
		if founded {
			return nil
		}
		a := vault.Append{Entry: vault.Entry{Journal: id, Epoch: 1}}
		err = w.beginEpoch(ctx, r, &a, "figures", nil)
		if err == nil {
			return w.settle(ctx)
		}
		if !errors.Is(err, vault.ErrConflict) {
			return err
		}
	}
	return ErrBusy
}

// keeping syncs and returns the list of people in force, if this person may
// work on the figures journal.
func (w *Workstation) keeping(ctx context.Context) (*roster.Roster, error) {
	if err := w.sync(ctx, nil); err != nil {
		return nil, err
	}
	if err := w.upToDate(ctx); err != nil {
		return nil, err
	}
	r := w.View().Roster
	if r == nil {
		return nil, errNoRoster
	}
	if me, ok := r.Person(w.Me()); !ok || !me.Has(roster.Keeper) || w.shutOut(w.Me()) {
		return nil, notLegal("only a keeper can do this")
	}
	return r, w.trustLedger(ctx)
}

// trustLedger refuses to write on top of a ledger that is not the one this
// workstation saw before.
func (w *Workstation) trustLedger(ctx context.Context) error {
	if err := w.hold(ctx); err != nil {
		return err
	}
	defer w.release()
	if len(w.ledgerAlarm()) > 0 {
		return fmt.Errorf("looking at the figures' ledger: %w", figures.ErrForked)
	}
	return nil
}

func (w *Workstation) figurePlace() (id vault.ID, founded bool) {
	w.syncing <- struct{}{}
	defer w.release()
	return w.ix.figs.journal.id, w.ix.figs.founded
}

// beginEpoch sends an append that begins an epoch of the figures journal with a
// key of its own, for those who are keepers now, and a new noise key. former are
// the earlier epochs' keys, for keepers who lack them.
func (w *Workstation) beginEpoch(ctx context.Context, r *roster.Roster, a *vault.Append, kind string, former map[uint32]seal.Identity) error {
	key, err := seal.NewIdentity()
	if err != nil {
		return fmt.Errorf("making the figures' key: %w", err)
	}
	keepers := w.keepers(r)
	if len(keepers) < minKeepers {
		return notLegal("two keepers at least must be on the list of people, so that the figures do not hang on one person")
	}
	give := map[uint32]seal.Identity{a.Entry.Epoch: key}
	for epoch, id := range former {
		give[epoch] = id
	}
	if a.Grants, err = w.figureGrants(r, a.Entry.Journal, give); err != nil {
		return err
	}
	body, err := newKeyData().bytes()
	if err != nil {
		return fmt.Errorf("writing entry: %w", err)
	}
	if err := w.sealEntry(a, r, kind, body, key.Recipient()); err != nil {
		return err
	}
	return w.send(ctx, intent{a.Entry.Journal, kind, vault.ID{}}, *a)
}

// figureAct writes one entry into the figures journal. build gives its body from
// what the journal holds by then; a nil one means that it is done already. What
// is due before is done first: a new key when a keeper has left.
func (w *Workstation) figureAct(ctx context.Context, kind string, build func(r *roster.Roster, j *figureJournal) ([]byte, error)) error {
	w.acting.Lock()
	defer w.acting.Unlock()
	for range attempts {
		r, err := w.keeping(ctx)
		if err != nil {
			return err
		}
		d, err := w.door(r)
		if err != nil {
			return err
		}
		if !d.whole {
			return notLegal("you were not given the figures' keys yet; any other keeper gives them with her next step here")
		}
		a := vault.Append{Entry: vault.Entry{Journal: d.journal, Epoch: d.head.Epoch, Seq: d.head.Seq + 1, Prev: d.head.Entry}}
		if d.renew {
			if d.recipient != "" {
				a.Entry.Epoch++
			}
			err = w.beginEpoch(ctx, r, &a, "key", d.keys)
			if err == nil || errors.Is(err, vault.ErrConflict) {
				continue
			}
			return err
		}
		body, err := w.figureBody(r, build)
		if err != nil || body == nil {
			return err
		}
		if a.Grants, err = w.figureGrants(r, d.journal, d.keys); err != nil {
			return err
		}
		if err := w.sealEntry(&a, r, kind, body, d.recipient); err != nil {
			return err
		}
		err = w.send(ctx, intent{d.journal, kind, vault.Sum(body)}, a)
		if err == nil {
			return w.settle(ctx)
		}
		if !errors.Is(err, vault.ErrConflict) {
			return err
		}
	}
	return ErrBusy
}

// figureBody makes a body while nobody else changes what it is made from.
func (w *Workstation) figureBody(r *roster.Roster, build func(r *roster.Roster, j *figureJournal) ([]byte, error)) ([]byte, error) {
	w.syncing <- struct{}{}
	defer w.release()
	return build(w.ix.without(r), w.ix.figs.journal)
}
