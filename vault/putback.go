package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// errHeld: the object is in the feed already.
var errHeld = errors.New("held already")

// putAgain gives a record of an earlier feed the next position of this one, with
// its day and author. errHeld. Nothing has been written when it returns an error,
// unless t.spoilt says so.
func (t *tx) putAgain(r Record, it *item) error {
	if t.holds(it.id) {
		return errHeld
	}
	head, err := t.head()
	if err != nil {
		return err
	}
	r = Record{Pos: head.Pos + 1, Kind: it.kind, ID: it.id, Day: r.Day, Author: r.Author}
	r.Hash = r.HashAfter(t.gen, head.Hash)
	dirty := t.dirty
	t.dirty = false
	err = t.apply(r, it)
	t.spoilt = err != nil && t.dirty
	t.dirty = t.dirty || dirty
	return err
}

// restored reads the row that a restore left. nil where there was none.
func (t *tx) restored() (*restoredRow, error) {
	v := t.get(bMeta, kRestored)
	if v == nil {
		return nil, nil
	}
	var row restoredRow
	if err := json.Unmarshal(v, &row); err != nil {
		return nil, fmt.Errorf("%w: what is kept of the restore", ErrCorrupt)
	}
	return &row, nil
}

func (s *boltStore) Restoration(ctx context.Context) (*Restoration, error) {
	var out *Restoration
	err := s.view(ctx, "reading what is kept of the restore", func(t *tx) error {
		row, err := t.restored()
		if err != nil || row == nil {
			return err
		}
		out = &Restoration{Day: row.Day, From: row.From, Hurt: row.Hurt, More: row.More}
		if t.Bucket(bLost) != nil {
			if err := t.scan(bLost, nil, func(_, _ []byte) error { out.Lost++; return nil }); err != nil {
				return err
			}
		}
		return t.scan(bLacking, nil, func(_, _ []byte) error { out.Lacking++; return nil })
	})
	return out, err
}

func (s *boltStore) PutBack(ctx context.Context, records []Record, objects [][]byte) ([]error, error) {
	const doing = "putting back"
	if len(records) != len(objects) {
		return nil, fmt.Errorf("%s: %w: %d records with %d objects", doing, ErrMalformed, len(records), len(objects))
	}
	items := make([]*item, len(records))
	size := 0
	for i, r := range records {
		if err := validAuthor(r.Author); err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		if Sum(objects[i]) != r.ID {
			return nil, fmt.Errorf("%s: %w", doing, ErrHash)
		}
		it, err := newItem(r.Kind, clone(objects[i])) // the caller may be gone before the commit
		if err != nil {
			return nil, fmt.Errorf("%s: %w", doing, err)
		}
		if r.Kind == KindExpiry { // it counts places of a feed that is no more
			return nil, fmt.Errorf("%s: %w: an expiry", doing, ErrMalformed)
		}
		items[i], size = it, size+len(it.object)
	}
	answers := make([]error, len(records))
	err := s.write(ctx, doing, &op{size: size, run: func(t *tx) error {
		row, err := t.restored()
		if err == nil && t.follows() {
			err = ErrFollows
		}
		if err == nil && row == nil {
			err = ErrNotRestored
		}
		if err != nil {
			return err
		}
		for i, r := range records {
			r.Day = t.dayBack(r, row)
			err := t.putAgain(r, items[i])
			if err != nil && (t.spoilt || errors.Is(err, ErrCorrupt)) {
				return err
			}
			if errors.Is(err, errHeld) {
				err = nil
			}
			answers[i] = err
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	return answers, s.sweep(ctx, doing)
}

// dayBack is the day that a record which comes back may have: whoever gives it
// could say any, and readers rely on the feed's.
func (t *tx) dayBack(r Record, row *restoredRow) Day {
	if lost := t.Bucket(bLost); lost != nil && lost.Get(r.ID[:]) != nil {
		return min(r.Day, row.Day)
	}
	return min(max(r.Day, row.From), row.Day)
}
