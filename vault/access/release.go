package access

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// PutRelease publishes a release object and tells whether it is new: the same
// again is not. What can be seen of it from outside is checked: the container,
// that two people who may sign it did and are not revoked, that release.json is
// strict JSON of the organisation that the roster names, and that it says itself
// which release it follows. So nobody alone can put something up in the
// organisation's name, or spoil the chain. What the figures are worth is for the
// gate on the workstation and for whoever verifies.
// *vault.FormerError, vault.ErrMalformed, vault.ErrTooLarge, roster.ErrSignature,
// roster.ErrSigners.
func (s *Server) PutRelease(ctx context.Context, bearer string, object []byte) (id vault.ID, created bool, err error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	p, err := s.may(ctx, bearer, actRelease)
	if err != nil {
		return vault.ID{}, false, err
	}
	release, err := vault.ParseRelease(object)
	if err != nil {
		return vault.ID{}, false, err
	}
	s.releasing.Lock()
	defer s.releasing.Unlock()
	id = vault.Sum(object)
	if _, err := s.store.Release(ctx, id); err == nil {
		return id, false, nil
	} else if !errors.Is(err, vault.ErrNotFound) {
		return vault.ID{}, false, err
	}
	if err := s.checkRelease(ctx, release); err != nil {
		return vault.ID{}, false, err
	}
	if _, err := s.store.PutRelease(ctx, p.ID, release.Former, release.Body); err != nil {
		return vault.ID{}, false, err
	}
	return id, true, nil
}

func (s *Server) checkRelease(ctx context.Context, release vault.Release) error {
	raw, files, err := vault.UnpackRelease(release.Body)
	if err != nil {
		return err
	}
	sigs, err := roster.ParseSignatures(raw)
	if err != nil {
		return fmt.Errorf("%w: release: signatures", vault.ErrMalformed)
	}
	if err := roster.StrictJSON(files[0].Body); err != nil {
		return fmt.Errorf("%w: release: not strict JSON", vault.ErrMalformed)
	}
	says, err := vault.GlanceRelease(release.Body)
	if err != nil {
		return err
	}
	r, revoked, err := s.people.current(ctx)
	if err != nil {
		return err
	}
	sigs = slices.DeleteFunc(sigs, func(s roster.Signature) bool { return revoked[s.By] })
	if err := r.CheckSigners(vault.ReleaseStatement(files), sigs); err != nil {
		return fmt.Errorf("%w: release: %w", vault.ErrMalformed, err)
	}
	if says.Organisation != r.Organisation {
		return fmt.Errorf("%w: release: of another organisation", vault.ErrMalformed)
	}
	if !says.Follows(release.Former) {
		return fmt.Errorf("%w: release: it names another former one than it is sent after", vault.ErrMalformed)
	}
	return nil
}
