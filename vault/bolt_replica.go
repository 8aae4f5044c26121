package vault

import (
	"context"
	"errors"
	"fmt"
)

func (s *boltStore) Follow(ctx context.Context, generation [16]byte) error {
	return s.write(ctx, "following feed", &op{run: func(t *tx) error {
		if t.follows() {
			if t.gen != generation {
				return fmt.Errorf("%w: the store follows another generation", ErrFork)
			}
			return nil
		}
		head, err := t.head()
		if err != nil {
			return err
		}
		if head.Pos > 0 {
			return fmt.Errorf("%w: the store has a feed of its own", ErrFork)
		}
		return errors.Join(t.write(bMeta, kGeneration, generation[:]), t.write(bMeta, kFollows, []byte{1}))
	}})
}

func (s *boltStore) Apply(ctx context.Context, records []Record, objects [][]byte) error {
	const doing = "applying feed"
	if len(records) != len(objects) {
		return fmt.Errorf("%s: %w: %d records with %d objects", doing, ErrMalformed, len(records), len(objects))
	}
	items := make([]*item, len(records))
	size := 0
	for i, r := range records {
		if err := validAuthor(r.Author); err != nil {
			return fmt.Errorf("%s: record %d: %w", doing, r.Pos, err)
		}
		if isGone(objects[i]) {
			by, err := ParseGone(objects[i])
			if err == nil && by <= r.Pos || !mayBeGone(r.Kind) {
				err = fmt.Errorf("%w: taken away by an earlier record, or of a kind that stays", ErrMalformed)
			}
			if err != nil {
				return fmt.Errorf("%s: record %d: %w", doing, r.Pos, err)
			}
			items[i] = &item{kind: r.Kind, id: r.ID, goneBy: by}
			continue
		}
		if Sum(objects[i]) != r.ID {
			return fmt.Errorf("%s: record %d: %w", doing, r.Pos, ErrHash)
		}
		it, err := newItem(r.Kind, clone(objects[i])) // the caller may be gone before the commit
		if err != nil {
			return fmt.Errorf("%s: record %d: %w", doing, r.Pos, err)
		}
		items[i], size = it, size+len(it.object)
	}
	return s.write(ctx, doing, &op{size: size, run: func(t *tx) error {
		if !t.follows() {
			return fmt.Errorf("%w: the store follows no feed", ErrFork)
		}
		head, err := t.head()
		if err != nil {
			return err
		}
		for i, r := range records {
			if r.Pos > 0 && r.Pos <= head.Pos {
				held, err := t.record(r.Pos)
				if err != nil {
					return err
				}
				if held != r {
					return fmt.Errorf("%w: record %d is another one here", ErrFork, r.Pos)
				}
				continue
			}
			if r.Pos != head.Pos+1 || r.Hash != r.HashAfter(t.gen, head.Hash) {
				return fmt.Errorf("%w: record %d after %d", ErrFork, r.Pos, head.Pos)
			}
			if err := t.apply(r, items[i]); err != nil {
				if errors.Is(err, ErrCorrupt) {
					return err
				}
				return fmt.Errorf("%w: record %d could not have been accepted: %w", ErrMalformed, r.Pos, err)
			}
			head = r
		}
		return nil
	}})
}

func (s *boltStore) PutReplicaBlob(ctx context.Context, sum ID, body []byte) error {
	const doing = "storing blob of a replica"
	if len(body) > MaxBlob {
		return fmt.Errorf("%s: %w: blob over %d bytes", doing, ErrTooLarge, MaxBlob)
	}
	if Sum(body) != sum {
		return fmt.Errorf("%s: %w", doing, ErrHash)
	}
	check := func(t *tx) (blobRow, error) {
		row, known, err := t.blobRow(sum)
		switch {
		case err != nil:
			return blobRow{}, err
		case !known:
			return blobRow{}, fmt.Errorf("%w: no record names that blob", ErrNotFound)
		case row.size != uint64(len(body)):
			return blobRow{}, fmt.Errorf("%w: another size than its record says", ErrHash)
		}
		return row, nil
	}
	unlock := s.blobs.lock(sum)
	var row blobRow
	wrote := false
	err := s.view(ctx, doing, func(t *tx) (err error) {
		row, err = check(t)
		return err
	})
	if wrote = err == nil && (row.lack != 0 || !s.blobs.has(sum, len(body))); wrote {
		err = withoutPath(s.writeBlob(sum, body))
	}
	if err != nil {
		unlock()
		return fmt.Errorf("%s: %w", doing, err)
	}
	return s.write(ctx, doing, &op{
		run: func(t *tx) error {
			if _, err := check(t); err != nil {
				return err
			}
			_, err := t.blobCame(sum)
			return err
		},
		after: func(err error) {
			if wrote && errors.Is(err, ErrNotFound) { // erased meanwhile
				s.dropBlob(sum)
			}
			unlock()
		},
	})
}

// blobCame notes that the file of a blob that lacked is there now. It returns
// whether it lacked.
func (t *tx) blobCame(sum ID) (bool, error) {
	row, _, err := t.blobRow(sum)
	if err != nil || row.lack == 0 {
		return false, err
	}
	lacked := U64(row.lack)
	row.lack = 0
	return true, errors.Join(t.del(bLacking, lacked), t.write(bBlobs, sum[:], row.encode()))
}

func (s *boltStore) LackingBlobs(ctx context.Context, limit int) ([]ID, error) {
	var out []ID
	err := s.view(ctx, "listing lacking blobs", func(t *tx) error {
		c := t.Bucket(bLacking).Cursor()
		for k, v := c.First(); k != nil && len(out) < limit; k, v = c.Next() {
			out = append(out, ID(v))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
