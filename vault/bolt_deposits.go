package vault

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
)

// Buffers for the objects of deposits that are being written. Making, clearing
// and collecting one for each would cost about what hashing it does.
var objectBuffers = sync.Pool{New: func() any { return new([objectBuffer]byte) }}

// objectBuffer holds a report of the smallest size; larger ones get their own.
const objectBuffer = 52 << 10

func (s *boltStore) PutDeposit(ctx context.Context, d Deposit) (Accepted, error) {
	const doing = "storing deposit"
	if len(d.Report) > MaxReport {
		return Accepted{}, fmt.Errorf("%s: %w: report over %d bytes", doing, ErrTooLarge, MaxReport)
	}
	buffer := objectBuffers.Get().(*[objectBuffer]byte)
	it, err := newItem(KindDeposit, appendDepositObject(buffer[:0], d))
	if err != nil {
		return Accepted{}, fmt.Errorf("%s: %w", doing, err)
	}
	day := s.today()
	var got Accepted
	err = s.write(ctx, doing, &op{size: len(it.object), run: func(t *tx) error {
		got = Accepted{ID: it.id}
		r, err := t.at(it.id)
		if by := t.get(bErased, erasedKey('d', it.id)); by != nil && errors.Is(err, ErrNotFound) {
			// Erased before it came here: the answer of a repeat, so that the
			// phone is done with it and learns nothing.
			r, err = t.recordAt(by)
		}
		if errors.Is(err, ErrNotFound) {
			got.New = true
			r, err = t.put("", day, it)
		} else if err == nil && t.follows() {
			err = ErrFollows
		}
		got.Day = r.Day
		return err
	}, after: func(err error) {
		if err == nil { // else a transaction may still refer to it
			objectBuffers.Put(buffer)
		}
	}})
	if err != nil {
		return Accepted{}, err
	}
	got.Ticket = newTicket(got.ID, got.Day).encode(s.key)
	return got, nil
}

