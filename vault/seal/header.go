package seal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"

	"filippo.io/age"

	"peerwitness/vault"
)

const (
	x25519Size   = 32
	stanzaPrefix = "-> mlkem768x25519 "
)

// lowOrderPoints are the encodings, top bit cleared, of the X25519 points that
// give the all-zero secret with every key (RFC 7748 §7; the list is libsodium's).
var lowOrderPoints = [][x25519Size]byte{
	{},
	{1},
	{0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a,
		0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00},
	{0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b,
		0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86, 0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57},
	fieldPrime(0xec), fieldPrime(0xed), fieldPrime(0xee),
}

// fieldPrime is 2^255−19 with its lowest byte replaced: p−1, p and p+1.
func fieldPrime(low byte) (p [x25519Size]byte) {
	for i := range p {
		p[i] = 0xff
	}
	p[0], p[31] = low, 0x7f
	return p
}

// lowOrder tells whether no key can use the point.
func lowOrder(point []byte) bool {
	p := [x25519Size]byte(point)
	p[31] &= 0x7f
	for _, l := range lowOrderPoints {
		if p == l {
			return true
		}
	}
	return false
}

// checkStanzas refuses, before any identity is tried, stanzas that age could
// not unwrap for anybody. age stops at the first such stanza it meets, so
// without this a sender could make a file that opens for the people before it
// in the header and fails for those after. The header must have passed
// vault.ParseHeader.
func checkStanzas(file []byte, stanzas int) error {
	rest := file
	for n := range stanzas {
		at := bytes.Index(rest, []byte(stanzaPrefix))
		if at < 0 {
			return ErrShape
		}
		rest = rest[at+len(stanzaPrefix):]
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			return ErrShape
		}
		enc, err := base64.RawStdEncoding.DecodeString(string(rest[:end]))
		if err != nil || len(enc) < x25519Size || lowOrder(enc[len(enc)-x25519Size:]) {
			return fmt.Errorf("%w: stanza %d", ErrStanza, n+1)
		}
		rest = rest[end:]
	}
	return nil
}

// checkOne is for files with exactly one hybrid stanza: attachments, entries
// and grants.
func checkOne(file []byte) error {
	n, _, err := vault.ParseHeader(file)
	if err != nil {
		return shape(err)
	}
	if n != 1 {
		return fmt.Errorf("%w: %d stanzas where one belongs", ErrShape, n)
	}
	return checkStanzas(file, 1)
}

// shape turns vault's refusal into ErrShape or ErrTooLarge.
func shape(err error) error {
	if errors.Is(err, vault.ErrTooLarge) {
		return fmt.Errorf("%w: %v", ErrTooLarge, err)
	}
	return fmt.Errorf("%w: %v", ErrShape, err)
}

// encrypt seals plain to all recipients.
func encrypt(plain []byte, recipients ...age.Recipient) ([]byte, error) {
	var out bytes.Buffer
	out.Grow(len(plain) + len(plain)/4096 + 2048*len(recipients))
	w, err := age.Encrypt(&out, recipients...)
	if err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	if _, err := w.Write(plain); err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("sealing: %w", err)
	}
	return out.Bytes(), nil
}

// decrypt opens a file whose header was checked, to its end and no further
// than limit bytes of plaintext. Nothing is returned unless all of it verified.
func decrypt(file []byte, limit int, ids ...Identity) ([]byte, error) {
	as, err := parseIdentities(ids)
	if err != nil {
		return nil, err
	}
	return decryptWith(file, limit, as...)
}

func decryptWith(file []byte, limit int, ids ...age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(file), ids...)
	if err != nil {
		return nil, opening(err)
	}
	// The plaintext is shorter than the file, so one allocation is enough.
	plain := bytes.NewBuffer(make([]byte, 0, min(len(file), limit)+bytes.MinRead))
	n, err := plain.ReadFrom(&limited{r, int64(limit)})
	if errors.Is(err, ErrTooLarge) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: cut short or altered", ErrDamaged)
	}
	return plain.Bytes()[:n], nil
}

// opening sorts age's errors; they are not passed on, since they may quote
// what is in the file.
func opening(err error) error {
	var no *age.NoIdentityMatchError
	switch {
	case errors.As(err, &no):
		return ErrNotForUs
	case errors.Is(err, ErrIdentity):
		return ErrIdentity
	}
	return fmt.Errorf("%w: header does not verify", ErrDamaged)
}
