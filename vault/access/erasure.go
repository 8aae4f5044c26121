package access

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// PutErasure erases a case by the public statement of two people, and tells
// whether that is new: the same again, at any time, is not. Both must work on
// cases now, be different people with different keys who were made out a grant
// of the journal's last epoch, and be the authors of its last two entries; the
// deposits must be all that it claimed. Whether those grants can be opened, the
// blind server can't tell. Why the case goes is not in the statement.
//
// vault.ErrNotFound, vault.ErrErased when another statement erased it,
// *vault.ConflictError when something was written since, vault.ErrMalformed,
// roster.ErrPerson, roster.ErrSignature, roster.ErrSigners.
func (s *Server) PutErasure(ctx context.Context, bearer string, object []byte) (created bool, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	p, err := s.may(ctx, bearer, actErase)
	if err != nil {
		return false, err
	}
	e, err := vault.ParseErasure(object)
	if err != nil {
		return false, err
	}
	o, err := s.store.Outline(ctx, e.Journal)
	switch {
	case errors.Is(err, vault.ErrErased): // only the same statement passes, and does nothing
	case err != nil:
		return false, err
	default:
		if err := s.checkErasure(ctx, e, o); err != nil {
			return false, err
		}
		release, err := s.keepPartners(ctx)
		if err != nil {
			return false, err
		}
		defer release()
	}
	return s.store.PutErasure(ctx, p.ID, e)
}

func (s *Server) checkErasure(ctx context.Context, e vault.Erasure, o vault.Outline) error {
	r, revoked, err := s.people.current(ctx)
	if err != nil {
		return err
	}
	if err := r.CheckErasure(e, func(person string) bool { return revoked[person] }); err != nil {
		return err
	}
	for _, sig := range e.Signed {
		if !slices.Contains(o.Held, sig.By) {
			return fmt.Errorf("checking erasure: %w: %s does not hold the case", roster.ErrSigners, sig.By)
		}
	}
	if o.Head.Seq != e.Seq+2 {
		return &vault.ConflictError{Head: o.Head}
	}
	if !slices.Equal(o.Claims, e.Deposits) {
		return fmt.Errorf("%w: erasure: not the deposits that the journal claimed", vault.ErrMalformed)
	}
	return nil
}

// mayEraseAgain checks a statement that a restored server may have had before.
// Where the journal's end is here it is checked as ever; where only its beginning
// is, both must have been made out its key by then, since anybody could name an end
// that never was. Where nothing of the journal is here, they must work at the desks
// of the deposits that are, or lead.
func (s *Server) mayEraseAgain(ctx context.Context, object []byte) error {
	e, err := vault.ParseErasure(object)
	if err != nil {
		return err
	}
	o, err := s.store.Outline(ctx, e.Journal)
	known := err == nil
	switch {
	case errors.Is(err, vault.ErrErased): // the store tells whether by this one
		return nil
	case known && o.Head.Seq >= e.Seq+2:
		return s.checkErasure(ctx, e, o)
	case !known && !errors.Is(err, vault.ErrNotFound):
		return err
	case known && len(o.Claims) == 0: // no case: figures, or a sign to a restricted one
		return fmt.Errorf("%w: erasure: of a journal that claimed nothing", vault.ErrMalformed)
	}
	r, revoked, err := s.people.current(ctx)
	if err != nil {
		return err
	}
	if err := r.CheckErasure(e, func(person string) bool { return revoked[person] }); err != nil {
		return err
	}
	unseen := func(person string) error {
		return fmt.Errorf("checking erasure: %w: %s can't be seen to hold the case", roster.ErrSigners, person)
	}
	if known {
		for _, sig := range e.Signed {
			if !slices.Contains(o.Held, sig.By) {
				return unseen(sig.By)
			}
		}
		return nil
	}
	for _, id := range e.Deposits {
		d, _, err := s.store.Deposit(ctx, id)
		if errors.Is(err, vault.ErrNotFound) {
			continue // nothing of it is here
		}
		if err != nil {
			return err
		}
		desk, _ := r.Desk(d.Desk)
		for _, sig := range e.Signed {
			if p, _ := r.Person(sig.By); !desk.Has(sig.By) && !p.Has(roster.Lead) {
				return unseen(sig.By)
			}
		}
	}
	return nil
}
