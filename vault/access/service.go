package access

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"peerwitness/vault"
	"peerwitness/vault/codebook"
	"peerwitness/vault/roster"
)

// Feed returns where the bearer's feed ends, and up to limit of the records
// after position after, as they are in it and as the store has them: their
// objects are read one by one with Server.Object. The two differ for partners, whose
// feed is their own.
func (s *Server) Feed(ctx context.Context, bearer string, after uint64, limit int) (head vault.FeedHead, shown, stored []vault.Record, own bool, err error) {
	p, err := s.may(ctx, bearer, actFeed)
	if err != nil {
		return vault.FeedHead{}, nil, nil, false, err
	}
	if onlyPartner(p) {
		head, shown, stored, err = s.partnerRecords(ctx, p.ID, after, min(limit, maxFeedItems))
		return head, shown, stored, true, err
	}
	if head, err = s.store.FeedHead(ctx); err != nil {
		return vault.FeedHead{}, nil, nil, false, fmt.Errorf("reading head of feed: %w", err)
	}
	if after >= head.Pos {
		return head, nil, nil, false, nil
	}
	left := head.Pos - after
	records, err := s.store.Feed(ctx, after, int(min(uint64(max(limit, 0)), left, maxFeedItems)))
	if err != nil {
		return vault.FeedHead{}, nil, nil, false, fmt.Errorf("reading feed: %w", err)
	}
	return head, records, records, false, nil
}

// Object returns the object of a record that Feed returned as the store has it,
// or what stands in its place in the bearer's feed where it was taken away: who
// took it is then named by its place there.
func (s *Server) Object(ctx context.Context, bearer string, stored vault.Record) ([]byte, error) {
	object, err := s.store.Object(ctx, stored)
	var gone *vault.GoneError
	if !errors.As(err, &gone) {
		return object, err
	}
	p, err := s.may(ctx, bearer, actFeed)
	by := gone.By
	if err == nil && onlyPartner(p) {
		by, err = s.partnerPlace(ctx, p.ID, by)
	}
	if err != nil {
		return nil, err
	}
	return vault.GoneObject(by), nil
}

// Blob returns a blob's bytes; to a partner those of a case that is hers,
// vault.ErrNotFound for all others.
func (s *Server) Blob(ctx context.Context, bearer string, sum vault.ID) ([]byte, error) {
	p, err := s.may(ctx, bearer, actBlob)
	if err == nil && onlyPartner(p) {
		err = s.partnerBlob(ctx, p.ID, sum)
	}
	if err != nil {
		return nil, err
	}
	return s.store.Blob(ctx, sum)
}

// Append commits an append object as the bearer's. Which journal a keeper may
// write to is for its readers, but one who is neither advocate nor lead claims
// no reports, answers nobody and gives no partner a key: ErrRole. So is what a
// partner writes anywhere but in a case that is hers. Other errors are those of
// vault.Journaler.Append.
func (s *Server) Append(ctx context.Context, bearer string, object []byte) (vault.Appended, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	p, err := s.may(ctx, bearer, actAppend)
	if err != nil {
		return vault.Appended{}, err
	}
	a, err := vault.ParseAppend(object)
	if err != nil {
		return vault.Appended{}, err
	}
	if onlyPartner(p) {
		if err := s.partnerMayAppend(ctx, p.ID, a); err != nil {
			return vault.Appended{}, err
		}
	} else if !p.Has(roster.Advocate) && !p.Has(roster.Lead) {
		gives, err := s.givesPartner(ctx, a)
		if err != nil {
			return vault.Appended{}, err
		}
		if len(a.Claims)+len(a.Replies) > 0 || gives {
			return vault.Appended{}, ErrRole
		}
	}
	return s.store.Append(ctx, p.ID, a)
}

// PutCertificate publishes the bearer's own certificate. vault.ErrMalformed
// when it is not hers or does not verify, vault.ErrConflict when she has
// another one for the epoch.
func (s *Server) PutCertificate(ctx context.Context, bearer string, json []byte) error {
	s.gate.RLock()
	defer s.gate.RUnlock()
	p, err := s.may(ctx, bearer, actCertificate)
	if err != nil {
		return err
	}
	r, _, err := s.people.current(ctx)
	if err != nil {
		return err
	}
	c, err := r.CheckCertificate(json)
	if err != nil {
		return fmt.Errorf("%w: certificate does not verify", vault.ErrMalformed)
	}
	if c.Person != p.ID {
		return ErrRole
	}
	return s.store.PutCertificate(ctx, p.ID, vault.Certificate{Person: c.Person, Epoch: c.Epoch, JSON: json})
}

