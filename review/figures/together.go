package figures

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

// People sign on their own computers and their signatures come together later.
// Each is checked before it is put beside the others, because one that is not
// good would spoil the whole.

// With adds a signature that somebody made elsewhere, after checking it by her
// key. ErrShape, ErrSignatures.
func (s SignedProgramme) With(sig Signature, key ed25519.PublicKey) (SignedProgramme, error) {
	sigs, err := joinSignature(s.Sigs, vault.LP(tagProgramme, []byte(s.Body)), sig, key)
	if err != nil {
		return SignedProgramme{}, fmt.Errorf("signing programme: %w", err)
	}
	return SignedProgramme{Body: s.Body, Sigs: sigs}, nil
}

// WithSignature adds to a release's body a signature that somebody made elsewhere,
// after checking it by her key, and the body as Open does. ErrShape, ErrFiles,
// ErrSignatures.
func WithSignature(body []byte, sig Signature, key ed25519.PublicKey) ([]byte, error) {
	_, files, sigs, err := Open(body)
	if err != nil {
		return nil, err
	}
	if sigs, err = joinSignature(sigs, statement(files), sig, key); err != nil {
		return nil, fmt.Errorf("signing release: %w", err)
	}
	return pack(files, sigs)
}

// SignatureOf makes a person's signature on a release's body by itself, to be
// put beside others later. What it is over does not depend on who signed before.
func SignatureOf(body []byte, by string, key ed25519.PrivateKey) (Signature, error) {
	signed, err := Sign(body, by, key)
	if err != nil {
		return Signature{}, err
	}
	_, sigs, err := unpack(signed)
	if err != nil {
		return Signature{}, err
	}
	return sigs[slices.IndexFunc(sigs, func(s Signature) bool { return s.By == by })], nil
}

// Signed is what holds of a release whichever version of this package made it: two
// people on r who may sign have signed every file. It returns what release.json
// says and who they are. Whether the files follow from it, by this version's own
// words and drawings, is for [Verify]. ErrShape, ErrSignatures, ErrSigners.
func Signed(body []byte, r *roster.Roster) (Release, []string, error) {
	files, sigs, err := unpack(body)
	if err != nil {
		return Release{}, nil, fmt.Errorf("opening release: %w", err)
	}
	if err := checkSigners(r, statement(files), sigs); err != nil {
		return Release{}, nil, fmt.Errorf("checking release: %w", err)
	}
	var release Release
	if err := roster.StrictJSON(files[0].Body); err != nil || json.Unmarshal(files[0].Body, &release) != nil {
		return Release{}, nil, fmt.Errorf("reading release: %w", ErrShape)
	}
	var by []string
	for _, s := range sigs {
		if p, ok := r.Person(s.By); ok && MaySign(p) {
			by = append(by, s.By)
		}
	}
	return release, by, nil
}

func joinSignature(sigs []Signature, statement []byte, sig Signature, key ed25519.PublicKey) ([]Signature, error) {
	if err := checkForm([]Signature{sig}); err != nil {
		return nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(sig.Sig)
	if err != nil || len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, statement, raw) {
		return nil, fmt.Errorf("%w: that of %s", ErrSignatures, sig.By)
	}
	out := slices.DeleteFunc(slices.Clone(sigs), func(s Signature) bool { return s.By == sig.By })
	out = append(out, sig)
	slices.SortFunc(out, func(a, b Signature) int { return strings.Compare(a.By, b.By) })
	if len(out) > maxSignatures {
		return nil, fmt.Errorf("%w: over %d signatures", ErrShape, maxSignatures)
	}
	return out, nil
}
