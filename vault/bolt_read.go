package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
)

func (s *boltStore) Deposit(ctx context.Context, id ID) (Deposit, DepositInfo, error) {
	var d Deposit
	var info DepositInfo
	err := s.view(ctx, "reading deposit", func(t *tx) error {
		r, err := t.present(id)
		if err != nil {
			return err
		}
		if r.Kind != KindDeposit {
			return ErrNotFound
		}
		object, err := t.object(r)
		if err != nil {
			return err
		}
		if d, err = ParseDeposit(object); err != nil {
			return errors.Join(ErrCorrupt, err)
		}
		row, err := t.depositRow(r.Pos)
		if err != nil {
			return err
		}
		info = DepositInfo{Day: r.Day, ClaimedBy: row.journal}
		return t.scan(bRefs, row.holder(r.Pos), func(_, v []byte) error {
			info.Blobs = append(info.Blobs, ID(v))
			return nil
		})
	})
	if err != nil {
		return Deposit{}, DepositInfo{}, err
	}
	return d, info, nil
}

func (s *boltStore) Document(ctx context.Context, sum ID) ([]byte, error) {
	var body []byte
	err := s.view(ctx, "reading document", func(t *tx) error {
		v := t.get(bDocuments, sum[:])
		if v == nil {
			return ErrNotFound
		}
		if body = clone(v); Sum(body) != sum {
			return fmt.Errorf("%w: document %s does not have its hash", ErrCorrupt, sum)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return body, nil
}

// objectAt returns a copy of the object at a position that an index names.
func (t *tx) objectAt(v []byte) ([]byte, error) {
	pos, err := parsePos(v)
	if err != nil {
		return nil, err
	}
	r, err := t.record(pos)
	if err != nil {
		return nil, err
	}
	return t.object(r)
}

func (s *boltStore) Roster(ctx context.Context) (version uint64, note []byte, err error) {
	err = s.view(ctx, "reading roster", func(t *tx) error {
		k, v := t.last(bRosters)
		if k == nil {
			return ErrNotFound
		}
		if version, err = parsePos(k); err != nil {
			return err
		}
		note, err = t.note(v)
		return err
	})
	if err != nil {
		return 0, nil, err
	}
	return version, note, nil
}

func (s *boltStore) RosterAt(ctx context.Context, version uint64) (note []byte, err error) {
	err = s.view(ctx, "reading roster", func(t *tx) error {
		v := t.get(bRosters, U64(version))
		if v == nil {
			return ErrNotFound
		}
		note, err = t.note(v)
		return err
	})
	if err != nil {
		return nil, err
	}
	return note, nil
}

func (t *tx) note(pos []byte) ([]byte, error) {
	object, err := t.objectAt(pos)
	if err != nil {
		return nil, err
	}
	return ParseRosterObject(object)
}

func (s *boltStore) Certificates(ctx context.Context, person string) ([]Certificate, error) {
	var out []Certificate
	err := s.view(ctx, "reading certificates", func(t *tx) error {
		return t.scan(bCertificates, append([]byte(person), 0), func(_, v []byte) error {
			object, err := t.objectAt(v)
			if err != nil {
				return err
			}
			c, err := ParseCertificateObject(object)
			out = append(out, c)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *boltStore) Revocations(ctx context.Context) ([]Revocation, error) {
	var out []Revocation
	err := s.view(ctx, "reading revocations", func(t *tx) error {
		return t.scan(bRevocations, nil, func(k, _ []byte) error {
			object, err := t.objectAt(k)
			if err != nil {
				return err
			}
			r, err := ParseRevocationObject(object)
			out = append(out, r)
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *boltStore) LastRelease(ctx context.Context) (ID, error) {
	var last ID
	err := s.view(ctx, "reading releases", func(t *tx) (err error) {
		last, err = t.lastRelease()
		return err
	})
	return last, err
}

func (s *boltStore) Release(ctx context.Context, id ID) (Release, error) {
	var release Release
	err := s.view(ctx, "reading release", func(t *tx) error {
		r, err := t.at(id)
		if err != nil {
			return err
		}
		if r.Kind != KindRelease {
			return ErrNotFound
		}
		object, err := t.object(r)
		if err != nil {
			return err
		}
		if release, err = ParseRelease(object); err != nil {
			return errors.Join(ErrCorrupt, err)
		}
		return nil
	})
	return release, err
}

func (s *boltStore) Releases(ctx context.Context) ([]ID, [][]byte, error) {
	var ids []ID
	var bodies [][]byte
	err := s.view(ctx, "reading releases", func(t *tx) error {
		return t.scan(bReleases, nil, func(k, _ []byte) error {
			object, err := t.objectAt(k)
			if err != nil {
				return err
			}
			r, err := ParseRelease(object)
			ids, bodies = append(ids, Sum(object)), append(bodies, r.Body)
			return err
		})
	})
	if err != nil {
		return nil, nil, err
	}
	return ids, bodies, nil
}

func (s *boltStore) Bucket(ctx context.Context, prefix string) ([][]byte, error) {
	const doing = "reading bucket"
	if !validPrefix(prefix) {
		return nil, fmt.Errorf("%s: %w: bad prefix", doing, ErrMalformed)
	}
	type slot struct {
		place []byte // position and number in the append
		bytes []byte
	}
	var found []slot
	err := s.view(ctx, doing, func(t *tx) error {
		take := func(k, v []byte) error {
			_, place, ok := bytes.Cut(k, []byte{0})
			if !ok || len(place) != 9 || len(v) != SlotSize {
				return fmt.Errorf("%w: reply slot", ErrCorrupt)
			}
			found = append(found, slot{clone(place), clone(v)})
			return nil
		}
		for n := range len(prefix) {
			if err := t.scan(bReplies, append([]byte(prefix[:n]), 0), take); err != nil {
				return err
			}
		}
		return t.scan(bReplies, []byte(prefix), take)
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(found, func(a, b slot) int { return bytes.Compare(a.place, b.place) })
	out := make([][]byte, len(found))
	for i, f := range found {
		out[i] = f.bytes
	}
	return out, nil
}

func (s *boltStore) Feed(ctx context.Context, after uint64, limit int) ([]Record, error) {
	var out []Record
	// No further than what is synced: power loss must not take back a record
	// that somebody has chained onto.
	end := s.durable.Load()
	err := s.view(ctx, "reading feed", func(t *tx) error {
		if after >= end {
			return nil
		}
		c := t.Bucket(bFeed).Cursor()
		for k, v := c.Seek(U64(after + 1)); k != nil && len(out) < limit; k, v = c.Next() {
			r, err := decodeRecord(k, v)
			if err != nil {
				return err
			}
			if r.Pos > end {
				break
			}
			out = append(out, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (s *boltStore) Record(ctx context.Context, id ID) (r Record, err error) {
	end := s.durable.Load() // as Feed
	err = s.view(ctx, "reading record", func(t *tx) error {
		if r, err = t.at(id); err == nil && r.Pos > end {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return Record{}, err
	}
	return r, nil
}

func (s *boltStore) Object(ctx context.Context, r Record) ([]byte, error) {
	var object []byte
	err := s.view(ctx, "reading object", func(t *tx) error {
		v := t.get(bFeed, U64(r.Pos))
		if v == nil {
			return ErrNotFound
		}
		held, err := decodeRecord(U64(r.Pos), v)
		if err != nil {
			return err
		}
		if held.ID != r.ID {
			return ErrNotFound
		}
		object, err = t.object(held)
		return err
	})
	if err != nil {
		return nil, err
	}
	return object, nil
}

func (s *boltStore) FeedHead(ctx context.Context) (FeedHead, error) {
	var head FeedHead
	end := s.durable.Load()
	err := s.view(ctx, "reading feed", func(t *tx) error {
		head = FeedHead{Generation: t.gen, Pos: end}
		if end == 0 {
			return nil
		}
		r, err := t.record(end)
		head.Hash = r.Hash
		return err
	})
	if err != nil {
		return FeedHead{}, err
	}
	return head, nil
}
