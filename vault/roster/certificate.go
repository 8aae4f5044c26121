package roster

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"peerwitness/vault"
)

// CertificateDays is how long after its first day a certificate is good.
const CertificateDays = 45

// aheadDays is how far ahead of the reader's clock the first day of a
// certificate may be for it to be used at all.
const aheadDays = 2

// Certificate says that reports for a person may be sealed to a recipient for a
// while. Marshalled, it is the JSON that is served.
type Certificate struct {
	Person    string `json:"person"`
	Epoch     uint32 `json:"epoch"` // year·100 + month of From
	Recipient string `json:"recipient"`
	From      string `json:"from"`  // first day
	Until     string `json:"until"` // last day
	Sig       string `json:"sig"`
}

func (c Certificate) statement() []byte {
	return vault.LP("peerwitness/certificate/v1", []byte(c.Person), vault.U32(c.Epoch),
		[]byte(c.Recipient), []byte(c.From), []byte(c.Until))
}

// NewCertificate makes the certificate of person for recipient, good from the
// day of from, UTC, to 45 days later, in the epoch of from's month, and signs it
// with her roster signing key. ErrShape.
func NewCertificate(person, recipient string, from time.Time, key ed25519.PrivateKey) (Certificate, error) {
	first := from.UTC()
	c := Certificate{
		Person:    person,
		Epoch:     epochOf(first),
		Recipient: recipient,
		From:      day(first),
		Until:     day(first.AddDate(0, 0, CertificateDays)),
	}
	if len(key) != ed25519.PrivateKeySize {
		return Certificate{}, errors.New("making certificate: no signing key")
	}
	if !validPerson(person) {
		return Certificate{}, fmt.Errorf("making certificate: %w: person id", ErrShape)
	}
	if y := first.Year(); y < 1970 || y > 9998 {
		return Certificate{}, fmt.Errorf("making certificate: %w: the clock says year %d", ErrShape, y)
	}
	if err := CheckRecipient(recipient); err != nil {
		return Certificate{}, fmt.Errorf("making certificate: %w", err)
	}
	c.Sig = base64.StdEncoding.EncodeToString(ed25519.Sign(key, c.statement()))
	return c, nil
}

func epochOf(t time.Time) uint32 { return uint32(t.Year()*100 + int(t.Month())) }

// CheckCertificate reads a certificate and checks its form, that its person is
// on the roster and that her roster key signed it. Whether it is current is for
// [Choose]. ErrShape, ErrPerson, ErrSignatures.
func (r *Roster) CheckCertificate(b []byte) (Certificate, error) {
	c, err := r.checkCertificate(b)
	if err != nil {
		return Certificate{}, fmt.Errorf("checking certificate: %w", err)
	}
	return c, nil
}

func (r *Roster) checkCertificate(b []byte) (Certificate, error) {
	if len(b) > vault.MaxCertificate {
		return Certificate{}, fmt.Errorf("%w: over %d bytes", ErrShape, vault.MaxCertificate)
	}
	n, err := document(b, "certificate")
	if err != nil {
		return Certificate{}, err
	}
	c := Certificate{
		Person:    n.get("person").person(),
		Epoch:     uint32(n.get("epoch").whole(1, 999912)),
		Recipient: n.get("recipient").recipient(),
		From:      n.get("from").day(),
		Until:     n.get("until").day(),
	}
	var sig []byte
	c.Sig, sig = n.get("sig").bytes(ed25519.SignatureSize)
	if *n.err != nil {
		return Certificate{}, *n.err
	}
	from, err := time.Parse(time.DateOnly, c.From)
	if err != nil {
		return Certificate{}, fmt.Errorf("%w: first day", ErrShape)
	}
	if c.Epoch != epochOf(from) {
		return Certificate{}, fmt.Errorf("%w: epoch is not the month of its first day", ErrShape)
	}
	if c.Until != day(from.AddDate(0, 0, CertificateDays)) {
		return Certificate{}, fmt.Errorf("%w: last day is not %d days after the first", ErrShape, CertificateDays)
	}
	p, ok := r.Person(c.Person)
	if !ok {
		return Certificate{}, ErrPerson
	}
	key := p.Key()
	if key == nil || !ed25519.Verify(key, c.statement(), sig) {
		return Certificate{}, ErrSignatures
	}
	return c, nil
}

// Choose returns which of one person's checked certificates to seal to: the
// highest epoch of those good today, UTC (current is true then), or else the
// highest epoch of all whose first day is not more than two days ahead. Of two
// in one epoch the later first day wins, then the recipient lower in byte order.
// ok is false when there is none: that person can't be sealed to.
func Choose(certs []Certificate, now time.Time) (c Certificate, current, ok bool) {
	today := day(now)
	limit := day(now.UTC().AddDate(0, 0, aheadDays))
	for _, d := range certs {
		if d.From > limit {
			continue
		}
		good := d.From <= today && today <= d.Until
		if !ok || good && !current || good == current && d.supersedes(c) {
			c, current, ok = d, good, true
		}
	}
	return c, current, ok
}

func (c Certificate) supersedes(o Certificate) bool {
	if c.Epoch != o.Epoch {
		return c.Epoch > o.Epoch
	}
	if c.From != o.From {
		return c.From > o.From
	}
	return c.Recipient < o.Recipient
}
