package roster

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"

	"peerwitness/vault"
)

// Revocation is one lead's statement that a person is out, from now on. It can
// only subtract. It outlives the roster it was made under: who is to come back
// gets a new person id. Marshalled, it is the JSON that is served.
type Revocation struct {
	Person string `json:"person"`
	Roster string `json:"roster"` // hex hash of the note the lead held
	By     string `json:"by"`
	Heads  string `json:"heads"` // hex hash of the feed's head the lead saw
	Sig    string `json:"sig"`
}

func (v Revocation) statement() []byte {
	return vault.LP("peerwitness/revocation/v1", []byte(v.Person), []byte(v.Roster), []byte(v.By), []byte(v.Heads))
}

// NewRevocation makes a revocation of person by a lead, who signs it with her
// roster signing key. roster is the hash of the note she holds, head that of the
// last feed record she saw (the zero ID for none). ErrShape.
func NewRevocation(person string, roster vault.ID, by string, head vault.ID, key ed25519.PrivateKey) (Revocation, error) {
	if len(key) != ed25519.PrivateKeySize {
		return Revocation{}, errors.New("making revocation: no signing key")
	}
	if !validPerson(person) || !validPerson(by) {
		return Revocation{}, fmt.Errorf("making revocation: %w: person id", ErrShape)
	}
	v := Revocation{Person: person, Roster: roster.String(), By: by, Heads: head.String()}
	v.Sig = base64.StdEncoding.EncodeToString(ed25519.Sign(key, v.statement()))
	return v, nil
}

// CheckRevocation reads a revocation and checks its form, that whoever signed it
// is a lead of this roster, and her signature. The revoked person need not be on
// the roster any more. ErrShape, ErrPerson, ErrSignatures.
func (r *Roster) CheckRevocation(b []byte) (Revocation, error) {
	v, err := r.checkRevocation(b)
	if err != nil {
		return Revocation{}, fmt.Errorf("checking revocation: %w", err)
	}
	return v, nil
}

func (r *Roster) checkRevocation(b []byte) (Revocation, error) {
	if len(b) > vault.MaxRevocation {
		return Revocation{}, fmt.Errorf("%w: over %d bytes", ErrShape, vault.MaxRevocation)
	}
	n, err := document(b, "revocation")
	if err != nil {
		return Revocation{}, err
	}
	v := Revocation{
		Person: n.get("person").person(),
		Roster: n.get("roster").hash(),
		By:     n.get("by").person(),
		Heads:  n.get("heads").hash(),
	}
	var sig []byte
	v.Sig, sig = n.get("sig").bytes(ed25519.SignatureSize)
	if *n.err != nil {
		return Revocation{}, *n.err
	}
	lead, ok := r.Person(v.By)
	if !ok || !lead.Has(Lead) {
		return Revocation{}, ErrPerson
	}
	key := lead.Key()
	if key == nil || !ed25519.Verify(key, v.statement(), sig) {
		return Revocation{}, ErrSignatures
	}
	return v, nil
}

// Revoked reports whether one of the checked revocations is of that person.
func Revoked(revs []Revocation, person string) bool {
	return slices.ContainsFunc(revs, func(v Revocation) bool { return v.Person == person })
}

// Without returns the roster as it stands once the checked revocations are
// applied: whoever is revoked is at no desk and has no role. She stays among the
// people, because what she signed before is still hers. A desk may be left
// without anybody. r itself does not change.
func (r *Roster) Without(revs []Revocation) *Roster {
	c := *r
	c.Desks, c.People = slices.Clone(r.Desks), slices.Clone(r.People)
	for i := range c.Desks {
		c.Desks[i].People = slices.DeleteFunc(slices.Clone(c.Desks[i].People),
			func(p string) bool { return Revoked(revs, p) })
	}
	for i := range c.People {
		if Revoked(revs, c.People[i].ID) {
			c.People[i].Roles = []string{}
		}
	}
	return &c
}
