package roster

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// Signers is how many distinct people must sign what goes out in the
// organisation's name: programmes and releases of figures.
const Signers = 2

// MaxSigners bounds what a reader checks.
const MaxSigners = 8

// Sentinels of checking who signed.
var (
	ErrSignature = errors.New("a person's signature does not match")
	ErrSigners   = errors.New("not signed by two people who may sign")
)

// Signature is one person's, beside others.
type Signature struct {
	By  string `json:"by"`  // person id
	Sig string `json:"sig"` // base64
}

var personForm = regexp.MustCompile(`^p-[0-9a-f]{16}$`)

// MaySign reports whether a person may sign programmes and releases: keepers,
// leads, and those the community sent.
func MaySign(p Person) bool { return p.Has(Keeper) || p.Has(Lead) || p.Has(Community) }

// CheckSignatures checks the form of signatures without any key: sorted by
// person, nobody twice. ErrShape.
func CheckSignatures(sigs []Signature) error {
	if len(sigs) > MaxSigners {
		return fmt.Errorf("%w: over %d signatures", ErrShape, MaxSigners)
	}
	for i, s := range sigs {
		b, err := base64.StdEncoding.DecodeString(s.Sig)
		if err != nil || len(b) != ed25519.SignatureSize || base64.StdEncoding.EncodeToString(b) != s.Sig ||
			!personForm.MatchString(s.By) || i > 0 && s.By <= sigs[i-1].By {
			return fmt.Errorf("%w: signatures", ErrShape)
		}
	}
	return nil
}

// ParseSignatures reads signatures in their one spelling,
// [{"by":"p-…","sig":"<base64>"},…]. ErrShape.
func ParseSignatures(b []byte) ([]Signature, error) {
	if err := StrictJSON(b); err != nil {
		return nil, err
	}
	sigs := []Signature{}
	if json.Unmarshal(b, &sigs) != nil || sigs == nil {
		return nil, fmt.Errorf("%w: signatures", ErrShape)
	}
	if again, err := json.Marshal(sigs); err != nil || !bytes.Equal(again, b) {
		return nil, fmt.Errorf("%w: signatures in another spelling", ErrShape)
	}
	return sigs, CheckSignatures(sigs)
}

// CheckSigners checks that the signatures of those who may sign on r are good,
// and that two distinct people with distinct keys are among them. Others count
// for nothing: a role may have ended since. ErrShape, ErrSignature, ErrSigners.
func (r *Roster) CheckSigners(statement []byte, sigs []Signature) error {
	if err := CheckSignatures(sigs); err != nil {
		return err
	}
	keys := map[string]bool{}
	for _, s := range sigs {
		p, ok := r.Person(s.By)
		if !ok || !MaySign(p) {
			continue
		}
		key := p.Key()
		sig, err := base64.StdEncoding.DecodeString(s.Sig)
		if err != nil || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, statement, sig) {
			return fmt.Errorf("%w: that of %s", ErrSignature, s.By)
		}
		keys[string(key)] = true
	}
	if len(keys) < Signers {
		return fmt.Errorf("%w: %d of %d", ErrSigners, len(keys), Signers)
	}
	return nil
}
