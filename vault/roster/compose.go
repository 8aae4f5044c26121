package roster

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"peerwitness/vault"
)

// Compose returns the text of r, two lines without any signature, in the exact
// form that is signed. It refuses what no reader would take. ErrShape.
func Compose(r *Roster) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(firstLine)
	e := json.NewEncoder(&b) // ends the line, as the format wants it
	e.SetEscapeHTML(false)
	if err := e.Encode(r.withoutNil()); err != nil {
		return nil, fmt.Errorf("composing roster: %w", err)
	}
	if _, err := readText(b.Bytes()); err != nil {
		return nil, fmt.Errorf("composing roster: %w", err)
	}
	return b.Bytes(), nil
}

// readText reads a roster's text, to which nothing may be added.
func readText(b []byte) (*Roster, error) {
	_, line, rest, err := splitText(b)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%w: something follows the two lines", ErrShape)
	}
	return readRoster(line)
}

// withoutNil returns a copy in which every list that JSON would write as null
// is an empty one.
func (r *Roster) withoutNil() *Roster {
	c := *r
	c.Roots = orEmpty(r.Roots)
	c.Desks = append([]Desk{}, r.Desks...)
	c.Regions = append([]Region{}, r.Regions...)
	c.People = append([]Person{}, r.People...)
	if c.Texts == nil {
		c.Texts = map[string]string{}
	}
	for i, d := range c.Desks {
		d.Topics, d.Regions, d.People = orEmpty(d.Topics), orEmpty(d.Regions), orEmpty(d.People)
		c.Desks[i] = d
	}
	for i := range c.Regions {
		c.Regions[i].Parts = orEmpty(c.Regions[i].Parts)
	}
	for i := range c.People {
		c.People[i].Roles = orEmpty(c.People[i].Roles)
	}
	return &c
}

func orEmpty[E any](s []E) []E {
	if s == nil {
		return []E{}
	}
	return s
}

// Sign adds one root's signature to b, which is a text that [Compose] returned
// or a note that other roots have signed already, and returns the note. It reads
// b first as any reader would, so that nobody signs a roster that nobody will
// take, or joins signatures that don't match; it does not ask for the threshold.
// A root signing again replaces its former signature. ErrShape, ErrSignatures,
// or an error that never quotes the signer.
func Sign(b []byte, signer string) ([]byte, error) {
	s, err := note.NewSigner(signer)
	if err != nil || !validRootName(s.Name()) {
		return nil, errors.New("signing roster: the root's private key can't be read")
	}
	n, err := partlySigned(b)
	if err != nil {
		return nil, fmt.Errorf("signing roster: %w", err)
	}
	out, err := note.Sign(n, s)
	if err != nil {
		return nil, errors.New("signing roster: the root key did not sign")
	}
	if len(out) > vault.MaxNote {
		return nil, fmt.Errorf("signing roster: %w: over %d bytes with this signature", ErrShape, vault.MaxNote)
	}
	return out, nil
}

// partlySigned reads a text or a note with any number of signatures.
func partlySigned(b []byte) (*note.Note, error) {
	text, line, rest, err := splitText(b)
	if err != nil {
		return nil, err
	}
	r, err := readRoster(line)
	if err != nil {
		return nil, err
	}
	n := &note.Note{Text: string(text)}
	if len(rest) == 0 {
		return n, nil
	}
	sigs, err := splitSignatures(rest)
	if err != nil {
		return nil, err
	}
	keys, err := parseRoots(r.Roots)
	if err != nil {
		return nil, err
	}
	if _, err := signers(text, sigs, keys); err != nil {
		return nil, err
	}
	for _, s := range sigs {
		n.UnverifiedSigs = append(n.UnverifiedSigs, note.Signature{Name: s.name, Hash: s.hash, Base64: s.base64})
	}
	return n, nil
}

// NewRoot makes a root key from the system's random source: signer is private,
// verifier goes into rosters. The name is public, 1 to 80 characters of ASCII
// without space and plus.
func NewRoot(name string) (signer, verifier string, err error) {
	if !validRootName(name) {
		return "", "", fmt.Errorf("making root key: its name must be 1 to %d plain characters without space and plus", maxRootName)
	}
	signer, verifier, err = note.GenerateKey(rand.Reader, name)
	if err != nil {
		return "", "", fmt.Errorf("making root key: %w", err)
	}
	return signer, verifier, nil
}
