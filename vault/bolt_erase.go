package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	bolt "go.etcd.io/bbolt"
)

func erasedKey(kind byte, id ID) []byte { return append([]byte{kind}, id[:]...) }

func carriedKey(pos uint64) []byte { return append([]byte{'x'}, U64(pos)...) }

// gone tells whether the object at a position was taken away, and by which record.
func (t *tx) gone(pos uint64) (by uint64, gone bool, err error) {
	v := t.get(bGone, U64(pos))
	if v == nil {
		return 0, false, nil
	}
	by, err = parseBy(v)
	return by, true, err
}

// present returns the record of the object id, which must be here. ErrErased,
// ErrNotFound.
func (t *tx) present(id ID) (Record, error) {
	if t.get(bErased, erasedKey('d', id)) != nil {
		return Record{}, ErrErased
	}
	r, err := t.at(id)
	if err != nil {
		return Record{}, err
	}
	if _, gone, err := t.gone(r.Pos); err != nil {
		return Record{}, err
	} else if gone {
		return Record{}, ErrErased
	}
	return r, nil
}

// absent is the error for a journal that is not here.
func (t *tx) absent(journal ID) error {
	if t.get(bErased, erasedKey('j', journal)) != nil {
		return ErrErased
	}
	return ErrNotFound
}

func (t *tx) recordAt(pos []byte) (Record, error) {
	n, err := parseBy(pos)
	if err != nil {
		return Record{}, err
	}
	return t.record(n)
}

// step is the append of a journal at a number, with its record.
func (t *tx) step(journal ID, seq uint64) (Record, Append, error) {
	pos, err := parsePos(t.get(bSteps, stepKey(journal, seq)))
	if err != nil {
		return Record{}, Append{}, err
	}
	r, err := t.record(pos)
	if err != nil {
		return Record{}, Append{}, err
	}
	object, err := t.object(r)
	if err != nil {
		return Record{}, Append{}, err
	}
	a, err := ParseAppend(object)
	if err != nil {
		return Record{}, Append{}, errors.Join(ErrCorrupt, err)
	}
	return r, a, nil
}

func (s *boltStore) Outline(ctx context.Context, journal ID) (Outline, error) {
	var out Outline
	err := s.view(ctx, "reading journal", func(t *tx) error {
		head, known, err := t.journalHead(journal)
		if err == nil && !known {
			err = t.absent(journal)
		}
		if err != nil {
			return err
		}
		out = Outline{Head: head}
		for seq := uint64(0); seq <= head.Seq; seq++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			_, a, err := t.step(journal, seq)
			if err != nil {
				return err
			}
			out.Claims = append(out.Claims, a.Claims...)
			for _, g := range a.Grants {
				if g.Epoch == head.Epoch {
					out.Held = append(out.Held, g.To)
				}
			}
		}
		return nil
	})
	if err != nil {
		return Outline{}, err
	}
	slices.SortFunc(out.Claims, compareIDs)
	out.Claims = slices.Compact(out.Claims)
	slices.Sort(out.Held)
	out.Held = slices.Compact(out.Held)
	return out, nil
}

func compareIDs(a, b ID) int { return bytes.Compare(a[:], b[:]) }

