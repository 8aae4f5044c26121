package review

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/access"
)

// Bounds of one request. The server takes some more.
const (
	backRecords = 64
	backBytes   = 4 << 20
)

// PutBack is what a person says who knows that the server was restored: the
// workstation puts back what it has and the server has lost, in the order in which
// it stood. progress, which may be nil, is told how many of how many were seen to;
// several workstations may do it at once, and the same may be asked for again
// after it was stopped. When it returns nil all is settled, what could not be put
// back is in the view's list, and the new feed is taken at the next opening.
//
// ErrBusy (it goes on already), ErrNotAnew, ErrTooOften, ErrNotShown, ErrHeldUp,
// ErrOffline.
func (w *Workstation) PutBack(ctx context.Context, progress func(done, total uint64)) error {
	if !w.putting.TryLock() {
		return ErrBusy
	}
	defer w.putting.Unlock()
	if progress == nil {
		progress = func(uint64, uint64) {}
	}
	if w.client == nil || !w.client.SignedIn() {
		return ErrOffline
	}
	gen, err := w.agree(ctx)
	if err != nil {
		return err
	}
	next, err := w.openNext(ctx, gen)
	if err != nil {
		return fmt.Errorf("putting back: %w", err)
	}
	aside, err := w.putBack(ctx, next, progress)
	if err = errors.Join(err, next.Close()); err != nil {
		return fmt.Errorf("putting back: %w", err)
	}
	return w.turned(ctx, gen, aside)
}

// openNext opens the replica of the new feed. One of yet another feed is thrown
// away: nothing is in it that the server did not send.
func (w *Workstation) openNext(ctx context.Context, gen [16]byte) (vault.Store, error) {
	dir := filepath.Join(w.dir, nextFolder)
	for again := false; ; again = true {
		next, err := vault.OpenBolt(filepath.Join(dir, replicaFolder), w.clock)
		if err == nil {
			if err = next.Follow(ctx, gen); err == nil {
				return next, nil
			}
			err = errors.Join(err, next.Close())
		}
		if again || !errors.Is(err, vault.ErrFork) && !errors.Is(err, vault.ErrCorrupt) {
			return nil, err
		}
		if err := os.RemoveAll(dir); err != nil {
			return nil, err
		}
	}
}

func (w *Workstation) putBack(ctx context.Context, next vault.Store, progress func(done, total uint64)) ([]Aside, error) {
	var aside []Aside
	refused := map[vault.ID]bool{}
	for round := 0; ; round++ {
		if err := access.SyncFeed(ctx, w.client, next, nil); err != nil {
			return nil, err
		}
		missing, altered, err := w.missing(ctx, next, refused)
		if err != nil {
			return nil, err
		}
		if w.client.OwnFeed() {
			more, err := w.takeAnew(ctx, next, missing)
			if err != nil {
				return nil, err
			}
			return append(altered, more...), w.fillBlobs(ctx, next)
		}
		if len(missing) == 0 {
			aside = append(aside, altered...)
			break
		}
		if round == maxRounds {
			return nil, ErrNotShown
		}
		more, err := w.offer(ctx, missing, progress)
		if err != nil {
			return nil, err
		}
		for _, a := range more {
			refused[a.ID] = true
		}
		aside = append(aside, more...)
	}
	if err := w.offerBlobs(ctx); err != nil {
		return nil, err
	}
	return aside, w.fillBlobs(ctx, next)
}

// missing are the records of the feed held here whose objects the new one has not,
// in their order. Statements of erasure, once there are any, go first: what was
// erased must not come back before them. altered are those that the new feed
// has under another author: no restore does that.
func (w *Workstation) missing(ctx context.Context, next vault.Store, refused map[vault.ID]bool) (out []vault.Record, altered []Aside, err error) {
	authors := map[vault.ID]string{}
	err = eachRecord(ctx, next, func(r vault.Record) { authors[r.ID] = r.Author })
	if err != nil {
		return nil, nil, err
	}
	err = eachRecord(ctx, w.store, func(r vault.Record) {
		now, there := authors[r.ID]
		switch {
		case there && now != r.Author:
			altered = append(altered, Aside{Kind: r.Kind, ID: r.ID, Author: r.Author, Day: r.Day, Why: "the server shows it as somebody else's now; tell your lead and the operator"})
		case !there && !refused[r.ID]:
			out = append(out, r)
		}
	})
	slices.SortStableFunc(out, func(a, b vault.Record) int { return one(goesFirst(b.Kind)) - one(goesFirst(a.Kind)) })
	return out, altered, err
}

