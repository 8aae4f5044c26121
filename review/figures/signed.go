package figures

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"peerwitness/vault"
	"peerwitness/vault/roster"
)

const tagProgramme = "peerwitness/programme/v1"

// Signers is how many distinct people must sign a programme or a release.
const Signers = roster.Signers

// maxSignatures bounds what a reader checks.
const maxSignatures = roster.MaxSigners

// Sentinels of checking who signed.
var (
	ErrSignatures = roster.ErrSignature
	ErrSigners    = roster.ErrSigners
)

// Signature is one person's.
type Signature = roster.Signature

// MaySign reports whether a person may sign programmes and releases.
func MaySign(p roster.Person) bool { return roster.MaySign(p) }

// addSignature signs statement and puts the signature in its place: sorted by
// person, nobody twice.
func addSignature(sigs []Signature, statement []byte, by string, key ed25519.PrivateKey) ([]Signature, error) {
	if len(key) != ed25519.PrivateKeySize || !personForm.MatchString(by) {
		return nil, errors.New("no signing key or no person id")
	}
	out := slices.DeleteFunc(slices.Clone(sigs), func(s Signature) bool { return s.By == by })
	out = append(out, Signature{By: by, Sig: base64.StdEncoding.EncodeToString(ed25519.Sign(key, statement))})
	slices.SortFunc(out, func(a, b Signature) int { return strings.Compare(a.By, b.By) })
	if len(out) > maxSignatures {
		return nil, fmt.Errorf("%w: over %d signatures", ErrShape, maxSignatures)
	}
	return out, nil
}

// checkForm checks a list of signatures without any key. ErrShape.
func checkForm(sigs []Signature) error {
	if err := roster.CheckSignatures(sigs); err != nil {
		return fmt.Errorf("%w: signatures", ErrShape)
	}
	return nil
}

// checkSigners checks that every signature is good and that two distinct people
// with distinct keys, who may sign on r, made them. ErrShape, ErrSignatures, ErrSigners.
func checkSigners(r *roster.Roster, statement []byte, sigs []Signature) error {
	if err := checkForm(sigs); err != nil {
		return err
	}
	return r.CheckSigners(statement, sigs)
}

// SignedProgramme is a programme and who signed its exact text:
// {"body":"<programme JSON>","sigs":[{"by":"p-…","sig":"<base64>"}]}, each over
// lp("peerwitness/programme/v1") lp(body).
type SignedProgramme struct {
	Body string      `json:"body"`
	Sigs []Signature `json:"sigs"`
}

// SignProgramme adds a person's signature to a programme that is still unsigned
// or signed by others.
func SignProgramme(s SignedProgramme, by string, key ed25519.PrivateKey) (SignedProgramme, error) {
	if _, err := ParseProgramme([]byte(s.Body)); err != nil {
		return SignedProgramme{}, fmt.Errorf("signing programme: %w", err)
	}
	sigs, err := addSignature(s.Sigs, vault.LP(tagProgramme, []byte(s.Body)), by, key)
	if err != nil {
		return SignedProgramme{}, fmt.Errorf("signing programme: %w", err)
	}
	return SignedProgramme{Body: s.Body, Sigs: sigs}, nil
}

// Check returns the programme when two people on r who may sign have signed it.
// ErrShape, ErrSignatures, ErrSigners.
func (s SignedProgramme) Check(r *roster.Roster) (Programme, error) {
	p, err := ParseProgramme([]byte(s.Body))
	if err != nil {
		return Programme{}, err
	}
	if err := checkSigners(r, vault.LP(tagProgramme, []byte(s.Body)), s.Sigs); err != nil {
		return Programme{}, fmt.Errorf("checking programme: %w", err)
	}
	return p, nil
}
