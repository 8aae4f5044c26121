package review

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"peerwitness/review/figures"
	"peerwitness/vault"
	"peerwitness/vault/access"
)

// Sync brings the replica up to the server, reads what is new, and sends again
// what was never answered. A consent to be counted that somebody took back goes
// to the figures with it. What waited for a connection is carried out. progress, which may be nil, gets feed positions.
// When the server can't be reached the error matches ErrOffline and what is
// already here stays readable. Calls at the same time wait for one another as
// long as ctx lets them.
func (w *Workstation) Sync(ctx context.Context, progress func(done, total uint64)) error {
	if err := w.sync(ctx, progress); err != nil {
		return err
	}
	if !w.acting.TryLock() {
		return nil // the action that runs does it
	}
	err := w.upToDate(ctx)
	if err == nil {
		w.countWithdrawn(ctx)
		w.keepSigns(ctx)
	}
	w.acting.Unlock()
	if err == nil {
		w.carry(ctx)
		w.eraseAgreed(ctx)
	}
	return err
}

// upToDate settles what was never answered, and reads on if that changed
// anything. The caller holds acting and has synced.
func (w *Workstation) upToDate(ctx context.Context) error {
	if len(w.missed) == 0 {
		return nil
	}
	if err := w.resend(ctx); err != nil {
		return err
	}
	return w.sync(ctx, nil)
}

func (w *Workstation) sync(ctx context.Context, progress func(done, total uint64)) error {
	if err := w.hold(ctx); err != nil {
		return err
	}
	defer w.release()
	var online error
	if w.client == nil || !w.client.SignedIn() {
		online = ErrOffline
	} else {
		online = access.Sync(ctx, w.client, w.store, progress)
		if errors.Is(online, access.ErrIncomplete) {
			online = nil // the cases say which of their parts are lacking
		}
		if online == nil {
			online = w.learnPlaces(ctx)
		}
		if online == nil && w.client.OwnFeed() {
			if ended, err := w.client.Ended(ctx); err == nil { // else as it was: the server refuses what she writes
				w.ended = map[vault.ID]bool{}
				for _, id := range ended {
					w.ended[id] = true
				}
			}
		}
	}
	forked := errors.Is(online, vault.ErrFork)
	changed, err := w.follow(ctx, progress)
	if online == nil {
		w.synced = w.clock()
	}
	if err == nil && online == nil {
		changed = w.dropBefore(context.WithoutCancel(ctx)) || changed
	}
	if forked {
		w.fork = online
	} else if online == nil && w.fork != nil {
		w.fork, changed = nil, true
	}
	if f := w.Figures(); changed || forked || f != nil && f.Today != figures.DayOf(w.clock()) {
		w.publish()
	} else if online == nil {
		v := *w.view.Load()
		v.Synced, v.Ended = w.synced, w.ended
		w.view.Store(&v)
	}
	switch {
	case err != nil:
		return fmt.Errorf("syncing: %w", err)
	case forked:
		return online
	case errors.Is(online, ErrOffline):
		return ErrOffline
	case online != nil:
		return fmt.Errorf("%w: %w", ErrOffline, online)
	case w.synced.Sub(w.noted).Abs() < noteEvery:
		return nil // Close notes it
	}
	return w.writeSeen()
}

// noteEvery is how old the moment of the last sync may be that a workstation
// remembers after a crash. Noting each one would sync the disk twice more for
// every action.
const noteEvery = time.Minute

// hold takes the syncing token.
func (w *Workstation) hold(ctx context.Context) error {
	select {
	case w.syncing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for another sync: %w", ctx.Err())
	}
}

func (w *Workstation) release() { <-w.syncing }

// intent names what somebody wanted to happen to a case, so that doing it
// again after a lost answer is recognised as the same thing.
type intent struct {
	where vault.ID
	kind  string
	data  vault.ID // hash of the body
}

// sent is an append whose answer did not arrive.
type sent struct {
	append vault.Append
	object []byte
}

// waits between attempts to get an answer to the same bytes.
var waits = []time.Duration{100 * time.Millisecond, 300 * time.Millisecond, time.Second}

// send gives an append to the server until it answers. A lost answer is asked
// for again with the same bytes, which the server takes once.
func (w *Workstation) send(ctx context.Context, what intent, a vault.Append) error {
	if err := w.goes(ctx, what.kind, a); err != nil {
		return err
	}
	var err error
	for try := 0; ; try++ {
		_, err = w.client.Append(ctx, a)
		if err == nil || definite(err) {
			delete(w.missed, what)
			return err
		}
		if !w.client.SignedIn() {
			delete(w.missed, what)
			return fmt.Errorf("%w: %w", ErrOffline, err)
		}
		if try == len(waits) || sleep(ctx, waits[try]) != nil {
			break
		}
	}
	w.missed[what] = sent{a, vault.AppendObject(a)}
	return fmt.Errorf("%w: %w", ErrUnsure, err)
}

// resend settles every append whose answer was lost: it is looked for in the
// journal, and if it is not there, sent again with the same bytes. The caller
// holds acting.
func (w *Workstation) resend(ctx context.Context) error {
	for what, s := range w.missed {
		if w.arrived(ctx, s) {
			delete(w.missed, what)
			w.landed[what] = w.clock()
			continue
		}
		_, err := w.client.Append(ctx, s.append)
		switch {
		case err == nil:
			delete(w.missed, what)
			w.landed[what] = w.clock()
		case definite(err):
			// Somebody else's entry has its place, so it never happened. Its
			// author still sees her case unchanged and does it again.
			delete(w.missed, what)
		default:
			return fmt.Errorf("%w: %w", ErrUnsure, err)
		}
	}
	return nil
}

// again is how long doing the same thing once more, after its answer was lost,
// is taken for a retry and not for a second wish.
const again = 10 * time.Minute

// alreadyDone reports whether what is wanted was done by an append whose answer
// was lost. The caller holds acting.
func (w *Workstation) alreadyDone(what intent) bool {
	at, ok := w.landed[what]
	delete(w.landed, what)
	return ok && w.clock().Sub(at) < again
}

// arrived reports whether the replica holds exactly that append.
func (w *Workstation) arrived(ctx context.Context, s sent) bool {
	e := s.append.Entry
	appends, err := w.store.Appends(ctx, e.Journal, e.Seq)
	return err == nil && len(appends) > 0 && bytes.Equal(vault.AppendObject(appends[0]), s.object)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