// goesFirst is the one place for kinds that are put back before all others: the
// statements of erasure. Revocations are not among them: they must not come before
// what the person wrote before she was revoked.
func goesFirst(vault.Kind) bool { return false }

func eachRecord(ctx context.Context, s vault.Store, do func(vault.Record)) error {
	for after := uint64(0); ; {
		records, err := s.Feed(ctx, after, batch)
		if err != nil || len(records) == 0 {
			return err
		}
		for _, r := range records {
			do(r)
		}
		after = records[len(records)-1].Pos
	}
}

// offer puts records back, batch by batch. What the server refuses for good is
// returned.
func (w *Workstation) offer(ctx context.Context, missing []vault.Record, progress func(done, total uint64)) ([]Aside, error) {
	var aside []Aside
	total := uint64(len(missing))
	progress(0, total)
	for done := 0; done < len(missing); {
		var objects [][]byte
		size := 0
		for _, r := range missing[done:] {
			object, err := w.store.Object(ctx, r)
			if err != nil {
				return nil, fmt.Errorf("reading the replica at %d: %w", r.Pos, err)
			}
			if len(objects) > 0 && (len(objects) == backRecords || size+len(object) > backBytes) {
				break
			}
			objects, size = append(objects, object), size+len(object)
		}
		records := missing[done : done+len(objects)]
		answers, stopped, err := w.client.PutBack(ctx, records, objects)
		switch {
		case err != nil:
			return nil, err
		case stopped:
			return nil, ErrHeldUp // what was refused before it is refused again
		}
		for i, a := range answers {
			if a != nil {
				aside = append(aside, setAside(records[i], objects[i], a))
			}
		}
		done += len(records)
		progress(uint64(done), total)
	}
	return aside, nil
}

// setAside describes what the server did not take.
func setAside(r vault.Record, object []byte, why error) Aside {
	a := Aside{Kind: r.Kind, ID: r.ID, Author: r.Author, Day: r.Day}
	if r.Kind == vault.KindAppend {
		if x, err := vault.ParseAppend(object); err == nil {
			a.Journal = x.Entry.Journal
		}
	}
	switch {
	case errors.Is(why, vault.ErrClaimed):
		a.Why = "somebody took the report into another case meanwhile"
	case errors.Is(why, vault.ErrConflict):
		a.Why = "something else was written in its place meanwhile"
	case errors.Is(why, vault.ErrEpoch):
		a.Why = "the case has another key since"
	case errors.Is(why, vault.ErrOld):
		a.Why = "there is a newer list of people"
	case errors.Is(why, vault.ErrNotFound):
		a.Why = "what it belongs to is not there"
	default:
		a.Why = plainReason(why)
	}
	return a
}

// offerBlobs gives the server the bytes of blobs that it lacks and that are here.
func (w *Workstation) offerBlobs(ctx context.Context) error {
	tried := map[vault.ID]bool{}
	for {
		lacking, err := w.client.LackingBlobs(ctx)
		if err != nil {
			return err
		}
		sent := 0
		for _, sum := range lacking {
			if tried[sum] {
				continue
			}
			tried[sum] = true
			b, err := w.store.Blob(ctx, sum)
			if errors.Is(err, vault.ErrNotFound) || errors.Is(err, vault.ErrCorrupt) {
				continue // a colleague may have it
			}
			if err == nil {
				err = w.client.PutBackBlob(ctx, sum, b)
			}
			if err != nil && !errors.Is(err, vault.ErrNotFound) && !errors.Is(err, vault.ErrHash) {
				return err
			}
			sent++
		}
		if sent == 0 {
			return nil
		}
	}
}

// fillBlobs copies the blobs that are here into the new replica, so that they need
// not be fetched again.
func (w *Workstation) fillBlobs(ctx context.Context, next vault.Store) error {
	lacking, err := next.LackingBlobs(ctx, 1<<20)
	if err != nil {
		return err
	}
	for _, sum := range lacking {
		b, err := w.store.Blob(ctx, sum)
		if errors.Is(err, vault.ErrNotFound) || errors.Is(err, vault.ErrCorrupt) {
			continue // the next sync fetches it
		}
		if err == nil {
			err = next.PutReplicaBlob(ctx, sum, b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
