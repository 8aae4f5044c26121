package roster

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"peerwitness/vault"
)

// SignErasure is a person's signature under an erasure.
func SignErasure(e vault.Erasure, key ed25519.PrivateKey) (sig [64]byte, err error) {
	if len(key) != ed25519.PrivateKeySize {
		return sig, errors.New("signing erasure: no signing key")
	}
	return [64]byte(ed25519.Sign(key, e.Statement())), nil
}

// CheckErasure checks that two different people signed an erasure who work on
// cases by this roster and are not out. Whether they hold that case is for who
// knows its grants. ErrPerson, ErrSignature, ErrSigners.
func (r *Roster) CheckErasure(e vault.Erasure, out func(person string) bool) error {
	keys := map[string]bool{}
	for _, s := range e.Signed {
		p, ok := r.Person(s.By)
		if !ok || !p.Has(Advocate) && !p.Has(Lead) || out(s.By) {
			return fmt.Errorf("checking erasure: %w: %s", ErrPerson, s.By)
		}
		key := p.Key()
		if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, e.Statement(), s.Sig[:]) {
			return fmt.Errorf("checking erasure: %w: that of %s", ErrSignature, s.By)
		}
		keys[string(key)] = true
	}
	if len(keys) < Signers {
		return fmt.Errorf("checking erasure: %w: %d of %d", ErrSigners, len(keys), Signers)
	}
	return nil
}