func (s *boltStore) PutBlob(ctx context.Context, ticket string, sum ID, body []byte) (bool, error) {
	const doing = "storing blob"
	tk, err := parseTicket(ticket, s.key, s.today())
	if err != nil {
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	it, err := blobItem(tk.deposit, sum, body)
	if err != nil {
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	// What would be refused is refused before a byte of it reaches the disk.
	err = s.view(ctx, doing, func(t *tx) error { return t.mayPut(tk, it) })
	if errors.Is(err, errSwallowed) {
		return false, nil
	}
	if err != nil {
		return false, err
	}

	// The file is there, synced, before the transaction that names it. Until
	// that one's fate is known nobody else writes or removes it.
	unlock := s.blobs.lock(sum)
	wrote := false
	if !s.blobs.has(sum, len(body)) || !s.heldBlob(sum) {
		if err := s.writeBlob(sum, body); err != nil {
			s.dropBlob(sum) // it may have got its name
			unlock()
			return false, fmt.Errorf("%s: %w", doing, err)
		}
		wrote = true
	}
	day := s.today()
	created := false
	err = s.write(ctx, doing, &op{
		size: len(it.object),
		run: func(t *tx) error {
			created = false
			if err := t.mayPut(tk, it); err != nil {
				return err
			}
			if t.holds(it.id) {
				came, err := t.blobCame(sum)
				created = came
				return err
			}
			created = true
			_, err := t.put("", day, it)
			return err
		},
		after: func(err error) {
			if err != nil && wrote { // errSwallowed, too
				s.dropBlob(sum)
			}
			unlock()
		},
	})
	if errors.Is(err, errSwallowed) {
		return false, nil
	}
	return created && err == nil, err
}

// errSwallowed: the blob, or its deposit, was erased. The sender gets the answer
// of a repeat: she is done with it, and who has her phone learns nothing.
var errSwallowed = errors.New("erased, and answered as a repeat")

// blobItem checks a blob that came for a deposit.
func blobItem(deposit, sum ID, body []byte) (*item, error) {
	if len(body) > MaxBlob {
		return nil, fmt.Errorf("%w: blob over %d bytes", ErrTooLarge, MaxBlob)
	}
	if len(body) == 0 {
		return nil, fmt.Errorf("%w: empty blob", ErrMalformed)
	}
	if Sum(body) != sum {
		return nil, ErrHash
	}
	it, err := newItem(KindBlob, BlobObject(BlobRef{Deposit: deposit, Blob: sum, Size: uint64(len(body))}))
	if err != nil {
		return nil, err
	}
	it.held = true
	return it, nil
}

// mayPut tells whether the ticket lets the blob in, now.
func (t *tx) mayPut(tk ticket, it *item) error {
	if t.follows() {
		return ErrFollows
	}
	if t.get(bErased, erasedKey('d', tk.deposit)) != nil || t.get(bErased, erasedKey('b', it.blob.Blob)) != nil {
		return errSwallowed
	}
	deposit, err := t.present(tk.deposit)
	if errors.Is(err, ErrErased) {
		return errSwallowed
	}
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: its deposit is not here", ErrTicket)
	}
	if err != nil {
		return err
	}
	if t.holds(it.id) {
		return nil
	}
	row, err := t.depositRow(deposit.Pos)
	if err != nil {
		return err
	}
	if row.charged+charge(it.blob.Size) > tk.quota {
		return ErrQuota
	}
	return nil
}

// heldBlob reports whether the database names the blob's file.
func (s *boltStore) heldBlob(sum ID) (held bool) {
	err := s.view(context.Background(), "looking for blob", func(t *tx) error {
		row, known, err := t.blobRow(sum)
		held = known && row.lack == 0
		return err
	})
	return err == nil && held
}

// dropBlob removes the file of a blob that was not stored after all. Where the
// database may name it, it stays: a file too many goes when the store is next
// opened, one too few would be a loss.
func (s *boltStore) dropBlob(sum ID) {
	err := s.view(context.Background(), "looking for blob", func(t *tx) error {
		if t.get(bBlobs, sum[:]) != nil {
			return ErrConflict
		}
		return nil
	})
	if err == nil {
		_ = s.blobs.remove(sum)
	}
}

func (s *boltStore) MissingBlobs(ctx context.Context, ticket string, sums []ID) ([]ID, error) {
	const doing = "listing missing blobs"
	tk, err := parseTicket(ticket, s.key, s.today())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	var missing []ID
	err = s.view(ctx, doing, func(t *tx) error {
		if t.get(bErased, erasedKey('d', tk.deposit)) != nil {
			return nil
		}
		_, err := t.present(tk.deposit)
		if errors.Is(err, ErrErased) {
			return nil
		}
		if errors.Is(err, ErrNotFound) {
			return fmt.Errorf("%w: its deposit is not here", ErrTicket)
		}
		if err != nil {
			return err
		}
		for _, sum := range sums {
			if t.get(bErased, erasedKey('b', sum)) != nil {
				continue
			}
			// Nobody else's blob shows here: the reference's id holds the deposit.
			row, known, err := t.blobRow(sum)
			if err != nil {
				return err
			}
			// Nor one whose commit is not synced yet: who asks forgets what is not missing.
			ref, err := t.at(Sum(BlobObject(BlobRef{Deposit: tk.deposit, Blob: sum, Size: row.size})))
			if err != nil && !errors.Is(err, ErrNotFound) {
				return err
			}
			if !known || row.lack != 0 || err != nil || ref.Pos > s.durable.Load() {
				missing = append(missing, sum)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return missing, nil
}

func (s *boltStore) Blob(ctx context.Context, sum ID) ([]byte, error) {
	const doing = "reading blob"
	err := s.view(ctx, doing, func(t *tx) error {
		row, known, err := t.blobRow(sum)
		if err == nil && (!known || row.lack != 0) {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	body, err := s.blobs.read(sum)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, withoutPath(err))
	}
	return body, nil
}

// withoutPath takes the file's name out of an error: it may end in a log.
func withoutPath(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
