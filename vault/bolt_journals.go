package vault

import (
	"context"
	"errors"
	"fmt"
)

func (s *boltStore) Append(ctx context.Context, author string, a Append) (Appended, error) {
	const doing = "appending"
	if a.size() > MaxAppend {
		return Appended{}, fmt.Errorf("%s: %w: over %d bytes", doing, ErrTooLarge, MaxAppend)
	}
	it, err := newItem(KindAppend, AppendObject(a))
	if err != nil {
		return Appended{}, fmt.Errorf("%s: %w", doing, err)
	}
	got := Appended{ID: a.Entry.ID(), Seq: a.Entry.Seq}
	got.New, err = s.putItem(ctx, doing, author, it)
	if err != nil {
		return Appended{}, err
	}
	return got, nil
}

// putItem adds an object to the feed once, and tells whether this was the time.
func (s *boltStore) putItem(ctx context.Context, doing, author string, it *item) (bool, error) {
	if err := validAuthor(author); err != nil {
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	day := s.today()
	created := false
	err := s.write(ctx, doing, &op{size: len(it.object), run: func(t *tx) error {
		created = false
		if t.follows() {
			return ErrFollows
		}
		if it.kind == KindAppend && t.get(bErased, erasedKey('j', it.append.Entry.Journal)) != nil {
			return ErrErased // a repeat too: whoever keeps an old copy is told
		}
		if t.holds(it.id) {
			return nil
		}
		created = true
		_, err := t.put(author, day, it)
		return err
	}})
	return created && err == nil, err
}

func (s *boltStore) putObject(ctx context.Context, doing, author string, kind Kind, object []byte) error {
	it, err := newItem(kind, object)
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	_, err = s.putItem(ctx, doing, author, it)
	return err
}

func (s *boltStore) PutCertificate(ctx context.Context, author string, c Certificate) error {
	return s.putObject(ctx, "storing certificate", author, KindCertificate, CertificateObject(c))
}

func (s *boltStore) PutRevocation(ctx context.Context, author string, r Revocation) error {
	return s.putObject(ctx, "storing revocation", author, KindRevocation, RevocationObject(r))
}

func (s *boltStore) PutRoster(ctx context.Context, author string, version uint64, note []byte) error {
	const doing = "storing roster"
	it, err := newItem(KindRoster, RosterObject(note))
	if err == nil && it.version != version {
		err = fmt.Errorf("%w: note of version %d as version %d", ErrMalformed, it.version, version)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	_, err = s.putItem(ctx, doing, author, it)
	return err
}

func (s *boltStore) PutRelease(ctx context.Context, author string, former ID, body []byte) (ID, error) {
	object := ReleaseObject(Release{Former: former, Body: body})
	if err := s.putObject(ctx, "storing release", author, KindRelease, object); err != nil {
		return ID{}, err
	}
	return Sum(object), nil
}

func (s *boltStore) PutDocument(ctx context.Context, body []byte) (ID, error) {
	const doing = "storing document"
	if len(body) > MaxDocument {
		return ID{}, fmt.Errorf("%s: %w: over %d bytes", doing, ErrTooLarge, MaxDocument)
	}
	if len(body) == 0 {
		return ID{}, fmt.Errorf("%s: %w: empty", doing, ErrMalformed)
	}
	body = clone(body) // the caller may be gone before the commit
	sum := Sum(body)
	err := s.write(ctx, doing, &op{size: len(body), run: func(t *tx) error {
		if t.get(bDocuments, sum[:]) != nil {
			return nil
		}
		return t.write(bDocuments, sum[:], body)
	}})
	if err != nil {
		return ID{}, err
	}
	return sum, nil
}

func (s *boltStore) Head(ctx context.Context, journal ID) (Head, error) {
	var head Head
	err := s.view(ctx, "reading journal", func(t *tx) error {
		h, ok, err := t.journalHead(journal)
		if err == nil && !ok {
			err = t.absent(journal)
		}
		head = h
		return err
	})
	return head, err
}

func (s *boltStore) Appends(ctx context.Context, journal ID, from uint64) ([]Append, error) {
	var out []Append
	err := s.view(ctx, "reading journal", func(t *tx) error {
		head, ok, err := t.journalHead(journal)
		if err != nil {
			return err
		}
		if !ok {
			return t.absent(journal)
		}
		for seq := from; seq <= head.Seq; seq++ {
			if err := ctx.Err(); err != nil {
				return err
			}
			pos, err := parsePos(t.get(bSteps, stepKey(journal, seq)))
			if err != nil {
				return err
			}
			r, err := t.record(pos)
			if err != nil {
				return err
			}
			object, err := t.object(r)
			if err != nil {
				return err
			}
			a, err := ParseAppend(object)
			if err != nil {
				return errors.Join(ErrCorrupt, err)
			}
			out = append(out, a)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
