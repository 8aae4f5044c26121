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
	refused, erased := map[vault.ID]bool{}, map[vault.ID]vault.Record{}
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
			unsaid, err := w.unsaid(ctx, next, erased)
			if err != nil {
				return nil, err
			}
			aside = append(append(aside, altered...), unsaid...)
			break
		}
		if round == maxRounds {
			return nil, ErrNotShown
		}
		more, err := w.offer(ctx, missing, refused, erased, progress)
		if err != nil {
			return nil, err
		}
		aside = append(aside, more...)
	}
	if err := w.offerBlobs(ctx); err != nil {
		return nil, err
	}
	return aside, w.fillBlobs(ctx, next)
}

// missing are the records of the feed held here whose objects the new one has not,
// in their order. What expired is for the server to say anew, which counts other
// places now. altered are those that the new feed
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
		case !there && !refused[r.ID] && r.Kind != vault.KindExpiry:
			out = append(out, r)
		}
	})
	return out, altered, err
}

// unsaid are those of what the server calls erased for which the new feed has no
// statement: a server could say so of everything.
func (w *Workstation) unsaid(ctx context.Context, next vault.Store, erased map[vault.ID]vault.Record) (out []Aside, err error) {
	if len(erased) == 0 {
		return nil, nil
	}
	var said []vault.Record
	if err := eachRecord(ctx, next, func(r vault.Record) {
		if r.Kind == vault.KindErasure {
			said = append(said, r)
		}
	}); err != nil {
		return nil, err
	}
	named := map[vault.ID]bool{}
	for _, r := range said {
		object, err := next.Object(ctx, r)
		if err != nil {
			return nil, err
		}
		e, err := vault.ParseErasure(object)
		if err != nil {
			return nil, err
		}
		named[e.Journal] = true
		for _, id := range e.Deposits {
			named[id] = true
		}
	}
	for _, r := range erased {
		object, err := w.store.Object(ctx, r)
		if err != nil {
			return nil, err
		}
		about := []vault.ID{r.ID}
		switch r.Kind {
		case vault.KindBlob:
			b, err := vault.ParseBlobObject(object)
			if err != nil {
				return nil, err
			}
			about[0] = b.Deposit
		case vault.KindAppend:
			a, err := vault.ParseAppend(object)
			if err != nil {
				return nil, err
			}
			about = append(a.Claims, a.Entry.Journal)
		case vault.KindErasure:
			e, err := vault.ParseErasure(object)
			if err != nil {
				return nil, err
			}
			about[0] = e.Journal
		}
		if !slices.ContainsFunc(about, func(id vault.ID) bool { return named[id] }) {
			out = append(out, setAside(r, object, errUnsaid))
		}
	}
	slices.SortFunc(out, func(a, b Aside) int { return slices.Compare(a.ID[:], b.ID[:]) })
	return out, nil
}

var errUnsaid = errors.New("the server says that it was erased, and shows no statement of two people; tell your lead and the operator")

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

// offer puts records back, batch by batch. Statements of erasure go first: what
// was erased must not come back before them. One that the server does not take then,
// as its list of people is from before the two who signed, has its turn again at
// the place where it stood. Revocations don't go first: they must not come before what
// the person wrote before she was revoked. What the server refuses for good
// is noted in refused and returned; what it calls erased is noted apart.
func (w *Workstation) offer(ctx context.Context, missing []vault.Record, refused map[vault.ID]bool, erased map[vault.ID]vault.Record, progress func(done, total uint64)) ([]Aside, error) {
	var aside []Aside
	var all []vault.Record
	for _, r := range missing {
		if r.Kind == vault.KindErasure {
			all = append(all, r)
		}
	}
	first := len(all)
	all = append(all, missing...)
	taken := map[vault.ID]bool{} // of those that have two turns
	total := uint64(len(all))
	progress(0, total)
	for done := 0; done < len(all); {
		var records []vault.Record
		var objects [][]byte
		size, end := 0, len(all)
		early := done < first
		if early {
			end = first
		}
		for ; done < end && len(objects) < backRecords; done++ {
			r := all[done]
			if taken[r.ID] {
				continue
			}
			object, err := w.store.Object(ctx, r)
			var gone *vault.GoneError
			if errors.As(err, &gone) {
				refused[r.ID] = true // there is nothing to put back
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("reading the replica at %d: %w", r.Pos, err)
			}
			if len(objects) > 0 && size+len(object) > backBytes {
				break
			}
			records, objects, size = append(records, r), append(objects, object), size+len(object)
		}
		if len(records) == 0 {
			progress(uint64(done), total)
			continue
		}
		answers, stopped, err := w.client.PutBack(ctx, records, objects)
		switch {
		case err != nil:
			return nil, err
		case stopped:
			return nil, ErrHeldUp // what was refused before it is refused again
		}
		for i, a := range answers {
			id := records[i].ID
			switch {
			case a == nil:
				taken[id] = true
			case errors.Is(a, vault.ErrErased):
				taken[id], refused[id], erased[id] = true, true, records[i]
			case !early:
				refused[id] = true
				aside = append(aside, setAside(records[i], objects[i], a))
			}
		}
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