// mayErase holds an erasure against what is here, which may be the beginning of
// the journal only: after a restore, or on a workstation that was away. It
// returns the positions of the journal's appends and the replies they left.
func (t *tx) mayErase(e Erasure) (appends []uint64, replies [][]byte, err error) {
	if t.get(bErased, erasedKey('j', e.Journal)) != nil {
		return nil, nil, ErrErased
	}
	head, known, err := t.journalHead(e.Journal)
	if err != nil {
		return nil, nil, err
	}
	moved := &ConflictError{Head: head}
	if known && head.Seq > e.Seq+2 {
		return nil, nil, moved
	}
	for seq := uint64(0); known && seq <= head.Seq; seq++ {
		r, a, err := t.step(e.Journal, seq)
		if err != nil {
			return nil, nil, err
		}
		if seq == e.Seq && a.Entry.ID() != e.After || seq > e.Seq && r.Author != e.Signed[seq-e.Seq-1].By {
			return nil, nil, moved
		}
		for _, id := range a.Claims {
			if _, named := slices.BinarySearchFunc(e.Deposits, id, compareIDs); !named {
				return nil, nil, fmt.Errorf("%w: the erasure does not name all that the journal claimed", ErrMalformed)
			}
		}
		for n, reply := range a.Replies {
			replies = append(replies, replyKey(reply.Prefix, r.Pos, n))
		}
		appends = append(appends, r.Pos)
	}
	for _, id := range e.Deposits {
		r, err := t.present(id)
		if errors.Is(err, ErrNotFound) {
			continue // not here yet, or gone already
		}
		if err != nil {
			return nil, nil, err
		}
		if r.Kind != KindDeposit {
			return nil, nil, fmt.Errorf("%w: an erasure of something that is no deposit", ErrMalformed)
		}
		row, err := t.depositRow(r.Pos)
		if err != nil {
			return nil, nil, err
		}
		if !row.journal.IsZero() && row.journal != e.Journal {
			return nil, nil, &ClaimedError{Deposit: id, Journal: row.journal}
		}
	}
	return appends, replies, nil
}

