package roster

import (
	"encoding/json"
	"fmt"
	"time"
)

// Limits on a desk's sheet.
const (
	maxSheet      = 16 << 20
	maxSheetItems = 4096
)

// Sheet is what the server hands out for one desk. Nothing in it is checked yet.
type Sheet struct {
	Desk         string            `json:"desk"`
	Certificates []json.RawMessage `json:"certificates"`
	Revocations  []json.RawMessage `json:"revocations"`
}

// Opener is one of a desk's people, as somebody about to seal sees her.
type Opener struct {
	Person Person
	// Certificate is what to seal to. Its Recipient is empty when she can't be
	// sealed to: she is revoked, or nobody has seen a certificate of hers.
	Certificate Certificate
	Current     bool // the certificate is good today
	Revoked     bool
}

// ParseSheet reads a desk's sheet as it was served, in the strict form of
// [StrictJSON]. ErrShape.
func ParseSheet(b []byte) (Sheet, error) {
	if len(b) > maxSheet {
		return Sheet{}, fmt.Errorf("reading desk sheet: %w: over %d bytes", ErrShape, maxSheet)
	}
	n, err := document(b, "sheet")
	if err != nil {
		return Sheet{}, fmt.Errorf("reading desk sheet: %w", err)
	}
	n.get("desk").slug()
	n.get("certificates").list(maxSheetItems)
	n.get("revocations").list(maxSheetItems)
	if *n.err != nil {
		return Sheet{}, fmt.Errorf("reading desk sheet: %w", *n.err)
	}
	var s Sheet
	if err := json.Unmarshal(b, &s); err != nil {
		return Sheet{}, fmt.Errorf("reading desk sheet: %w: %w", ErrShape, err)
	}
	return s, nil
}

// Openers returns the desk's people in the roster's order, each with what to
// seal to today, UTC. What in the sheet doesn't pass its check counts for
// nothing and comes back in refused, so that one bad item from a server neither
// stops a report nor goes unseen. ErrShape when the sheet is another desk's or
// the roster has no such desk.
func (r *Roster) Openers(desk string, s Sheet, now time.Time) (openers []Opener, refused []error, err error) {
	d, ok := r.Desk(desk)
	if !ok || s.Desk != desk {
		return nil, nil, fmt.Errorf("reading desk sheet: %w: not of the desk asked for", ErrShape)
	}
	var revs []Revocation
	for _, b := range s.Revocations {
		v, err := r.CheckRevocation(b)
		if err != nil {
			refused = append(refused, err)
			continue
		}
		revs = append(revs, v)
	}
	certs := make(map[string][]Certificate)
	for _, b := range s.Certificates {
		c, err := r.CheckCertificate(b)
		if err != nil {
			refused = append(refused, err)
			continue
		}
		certs[c.Person] = append(certs[c.Person], c)
	}
	for _, id := range d.People {
		p, ok := r.Person(id)
		if !ok {
			continue // never on a parsed roster
		}
		o := Opener{Person: p, Revoked: Revoked(revs, id)}
		if !o.Revoked {
			o.Certificate, o.Current, _ = Choose(certs[id], now)
		}
		openers = append(openers, o)
	}
	return openers, refused, nil
}