// PutRevocation publishes a revocation that the bearer, a lead, signed. The
// revoked person's sessions end before it returns.
func (s *Server) PutRevocation(ctx context.Context, bearer string, json []byte) error {
	s.gate.Lock()
	defer s.gate.Unlock()
	p, err := s.may(ctx, bearer, actRevoke)
	if err != nil {
		return err
	}
	r, _, err := s.people.current(ctx)
	if err != nil {
		return err
	}
	v, err := r.CheckRevocation(json)
	if err != nil {
		return fmt.Errorf("%w: revocation does not verify", vault.ErrMalformed)
	}
	if v.By != p.ID {
		return ErrRole
	}
	if err := s.store.PutRevocation(ctx, p.ID, vault.Revocation{Person: v.Person, JSON: json}); err != nil {
		return err
	}
	if err := s.store.DeleteSessions(ctx, v.Person); err != nil {
		return fmt.Errorf("ending sessions: %w", err)
	}
	return nil
}

// PutRoster makes note the current roster, if it follows from the one held
// (PROTOCOL.md §3) and the store has the codebook and texts it names. Sessions
// of those who left, or whose signing key changed, end before it returns.
func (s *Server) PutRoster(ctx context.Context, bearer string, note []byte) error {
	s.gate.Lock()
	defer s.gate.Unlock()
	p, err := s.may(ctx, bearer, actRoster)
	if err != nil {
		return err
	}
	held, _, err := s.people.current(ctx)
	if err != nil {
		return err
	}
	if slices.Equal(held.Note, note) {
		return nil
	}
	next, err := roster.Adopt(held, note, "", s.clock())
	if errors.Is(err, roster.ErrOlder) {
		return fmt.Errorf("%w: roster", vault.ErrOld)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", vault.ErrMalformed, err)
	}
	if err := HoldsDocuments(ctx, s.store, next); err != nil {
		return err
	}
	if err := s.store.PutRoster(ctx, p.ID, next.Version, note); err != nil {
		return err
	}
	for _, was := range held.People {
		if is, ok := next.Person(was.ID); !ok || is.Signing != was.Signing {
			if err := s.store.DeleteSessions(ctx, was.ID); err != nil {
				return fmt.Errorf("ending sessions: %w", err)
			}
		}
	}
	return nil
}

// PutDocument stores a codebook or a text for a roster to come.
func (s *Server) PutDocument(ctx context.Context, bearer string, body []byte) (vault.ID, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	if _, err := s.may(ctx, bearer, actDocument); err != nil {
		return vault.ID{}, err
	}
	return s.store.PutDocument(ctx, body)
}

// HoldsDocuments returns nil when the store has the codebook and every text
// that r names; without them no phone could show a form. vault.ErrNotFound.
func HoldsDocuments(ctx context.Context, store vault.Reader, r *roster.Roster) error {
	names := map[string]string{"codebook": r.Codebook}
	for lang, hash := range r.Texts {
		names["text "+lang] = hash
	}
	for what, hash := range names {
		b, err := document(ctx, store, what, hash)
		if err != nil {
			return err
		}
		if what == "codebook" {
			continue
		}
		if _, err := codebook.ParseTexts(b, strings.TrimPrefix(what, "text ")); errors.Is(err, codebook.ErrUnreviewed) {
			return fmt.Errorf("%w: %v", vault.ErrMalformed, err)
		}
		sounds, err := codebook.Sounds(b)
		if err != nil {
			continue // what a phone makes of its words is for the phone to say
		}
		for _, hash := range sounds {
			if _, err := document(ctx, store, "recording for the "+what, hash); err != nil {
				return err
			}
		}
	}
	return nil
}

func document(ctx context.Context, store vault.Reader, what, hash string) ([]byte, error) {
	id, err := vault.ParseID(hash)
	if err != nil {
		return nil, fmt.Errorf("%w: hash of %s", vault.ErrMalformed, what)
	}
	b, err := store.Document(ctx, id)
	if errors.Is(err, vault.ErrNotFound) {
		return nil, fmt.Errorf("%w: the roster's %s: store it before the roster", vault.ErrNotFound, what)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", what, err)
	}
	return b, nil
}