// erase does what an erasure says, for the record at whose place it stands.
func (t *tx) erase(by Record, e Erasure) error {
	appends, replies, err := t.mayErase(e)
	if err != nil {
		return err
	}
	for _, k := range replies {
		if err := t.del(bReplies, k); err != nil {
			return err
		}
	}
	for seq, pos := range appends {
		if err := errors.Join(t.drop(pos, by.Pos), t.del(bSteps, stepKey(e.Journal, uint64(seq)))); err != nil {
			return err
		}
	}
	for _, id := range e.Deposits {
		r, err := t.present(id)
		if err == nil {
			err = t.dropDeposit(r.Pos, by.Pos)
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if err := t.write(bErased, erasedKey('d', id), U64(by.Pos)); err != nil {
			return err
		}
	}
	return errors.Join(
		t.del(bJournals, e.Journal[:]),
		t.write(bErased, erasedKey('j', e.Journal), U64(by.Pos)),
		t.carried(by.Pos))
}

// carried notes that the record at a position has had its effect.
func (t *tx) carried(pos uint64) error {
	return errors.Join(t.write(bErased, carriedKey(pos), U64(pos)), t.write(bMeta, kStale, []byte{1}))
}

// drop takes the object at a position away. Its record stays.
func (t *tx) drop(pos, by uint64) error {
	all := t.Bucket(bObjects)
	key := U64(pos)
	c := all.Cursor()
	k, _ := c.Seek(key)
	if k == nil {
		k, _ = c.Last()
	} else if !bytes.Equal(k, key) {
		k, _ = c.Prev() // the drawer began before pos
	}
	var d *bolt.Bucket
	if k != nil {
		d = all.Bucket(k)
	}
	if d == nil || d.Get(key) == nil {
		return fmt.Errorf("%w: object %d is gone", ErrCorrupt, pos)
	}
	t.dirty = true
	t.pages.walked.Store(0) // its pages are about to be others
	// The drawer stays, if empty: others are found by where it begins.
	return errors.Join(d.Delete(key), t.write(bGone, key, U64(by)))
}

// dropDeposit takes a deposit away, with the blobs that nothing else names.
// Their files go after the commit: see sweep.
func (t *tx) dropDeposit(pos, by uint64) error {
	row, err := t.depositRow(pos)
	if err != nil {
		return err
	}
	holder := row.holder(pos)
	var keys [][]byte
	var sums []ID
	err = t.scan(bRefs, holder, func(k, v []byte) error {
		keys, sums = append(keys, clone(k)), append(sums, ID(v))
		return nil
	})
	if err != nil {
		return err
	}
	for i, k := range keys {
		ref, err := parsePos(k[len(holder):])
		if err != nil {
			return err
		}
		if err := errors.Join(t.del(bRefs, k), t.drop(ref, by), t.unref(sums[i], ref, by)); err != nil {
			return err
		}
	}
	return errors.Join(t.del(bDeposits, U64(pos)), t.drop(pos, by))
}

// unref takes one reference from a blob, and the blob with the last.
func (t *tx) unref(sum ID, ref, by uint64) error {
	row, known, err := t.blobRow(sum)
	if err != nil {
		return err
	}
	if !known || row.refs == 0 {
		return fmt.Errorf("%w: a reference to a blob that is not known", ErrCorrupt)
	}
	row.refs--
	if row.refs == 0 {
		if row.lack != 0 {
			err = t.del(bLacking, U64(row.lack))
		}
		return errors.Join(err, t.del(bBlobs, sum[:]), t.write(bErased, erasedKey('b', sum), U64(by)))
	}
	if row.lack == ref { // the next that names it now says that it is lacking
		if row.lack, err = t.firstRef(sum); err != nil {
			return err
		}
		if err := errors.Join(t.del(bLacking, U64(ref)), t.write(bLacking, U64(row.lack), sum[:])); err != nil {
			return err
		}
	}
	return t.write(bBlobs, sum[:], row.encode())
}

// firstRef is the position of the first record that names a blob.
func (t *tx) firstRef(sum ID) (first uint64, err error) {
	err = t.scan(bRefs, nil, func(k, v []byte) error {
		if len(k) >= 8 && ID(v) == sum {
			if pos, err := parsePos(k[len(k)-8:]); err == nil && (first == 0 || pos < first) {
				first = pos
			}
		}
		return nil
	})
	if err == nil && first == 0 {
		err = fmt.Errorf("%w: a blob that nothing names", ErrCorrupt)
	}
	return first, err
}

func (s *boltStore) PutErasure(ctx context.Context, author string, e Erasure) (bool, error) {
	const doing = "erasing"
	it, err := newItem(KindErasure, ErasureObject(e))
	if err != nil {
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	created, err := s.putItem(ctx, doing, author, it)
	if err != nil {
		return false, err
	}
	return created, s.sweep(ctx, doing)
}

func (s *boltStore) CarryOut(ctx context.Context, pos uint64) error {
	const doing = "carrying out an erasure"
	err := s.write(ctx, doing, &op{run: func(t *tx) error {
		if !t.follows() {
			return fmt.Errorf("%w: the store follows no feed", ErrFork)
		}
		v := t.get(bFeed, U64(pos))
		if v == nil {
			return ErrNotFound
		}
		r, err := decodeRecord(U64(pos), v)
		if err != nil {
			return err
		}
		if r.Kind != KindErasure && r.Kind != KindExpiry {
			return ErrNotFound
		}
		if t.get(bErased, carriedKey(pos)) != nil {
			return nil
		}
		object, err := t.object(r)
		if err != nil {
			return err
		}
		it, err := newItem(r.Kind, object)
		if err != nil {
			return errors.Join(ErrCorrupt, err)
		}
		if r.Kind == KindExpiry {
			return t.expire(r, it.upTo)
		}
		return t.erase(r, it.erasure)
	}})
	if err != nil {
		return err
	}
	return s.sweep(ctx, doing)
}

// sweep removes the files of blobs that were taken away. After a crash before it
// has ended, opening the store does: nothing stored names them.
func (s *boltStore) sweep(ctx context.Context, doing string) error {
	var sums []ID
	err := s.view(context.WithoutCancel(ctx), doing, func(t *tx) error {
		return t.scan(bErased, []byte{'b'}, func(k, _ []byte) error {
			if sum := ID(k[1:]); s.blobs.exists(sum) {
				sums = append(sums, sum)
			}
			return nil
		})
	})
	for _, sum := range sums {
		unlock := s.blobs.lock(sum)
		s.dropBlob(sum)
		unlock()
	}
	return errors.Join(err, withoutPath(s.blobs.settle(sums)))
}

func (s *boltStore) Done(ctx context.Context, pos uint64) (done bool, err error) {
	err = s.view(ctx, "reading erasure", func(t *tx) error {
		done = t.get(bErased, carriedKey(pos)) != nil
		return nil
	})
	return done, err
}

func (s *boltStore) Gone(ctx context.Context) ([]Gone, error) {
	var out []Gone
	err := s.view(ctx, "listing what is gone", func(t *tx) error {
		return t.scan(bGone, nil, func(k, v []byte) error {
			r, err := t.recordAt(k)
			if err != nil {
				return err
			}
			by, err := parseBy(v)
			out = append(out, Gone{r, by})
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
